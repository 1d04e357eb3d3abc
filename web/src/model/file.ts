// A record's whole file: what names it, gathered by pack and type.
import type { Field, RecordType, Related, Schema } from './types'
import type { Title } from '../base/words'

export interface FileRow {
    type: RecordType
    field: Field
    count: number
    more: boolean
    /** Not in a final state; 0 for types that are things rather than matters: their states say how they serve, not what is to be done. */
    open: number
    /** The type names the record in several fields: say which. */
    via: boolean
}
export interface FilePack {
    pack: string
    title: Title | undefined
    rows: FileRow[]
}

/** Things have a code of their own; matters are numbered as they come up and end some day. */
const isMatter = (type: RecordType) => !type.key && (type.states?.some((state) => state.final) ?? false)

/** In the order of the packs; within one those with something open first, then as the pack has them. */
export function fileOf(schema: Schema, related: Related[]): FilePack[] {
    const types = new Map(schema.types.map((type) => [type.name, type]))
    const packs = new Map<string, FileRow[]>()
    for (const use of related) {
        const type = types.get(use.type)
        const field = type?.fields.find((f) => f.name === use.field)
        if (!type || !field) continue
        const row: FileRow = {
            type,
            field,
            count: use.count,
            more: use.count_more ?? false,
            open: isMatter(type) ? (use.open ?? 0) : 0,
            via: related.some((other) => other.type === use.type && other.field !== use.field),
        }
        const pack = type.pack ?? ''
        packs.set(pack, [...(packs.get(pack) ?? []), row])
    }
    const titleOf = (pack: string) => schema.packs?.find((info) => info.pack === pack)?.title
    return [...packs].map(([pack, rows]) => ({
        pack,
        title: titleOf(pack),
        rows: rows.sort((a, b) => Number(b.open > 0) - Number(a.open > 0)),
    }))
}
