// City outlines as SVG paths, drawn once: a wall must be sharp at any size and redraw nothing while it stands.
import outlineUrl from '../../../generated/jiangsu.json?url'

export interface Box {
    left: number
    top: number
    right: number
    bottom: number
}
export interface City {
    code: string
    path: string
    box: Box
}

/** Degrees to a plane with true proportions in the middle of the province, y downwards; good for a map of one province. */
const middleLat = (33 * Math.PI) / 180
export const project = (lon: number, lat: number): [number, number] => [
    (lon - 119) * Math.cos(middleLat) * 100,
    (33 - lat) * 100,
]

interface Feature {
    id: string
    geometry: { type: string; coordinates: number[][][][] }
}

export function cityOf(feature: Feature): City {
    const box: Box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
    let path = ''
    for (const ring of feature.geometry.coordinates.flat()) {
        ring.forEach(([lon = 0, lat = 0], i) => {
            const [x, y] = project(lon, lat)
            path += `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`
            box.left = Math.min(box.left, x)
            box.right = Math.max(box.right, x)
            box.top = Math.min(box.top, y)
            box.bottom = Math.max(box.bottom, y)
        })
        path += 'Z'
    }
    return { code: feature.id, path, box }
}

export async function loadCities(): Promise<City[]> {
    const outline = (await fetch(outlineUrl).then((r) => r.json())) as { features: Feature[] }
    return outline.features.map(cityOf)
}

export const around = (boxes: Box[]): Box => ({
    left: Math.min(...boxes.map((b) => b.left)),
    top: Math.min(...boxes.map((b) => b.top)),
    right: Math.max(...boxes.map((b) => b.right)),
    bottom: Math.max(...boxes.map((b) => b.bottom)),
})

export interface View {
    scale: number
    x: number
    y: number
}
/** How a box fits into `width` × `height` pixels with a margin on every side. */
export function viewOf(box: Box, width: number, height: number, margin: number): View {
    const scale = Math.min(
        (width - 2 * margin) / (box.right - box.left),
        (height - 2 * margin) / (box.bottom - box.top),
    )
    return {
        scale,
        x: width / 2 - (scale * (box.left + box.right)) / 2,
        y: height / 2 - (scale * (box.top + box.bottom)) / 2,
    }
}
