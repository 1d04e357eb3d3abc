// What may follow a record: types whose new records name it, with what the record already tells them.
import type { Field, RecordItem, RecordType } from './types'

export interface Follower {
    type: RecordType
    /** For the address of the form. */
    values: Record<string, string>
}

const isGiven = (field: Field) => !field.by_move && !field.compute && !field.secret
const refersTo = (field: Field, type: string) => field.kind === 'ref' && field.type === type && isGiven(field)

/** References that both types have under one name, such as the enterprise. */
function shared(from: RecordType, record: RecordItem, to: RecordType): Record<string, string> {
    const values: Record<string, string> = {}
    for (const field of to.fields) {
        const value = record[field.name]
        const same = from.fields.find((f) => f.name === field.name)
        if (
            isGiven(field) &&
            (field.kind === 'ref' || field.kind === 'region') &&
            same?.kind === field.kind &&
            same.type === field.type &&
            typeof value === 'string'
        )
            values[field.name] = value
    }
    return values
}

/** Types that the caller may create and whose first such field names `type`; not the type itself. */
export function followers(types: RecordType[], type: RecordType | undefined, record: RecordItem): Follower[] {
    if (!type) return []
    return types.flatMap((to) => {
        const link = to.name === type.name ? undefined : to.fields.find((f) => refersTo(f, type.name))
        if (!to.rights?.create || !link) return []
        return [{ type: to, values: { ...shared(type, record, to), [link.name]: record.id } }]
    })
}
