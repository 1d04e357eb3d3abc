// What a generic list shows of a type, what it can be narrowed by, and the filter in the server's language. Drawn from the type alone.
import type { CodeList, Field, RecordType } from './types'

const mostColumns = 6
const mostFacets = 8

const isLong = (field: Field) => field.kind === 'text' && Number(field.max ?? 4000) > 120
/** Fields that fit into a cell. */
export const columnFields = (type: RecordType): Field[] =>
    type.fields.filter(
        (field) =>
            field.name !== type.label &&
            !field.secret &&
            !['point', 'area', 'rows', 'file'].includes(field.kind) &&
            !isLong(field),
    )

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
    const fits = columnFields(type)
    const rank = (field: Field) =>
        field.name === type.key ? -2 : field.required === true ? -1 : (weight[field.kind] ?? 5)
    const chosen = [...fits].sort((a, b) => rank(a) - rank(b)).slice(0, mostColumns)
    return fits.filter((field) => chosen.includes(field))
}

/** Those that somebody chose, in the type's order; without a choice what the list shows by itself. */
export function chosenColumns(type: RecordType, names: string): Field[] {
    const wanted = new Set(names.split(',').filter(Boolean))
    const chosen = columnFields(type).filter((field) => wanted.has(field.name))
    return chosen.length ? chosen : listColumns(type)
}

const narrows = new Set<Field['kind']>(['code', 'role', 'bool', 'region'])
/** Fields with few values, which the server counts: worth a select above the list. */
export const filterFields = (type: RecordType): Field[] =>
    type.fields
        .filter((field) => narrows.has(field.kind) && !field.secret && (field.facet || !type.sorts))
        .slice(0, mostFacets - (type.has_flow ? 1 : 0))

/** What is sorted by quickly; a server that does not say sorts by anything. */
export function sortable(type: RecordType, name: string): boolean {
    if (!type.sorts) return true
    return (
        type.sorts.includes(name) || type.fields.some((field) => field.name === name && field.sort === true)
    )
}

const quoted = (text: string) => `'${text.replace(/'/g, "''")}'`
const hasBranches = (list: CodeList | undefined) => list?.items.some((item) => item.parent) ?? false

type Codes = Record<string, CodeList>

function condition(name: string, value: string, type?: RecordType, codes: Codes = {}): string {
    const field = type?.fields.find((f) => f.name === name)
    if (value === '-') return `${name} IS NULL`
    if (field?.kind === 'bool') return `${name} = ${value === 'true' ? 'TRUE' : 'FALSE'}`
    const under = field?.kind === 'code' && hasBranches(codes[field.codes ?? ''])
    return `${name} ${under ? 'UNDER' : '='} ${quoted(value)}`
}

/** CQL2-text; undefined when nothing is asked. `-` asks for records without a value; a code stands for its branch where the type is given. */
export function filterText(
    chosen: Record<string, string>,
    type?: RecordType,
    codes?: Codes,
): string | undefined {
    const parts = Object.entries(chosen)
        .filter(([, value]) => value !== '')
        .map(([name, value]) => condition(name, value, type, codes))
    return parts.length ? parts.join(' AND ') : undefined
}
