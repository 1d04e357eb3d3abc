// What a generic list shows of a type, and the filter in the server's language. Drawn from the type alone.
import type { Field, RecordType } from './types'

const mostColumns = 6

/** Short fields that tell records apart; the label stands first anyway. */
export function listColumns(type: RecordType): Field[] {
    const weight: Partial<Record<Field['kind'], number>> = {
        region: 0,
        date: 1,
        code: 2,
        role: 2,
        time: 4,
        text: 4,
    }
    const fits = type.fields.filter(
        (field) =>
            field.name !== type.label &&
            field.kind !== 'point' &&
            (field.kind !== 'text' || (field.max ?? 4000) <= 120),
    )
    const rank = (field: Field) =>
        field.name === type.key ? -2 : field.required === true ? -1 : (weight[field.kind] ?? 5)
    const chosen = [...fits].sort((a, b) => rank(a) - rank(b)).slice(0, mostColumns)
    return fits.filter((field) => chosen.includes(field))
}

/** Fields with few values: worth a select above the list. */
export const filterFields = (type: RecordType): Field[] =>
    type.fields.filter((field) => field.kind === 'code' || field.kind === 'role').slice(0, 4)

const quoted = (text: string) => `'${text.replace(/'/g, "''")}'`

/** CQL2-text; undefined when nothing is asked. */
export function filterText(chosen: Record<string, string>): string | undefined {
    const parts = Object.entries(chosen)
        .filter(([, value]) => value !== '')
        .map(([name, value]) => `${name} = ${quoted(value)}`)
    return parts.length ? parts.join(' AND ') : undefined
}
