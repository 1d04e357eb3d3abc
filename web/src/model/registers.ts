// All types as registers, grouped by the pack that brings them.
import type { Title } from '../base/words'
import type { RecordType, Schema } from './types'

export interface RegisterGroup {
    /** '' for types whose pack is not told. */
    pack: string
    title: Title | undefined
    types: RecordType[]
}

/** Types whose titles, names or packs hold every word of the text. */
export function findRegisters(schema: Schema, text: string): RegisterGroup[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    const groups = (schema.packs ?? []).map(({ pack, title }): RegisterGroup => ({ pack, title, types: [] }))
    const others: RegisterGroup = { pack: '', title: undefined, types: [] }
    for (const type of schema.types) {
        const group = groups.find(({ pack }) => pack === type.pack) ?? others
        const told = [type.title.zh, type.title.en, type.name, group.title?.zh, group.title?.en]
            .join(' ')
            .toLowerCase()
        if (words.every((word) => told.includes(word))) group.types.push(type)
    }
    return [...groups, others].filter((group) => group.types.length)
}

/** The page of a register; some types have one of their own. */
export function registerPath(type: string): string {
    if (type === 'enterprise') return '/enterprises'
    return type === 'alarm' ? '/alarms?state=all' : `/records/${type}`
}
