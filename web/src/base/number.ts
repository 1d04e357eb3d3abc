// Numbers for reading.
const grouped = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** Yuan with its separators: 1,234,567.50 */
export const moneyText = (yuan: number) => grouped.format(yuan)
/** Without the noise of binary fractions. */
export const numberText = (n: number) => String(Number(n.toPrecision(10)))

export function sizeText(bytes: number) {
    if (bytes < 1024) return `${bytes} B`
    const kib = bytes / 1024
    return kib < 1024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KB` : `${(kib / 1024).toFixed(1)} MB`
}
