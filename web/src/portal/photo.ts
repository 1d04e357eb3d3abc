// A photo from the camera, made small and without its metadata before it leaves the phone.
const edge = 1600

function load(url: string): Promise<HTMLImageElement> {
    return new Promise((resolve, reject) => {
        const image = new Image()
        image.onload = () => resolve(image)
        image.onerror = () => reject(new Error('not a picture'))
        image.src = url
    })
}

const asDataUrl = (file: Blob): Promise<string> =>
    new Promise((resolve, reject) => {
        const reader = new FileReader()
        reader.onload = () => resolve(String(reader.result))
        reader.onerror = () => reject(reader.error ?? new Error('unreadable'))
        reader.readAsDataURL(file)
    })

/** A JPEG as a data: address, at most 1600 pixels wide or high; the canvas keeps no EXIF. */
export async function shrink(file: Blob): Promise<string> {
    const image = await load(await asDataUrl(file))
    const scale = Math.min(1, edge / Math.max(image.naturalWidth, image.naturalHeight))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale))
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale))
    const pen = canvas.getContext('2d')!
    pen.fillStyle = '#fff'
    pen.fillRect(0, 0, canvas.width, canvas.height)
    pen.drawImage(image, 0, 0, canvas.width, canvas.height)
    return canvas.toDataURL('image/jpeg', 0.8)
}

export function asBlob(dataUrl: string): Blob {
    const bytes = atob(dataUrl.slice(dataUrl.indexOf(',') + 1))
    return new Blob([Uint8Array.from(bytes, (c) => c.charCodeAt(0))], { type: 'image/jpeg' })
}
