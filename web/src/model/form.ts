// Which inputs a form shows, which of them must be filled, and what is sent. Drawn from the type alone; knows no domain.
import { toMs } from '../base/clock'
import { holds } from './condition'
import type { Field, Move, RecordItem, RecordType, Value } from './types'

export type Values = Record<string, unknown>

export interface FormField {
    field: Field
    required: boolean
}

export interface FormShape {
    main: FormField[]
    /** Filled later in the record's life as a rule; shown folded. */
    more: FormField[]
    /** null: the form has no comment. */
    comment: null | { required: boolean }
}

export interface FormEnv {
    now: number
    today: string
    actor: string
}

export const isEmpty = (value: unknown) => value === undefined || value === null || value === ''

function plain(type: RecordType, values: Values, name: string) {
    const value = values[name]
    if (isEmpty(value)) return null
    const kind = type.fields.find((f) => f.name === name)?.kind
    if (kind === 'time') return toMs(value)
    return typeof value === 'object' ? null : (value as string | number | boolean)
}

export function isRequired(type: RecordType, field: Field, values: Values, env: FormEnv): boolean {
    if (typeof field.required !== 'string') return field.required === true
    return holds(field.required, { ...env, field: (name) => plain(type, values, name) }) === true
}

/** Fields that belong to a later step: asked by a move, or taken only by moves after the first. */
function laterFields(type: RecordType): Set<string> {
    const [first, ...rest] = type.moves ?? []
    const later = new Set([first, ...rest].flatMap((move) => move?.require ?? []))
    for (const name of rest.flatMap((move) => move.accepts ?? []))
        if (!first?.accepts?.includes(name)) later.add(name)
    return later
}

export function createShape(type: RecordType, values: Values, env: FormEnv): FormShape {
    const later = laterFields(type)
    const fields = type.fields
        .filter((field) => !field.by_move && !field.compute)
        .map((field) => ({ field, required: isRequired(type, field, values, env) }))
    const isLater = ({ field, required }: FormField) => !required && !field.required && later.has(field.name)
    return { main: fields.filter((f) => !isLater(f)), more: fields.filter(isLater), comment: null }
}

/** What a new record starts with: the type's defaults, as the inputs take them. */
export function startValues(type: RecordType): Values {
    const values: Values = {}
    for (const field of type.fields) {
        if (field.by_move || isEmpty(field.default)) continue
        const text = String(field.default)
        if (field.kind === 'integer' || field.kind === 'decimal') values[field.name] = Number(text)
        else if (field.kind === 'bool') values[field.name] = text === 'true'
        else values[field.name] = text
    }
    return values
}

export function editShape(type: RecordType, values: Values, env: FormEnv): FormShape {
    const fields = type.fields
        .filter((field) => field.name !== type.key && !field.by_move && !field.compute)
        .map((field) => ({ field, required: isRequired(type, field, values, env) }))
    return { main: fields, more: [], comment: null }
}

export function moveShape(type: RecordType, move: Move, values: Values, env: FormEnv): FormShape {
    const require = new Set(move.require ?? [])
    const shown = new Set([...(move.accepts ?? []), ...(move.require ?? [])])
    const fields = type.fields
        .filter((field) => shown.has(field.name))
        .map((field) => ({
            field,
            required: require.has(field.name) || isRequired(type, field, values, env),
        }))
    // What must be filled comes first; the rest keeps the type's order.
    fields.sort((a, b) => Number(b.required) - Number(a.required))
    return { main: fields, more: [], comment: { required: require.has('comment') } }
}

/** Names of required inputs that are still empty. */
export function missing(shape: FormShape, values: Values, comment = ''): string[] {
    const empty = [...shape.main, ...shape.more]
        .filter(({ field, required }) => required && isEmpty(values[field.name]))
        .map(({ field }) => field.name)
    return shape.comment?.required && comment.trim() === '' ? [...empty, 'comment'] : empty
}

/** What differs from `before`, in the form that the API wants: null empties a field. */
export function changes(shape: FormShape, before: Values, values: Values): Record<string, Value> {
    const changed: Record<string, Value> = {}
    for (const { field } of [...shape.main, ...shape.more]) {
        const [old, now] = [before[field.name], values[field.name]]
        if (isEmpty(old) && isEmpty(now)) continue
        if (JSON.stringify(old) === JSON.stringify(now)) continue
        changed[field.name] = isEmpty(now) ? null : (now as Value)
    }
    return changed
}

export type InputKind =
    | 'line'
    | 'paragraph'
    | 'number'
    | 'switch'
    | 'date'
    | 'time'
    | 'select'
    | 'search'
    | 'point'

export function inputKind(field: Field): InputKind {
    switch (field.kind) {
        case 'integer':
        case 'decimal':
            return 'number'
        case 'bool':
            return 'switch'
        case 'date':
        case 'time':
        case 'point':
            return field.kind
        case 'code':
        case 'role':
            return 'select'
        case 'ref':
        case 'region':
            return 'search'
        default:
            return (field.max ?? 4000) > 200 ? 'paragraph' : 'line'
    }
}

/** Text of a served record field that belongs to the type. */
export function fieldValues(type: RecordType, record: RecordItem): Values {
    return Object.fromEntries(type.fields.map((field) => [field.name, record[field.name]]))
}
