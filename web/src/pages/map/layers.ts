// The layers that can be laid over the map: every record type that has a place (the server knows which), closed records left out.
import { pick } from '../../base/words'
import { call } from '../../base/http'
import { deskLists } from '../../model/group'
import { schema, typeOf } from '../../model/session'
import type { RecordType } from '../../model/types'

export interface PlaceItem {
    lon: number
    lat: number
    count: number
    id?: string
    label?: string
    by?: Record<string, number>
}
export interface MapLayer {
    type: string
    title: string
    /** Things that are there, or matters that are dealt with. */
    group: 'things' | 'matters'
    filter?: string
    by?: string
}
export interface Box {
    west: number
    south: number
    east: number
    north: number
}

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ')

export function layerOf(type: RecordType): MapLayer {
    const base = { type: type.name, title: pick(type.title) }
    if (type.name === 'alarm')
        return { ...base, group: 'matters', filter: `state IN (${quoted(deskLists.open)})`, by: 'priority' }
    const over = (type.states ?? []).filter((state) => state.final).map((state) => state.name)
    if (!type.has_flow) return { ...base, group: 'things' }
    return { ...base, group: 'matters', ...(over.length ? { filter: `state NOT IN (${quoted(over)})` } : {}) }
}

/** The alarms and the enterprises first, then by title. */
const first = ['alarm', 'hazard', 'enterprise', 'installation']
const rank = (layer: MapLayer) => (first.includes(layer.type) ? first.indexOf(layer.type) : first.length)
export async function findLayers(): Promise<MapLayer[]> {
    const { collections } = await call<{ collections: { id: string }[] }>('GET', '/ogc/collections')
    const placed = new Set(collections.map((collection) => collection.id))
    return schema.value.types
        .filter((type) => placed.has(type.name) && typeOf(type.name))
        .map(layerOf)
        .sort((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title, 'zh'))
}

/** Cells of this many pixels: marks with a number of four digits stand beside each other. */
const cellPx = 64
const degreesOfView = (box: Box) => Math.max(box.east - box.west, 1e-6)

/** A size of cell that does not change while the map is only moved: powers of two of a degree. */
export function cellOf(box: Box, widthPx: number): number {
    const wanted = (degreesOfView(box) * cellPx) / Math.max(widthPx, cellPx)
    return 2 ** Math.round(Math.log2(wanted))
}

/** A little more than is seen, so that a short move shows nothing empty. */
export function widened(box: Box, share = 0.25): Box {
    const across = (box.east - box.west) * share
    const down = (box.north - box.south) * share
    return {
        west: Math.max(-180, box.west - across),
        south: Math.max(-90, box.south - down),
        east: Math.min(180, box.east + across),
        north: Math.min(90, box.north + down),
    }
}

export const askPlaces = (layer: MapLayer, box: Box, cell: number, signal: AbortSignal) =>
    call<{ items: PlaceItem[] }>('GET', `/api/places/${layer.type}`, {
        query: {
            bbox: [box.west, box.south, box.east, box.north].map((n) => n.toFixed(6)).join(','),
            cell,
            filter: layer.filter,
            by: layer.by,
        },
        signal,
    })

/** The gravest priority among the alarms of a mark. */
export const worstOf = (item: PlaceItem): number | null => {
    const known = Object.keys(item.by ?? {})
        .map(Number)
        .filter((n) => n >= 1 && n <= 4)
    return known.length ? Math.min(...known) : null
}
