// What the server sends, as docs/api.md says.
import type { Title } from '../base/words'

export type Value = string | number | boolean | null | GeoPoint
export interface GeoPoint {
    lon: number
    lat: number
}

export type FieldKind =
    | 'text'
    | 'integer'
    | 'decimal'
    | 'bool'
    | 'date'
    | 'time'
    | 'code'
    | 'ref'
    | 'region'
    | 'role'
    | 'point'

export interface Field {
    name: string
    kind: FieldKind
    title: Title
    /** true, false or a condition over the record. */
    required?: boolean | string
    codes?: string
    /** Of a ref: the type it points to. */
    type?: string
    unit?: string
    min?: number
    max?: number
    default?: string
    /** People give it in moves only. */
    by_move?: boolean
    /** The expression it is worked out by: nobody gives it. */
    compute?: string
}

export interface State {
    name: string
    title: Title
    final?: boolean
}

export interface Move {
    name: string
    title: Title
    accepts?: string[]
    require?: string[]
}

export interface RecordType {
    name: string
    title: Title
    key?: string | null
    label?: string | null
    has_flow: boolean
    fields: Field[]
    states?: State[]
    moves?: Move[]
    rights?: { create?: boolean }
}

export interface CodeList {
    title: Title
    items: { code: string; title: Title }[]
}

export interface Role {
    name: string
    level: string
    title: Title
}

export interface Schema {
    types: RecordType[]
    codes: Record<string, CodeList>
    roles: Role[]
    packs?: { pack: string; version: number }[]
}

export interface Clock {
    name: string
    title: Title
    state: 'open' | 'done' | 'fired' | string
    started_at?: string
    due_at?: string
    step?: number
    next_at?: string | null
    fired_at?: string | null
    overdue?: boolean
}

export interface RecordItem {
    id: string
    type: string
    version: number
    state?: string
    number?: string
    created_at?: string
    created_by?: string
    updated_at?: string
    _labels?: Record<string, string>
    moves?: Move[]
    clocks?: Clock[]
    rights?: { edit?: boolean }
    [field: string]: unknown
}

export interface JournalEntry {
    seq: number
    time: string
    actor: string
    actor_name?: string
    role?: string
    type: string
    id: string
    action: string
    from?: string
    to?: string
    diff?: Record<string, [unknown, unknown]>
    comment?: string
    hash?: string
}

export interface User {
    login: string
    name: string
    role: string
    role_title: Title
    level: 'system' | 'province' | 'city' | 'county' | 'enterprise'
    region?: string
    region_name?: string
    enterprise?: string
    enterprise_name?: string
    /** Has a password for one log-in: everything but changing it is refused. */
    password_once?: boolean
}

export interface Counters {
    enterprises: number
    points: number
    alarms_active: number
    alarms_unacked: number
    worst_priority: 1 | 2 | 3 | 4 | null
    hazards_open: number
    hazards_overdue: number
    points_bad: number
}

export interface Place extends Counters {
    code: string
    name: string
    kind: string
    lon?: number
    lat?: number
}

export interface Overview {
    region: string
    name: string
    children?: Place[]
    enterprises?: Place[]
    total?: Counters
}

export interface TodoItem {
    type: string
    id: string
    title: string
    state: string
    state_title: Title
    enterprise?: string
    enterprise_name?: string
    number?: string
    priority?: string | number | null
    due_at?: string | null
    overdue?: boolean
    clock_title?: Title | null
    since?: string
}

export interface Notice {
    seq: number
    time: string
    title: string
    title_en?: string
    type: string
    id: string
}

/** Fields of the type `alarm` that the desk reads by name. */
export interface Alarm extends RecordItem {
    point: string
    point_name?: string
    enterprise: string
    condition: string
    level: string
    worst_level?: string
    priority: string
    value?: number
    worst_value?: number
    limit?: number
    unit?: string
    onset: string
    returned_at?: string
    active?: boolean
    acknowledged?: boolean
    acknowledged_at?: string
    acknowledged_by?: string
    late?: boolean
    shelved_until?: string
    shelve_reason?: string
    hazard?: string
    rule?: string
    rule_name?: string
    points_lost?: number
    flood?: string
    /** How far the ladder has climbed: a code of alarm_escalation. */
    escalation?: string
    likely_cause?: string
    consequence?: string
    action?: string
    respond_by?: string
    assignee?: string
    cause_code?: string
    handling_code?: string
    handling?: string
}

export type AlarmCounts = Record<
    '1' | '2' | '3' | '4' | 'unacknowledged' | 'shelved' | 'suppressed' | 'out_of_service' | 'closing',
    number
>

export interface LivePoint {
    code: string
    name: string
    measure: string
    unit?: string
    equipment?: string
    value?: number | null
    time?: string | null
    quality: 'good' | 'uncertain' | 'bad' | 'none'
    state: 'normal' | 'L' | 'LL' | 'H' | 'HH' | 'R' | 'F'
    range_low?: number
    range_high?: number
    limit_low_low?: number
    limit_low?: number
    limit_high?: number
    limit_high_high?: number
}

/** [t_ms, count, min, mean, max, last] */
export type Step = [number, number, number, number, number, number]
export interface History {
    code: string
    unit?: string
    step: number
    items: Step[]
    /** Raw samples: there were more than the server gives. */
    truncated?: boolean
}

export interface Page<T> {
    items: T[]
    next?: string | null
    count?: number
    facets?: Record<string, { value: string; count: number }[]>
}

/** An indicator over a region, as /api/indicators gives it. */
export interface Figure {
    type: string
    name: string
    title: Title
    unit?: string
    value: number | null
    former?: number | null
    target?: Record<string, number> | null
    met?: boolean | null
}

/** A legal clock of any record, as /api/clocks gives it. */
export interface ClockItem {
    type: string
    id: string
    label?: string
    name: string
    title: Title
    state: string
    due_at?: string | null
    next_at?: string | null
    overdue?: boolean
    region?: string
    enterprise?: string
}
