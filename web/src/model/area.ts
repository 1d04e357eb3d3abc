// What can be said of an area without a map.
type Ring = [number, number][]

const ringsOf = (area: unknown): Ring[] => {
    const { type, coordinates } = area as { type: string; coordinates: unknown }
    return type === 'MultiPolygon' ? (coordinates as Ring[][]).flat() : (coordinates as Ring[])
}

/** Corners, the closing one not counted twice. */
export const areaCorners = (area: unknown) => ringsOf(area).reduce((n, ring) => n + ring.length - 1, 0)

const radiusM = 6_371_008.8
const rad = (degrees: number) => (degrees * Math.PI) / 180

/** m² on the sphere; holes are wound against the outer ring and take away. */
function ringM2(ring: Ring): number {
    let sum = 0
    for (let i = 0; i + 1 < ring.length; i++) {
        const [x1, y1] = ring[i]!
        const [x2, y2] = ring[i + 1]!
        sum += rad(x2 - x1) * (2 + Math.sin(rad(y1)) + Math.sin(rad(y2)))
    }
    return (sum * radiusM * radiusM) / 2
}

export function areaM2(area: unknown): number {
    const { type, coordinates } = area as { type: string; coordinates: unknown }
    const polygons = type === 'MultiPolygon' ? (coordinates as Ring[][]) : [coordinates as Ring[]]
    return polygons.reduce((whole, [outer = [], ...holes]) => {
        const taken = holes.reduce((sum, hole) => sum + Math.abs(ringM2(hole)), 0)
        return whole + Math.abs(ringM2(outer)) - taken
    }, 0)
}

export const areaText = (m2: number) =>
    m2 >= 1e6
        ? `${(m2 / 1e6).toFixed(2)} km²`
        : m2 >= 1e4
          ? `${(m2 / 1e4).toFixed(2)} hm²`
          : `${Math.round(m2)} m²`
