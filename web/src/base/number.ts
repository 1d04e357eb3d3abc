// Numbers for reading.
const grouped = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** Yuan with its separators: 1,234,567.50 */
export const moneyText = (yuan: number) => grouped.format(yuan)
/** Without the noise of binary fractions. */
export const numberText = (n: number) => String(Number(n.toPrecision(10)))

export function sizeText(bytes: number) {
    // In thousands, as the packs write limits: 20MB is 20,000,000.
    if (bytes < 1000) return `${bytes} B`
    if (bytes < 999_500) return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} KB`
    return `${Number((bytes / 1e6).toFixed(1))} MB`
}
