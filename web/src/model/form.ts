// Which inputs a form shows, which of them must be filled, and what is sent. Drawn from the type alone; knows no domain.
import { durationMs } from '../base/duration'
import { toMs, toRfc3339 } from '../base/clock'
import { type ConditionEnv, type Plain, holds, understood, worth } from './condition'
import { roundTo } from './functions'
import type { CodeList, Field, FileUse, Move, RecordItem, RecordType, Row, Value } from './types'

export type Values = Record<string, unknown>

export interface FormField {
    field: Field
    required: boolean
    /** Not needed now, but in a state to come. */
    later?: boolean
}

export interface FormShape {
    main: FormField[]
    /** Filled later in the record's life as a rule; shown folded. */
    more: FormField[]
    /** null: the form has no comment. */
    comment: null | { required: boolean }
    /** Worked out from what stands in the form. */
    computed: Field[]
}

export interface FormEnv {
    now: number
    today: string
    actor: string
    /** Where the record stands; of a new one where it will begin. */
    state?: string | undefined
    codes?: Record<string, CodeList>
}

/** A change that a form makes: the fields in question, and where they come from. */
export type FieldHolder = Pick<RecordType, 'fields'>

export const isSealed = (value: unknown) =>
    typeof value === 'object' && value !== null && (value as { sealed?: unknown }).sealed === true

export const isEmpty = (value: unknown) =>
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

function plain(field: Field | undefined, value: unknown): Plain {
    if (isEmpty(value)) return null
    if (field?.kind === 'time') return toMs(value)
    if (field?.kind === 'duration') return durationMs(value)
    if (Array.isArray(value)) return value.length
    // What cannot be compared still is not empty.
    return typeof value === 'object' ? 'given' : (value as string | number | boolean)
}

function isUnder(list: CodeList | undefined, code: string, above: string): boolean {
    const seen = new Set<string>()
    for (let at: string | undefined = code; at && !seen.has(at); ) {
        if (at === above) return true
        seen.add(at)
        at = list?.items.find((item) => item.code === at)?.parent
    }
    return false
}

/** The world of a condition: a record's fields, or those of one of its rows. */
export function conditionEnv(
    holder: FieldHolder,
    values: Values,
    env: FormEnv,
    record?: ConditionEnv,
): ConditionEnv {
    const fieldOf = (name: string) => holder.fields.find((f) => f.name === name)
    const world: ConditionEnv = {
        now: env.now,
        today: env.today,
        actor: env.actor,
        field: (name) =>
            name === 'state' && env.state !== undefined ? env.state : plain(fieldOf(name), values[name]),
        under: (name, above) => {
            const value = values[name]
            return isEmpty(value)
                ? null
                : isUnder(env.codes?.[fieldOf(name)?.codes ?? ''], String(value), above)
        },
        rows: (name) => {
            const fields = fieldOf(name)?.fields ?? []
            const rows = Array.isArray(values[name]) ? (values[name] as Row[]) : []
            return rows.map((row) => conditionEnv({ fields }, row, env, world))
        },
    }
    if (record) world.record = record
    return world
}

const truly = (condition: string, world: ConditionEnv) => holds(condition, world) === true

/** Hidden only when it is sure that the server would not take it. */
export const isShown = (field: Field, world: ConditionEnv): boolean =>
    !field.shown || truly(field.shown, world) || !understood(field.shown)

export function isRequired(field: Field, world: ConditionEnv, state?: string): boolean {
    if (state !== undefined && field.required_states?.includes(state)) return true
    return typeof field.required === 'string' ? truly(field.required, world) : field.required === true
}

/** Fields that belong to a later step: asked and taken by the first move, or taken only by moves after it. */
function laterFields(type: RecordType): Set<string> {
    const [first, ...rest] = type.moves ?? []
    const later = new Set((first?.require ?? []).filter((name) => first?.accepts?.includes(name)))
    for (const name of rest.flatMap((move) => [...(move.accepts ?? []), ...(move.require ?? [])]))
        if (!first?.accepts?.includes(name)) later.add(name)
    return later
}

/** Inputs of those fields that may be given, with what is required of them. */
export function formFields(holder: FieldHolder, fields: Field[], values: Values, env: FormEnv): FormField[] {
    const world = conditionEnv(holder, values, env)
    return fields
        .filter((field) => !field.compute && isShown(field, world))
        .map((field) => {
            const required = isRequired(field, world, env.state)
            return { field, required, later: !required && (field.required_states?.length ?? 0) > 0 }
        })
}

const computedOf = (holder: FieldHolder) => holder.fields.filter((field) => field.compute)

export function createShape(type: RecordType, values: Values, env: FormEnv): FormShape {
    const later = laterFields(type)
    const begins: FormEnv = { ...env, state: type.states?.[0]?.name }
    const given = type.fields.filter((field) => !field.by_move)
    const fields = formFields(type, given, values, begins)
    const isLater = ({ field, required }: FormField) => !required && !field.required && later.has(field.name)
    return {
        main: fields.filter((f) => !isLater(f)),
        more: fields.filter(isLater),
        comment: null,
        computed: computedOf(type),
    }
}

function startValue(field: Field): unknown {
    const text = String(field.default)
    if (['integer', 'decimal', 'money', 'score'].includes(field.kind)) return Number(text)
    return field.kind === 'bool' ? text === 'true' : text
}

/** What a new record, or a new row, starts with: the defaults, as the inputs take them. */
export function startValues(holder: FieldHolder): Values {
    return Object.fromEntries(
        holder.fields
            .filter((field) => !field.by_move && !isEmpty(field.default))
            .map((field) => [field.name, startValue(field)]),
    )
}

export function editShape(type: RecordType, values: Values, env: FormEnv): FormShape {
    const given = type.fields.filter((field) => field.name !== type.key && !field.by_move)
    return {
        main: formFields(type, given, values, env),
        more: [],
        comment: null,
        computed: computedOf(type),
    }
}

export function moveShape(type: RecordType, move: Move, values: Values, env: FormEnv): FormShape {
    const require = new Set(move.require ?? [])
    const shown = new Set([...(move.accepts ?? []), ...(move.require ?? [])])
    const given = type.fields.filter((field) => shown.has(field.name))
    const fields = formFields(type, given, values, env).map(({ field, required, later = false }) => ({
        field,
        required: required || require.has(field.name),
        later: later && !require.has(field.name),
    }))
    // What must be filled comes first; the rest keeps the type's order.
    fields.sort((a, b) => Number(b.required) - Number(a.required))
    return {
        main: fields,
        more: [],
        comment: { required: require.has('comment') },
        computed: given.length ? computedOf(type) : [],
    }
}

/** A row that nobody has written anything into is none. */
const isRow = (row: Row) => Object.values(row).some((value) => !isEmpty(value))
const rowsOf = (value: unknown): Row[] => (Array.isArray(value) ? (value as Row[]).filter(isRow) : [])

function missingCells(field: Field, value: unknown, holder: ConditionEnv, env: FormEnv): string[] {
    const fields = field.fields ?? []
    return rowsOf(value).flatMap((row, i) => {
        const world = conditionEnv({ fields }, row, { ...env, state: undefined }, holder)
        return fields
            .filter((cell) => !cell.compute && isShown(cell, world))
            .filter((cell) => isRequired(cell, world) && isEmpty(row[cell.name]))
            .map((cell) => `${field.name}[${i}].${cell.name}`)
    })
}

/** Names of required inputs that are still empty, also inside rows: `items[0].amount`. */
export function missing(shape: FormShape, values: Values, env: FormEnv, comment = ''): string[] {
    const all = [...shape.main, ...shape.more]
    const world = conditionEnv({ fields: all.map(({ field }) => field) }, values, env)
    const empty = all.flatMap(({ field, required }) => {
        if (
            required &&
            (isEmpty(values[field.name]) || (field.kind === 'rows' && !rowsOf(values[field.name]).length))
        )
            return [field.name]
        return field.kind === 'rows' ? missingCells(field, values[field.name], world, env) : []
    })
    return shape.comment?.required && comment.trim() === '' ? [...empty, 'comment'] : empty
}

/** A value as the API takes it: files by their ids, rows without what is empty or worked out. */
export function sent(field: Field, value: unknown): Value {
    if (field.kind === 'file') return ((value ?? []) as FileUse[]).map(({ file }) => ({ file }))
    if (isEmpty(value)) return null
    if (field.kind !== 'rows') return value as Value
    const cells = (field.fields ?? []).filter((cell) => !cell.compute)
    return rowsOf(value).map((row) =>
        Object.fromEntries(
            cells
                .filter((cell) => !isEmpty(row[cell.name]))
                .map((cell) => [cell.name, sent(cell, row[cell.name])]),
        ),
    )
}

/** What differs from `before`, in the form that the API wants: null empties a field. */
export function changes(shape: FormShape, before: Values, values: Values): Record<string, Value> {
    const changed: Record<string, Value> = {}
    for (const { field } of [...shape.main, ...shape.more]) {
        const [old, now] = [before[field.name], values[field.name]]
        if (isEmpty(old) && (isEmpty(now) || (field.kind === 'rows' && !rowsOf(now).length))) continue
        const value = sent(field, now)
        if (JSON.stringify(sent(field, old)) === JSON.stringify(value)) continue
        changed[field.name] = value
    }
    return changed
}

function asField(field: Field, value: Plain): unknown {
    if (value === null) return null
    if (field.kind === 'integer') return roundTo(Number(value), 0)
    if (field.kind === 'money' || field.kind === 'score') return roundTo(Number(value), 2)
    if (field.kind === 'time') return toRfc3339(Number(value))
    return value
}

/** One round: every computed field of the holder and of its rows. What only the server can tell stays as it was. */
function workOut(
    holder: FieldHolder,
    computed: Field[],
    values: Values,
    env: FormEnv,
    record?: ConditionEnv,
) {
    const world = conditionEnv(holder, values, env, record)
    const next = { ...values }
    for (const field of holder.fields) {
        const inside = field.fields?.filter((cell) => cell.compute) ?? []
        const rows = values[field.name]
        if (inside.length && Array.isArray(rows))
            next[field.name] = (rows as Row[]).map((row) =>
                computedValues({ fields: field.fields! }, inside, row, env, world),
            )
    }
    for (const field of computed) {
        const value = worth(field.compute!, world)
        if (value !== undefined) next[field.name] = asField(field, value)
    }
    return next
}

/** Computed fields as they would come out now. One may use another, so it is gone through until nothing changes. */
export function computedValues(
    holder: FieldHolder,
    computed: Field[],
    values: Values,
    env: FormEnv,
    record?: ConditionEnv,
): Values {
    let all = values
    for (let pass = 0; pass <= computed.length + 1; pass++) {
        const next = workOut(holder, computed, all, env, record)
        if (JSON.stringify(next) === JSON.stringify(all)) break
        all = next
    }
    return all
}

export type InputKind =
    | 'line'
    | 'paragraph'
    | 'number'
    | 'switch'
    | 'date'
    | 'time'
    | 'select'
    | 'code'
    | 'search'
    | 'point'
    | 'area'
    | 'duration'
    | 'rows'
    | 'file'

export function inputKind(field: Field): InputKind {
    switch (field.kind) {
        case 'integer':
        case 'decimal':
        case 'money':
        case 'score':
            return 'number'
        case 'bool':
            return 'switch'
        case 'date':
        case 'time':
        case 'point':
        case 'area':
        case 'duration':
        case 'rows':
        case 'file':
        case 'code':
            return field.kind
        case 'role':
            return 'select'
        case 'ref':
        case 'region':
            return 'search'
        default:
            return Number(field.max ?? 4000) > 200 ? 'paragraph' : 'line'
    }
}

/** Values of a served record's fields that belong to the type. */
export function fieldValues(type: RecordType, record: RecordItem): Values {
    return Object.fromEntries(type.fields.map((field) => [field.name, record[field.name]]))
}
