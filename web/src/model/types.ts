// What the server sends, as docs/api.md says.
import type { Title } from '../base/words'

export type Value = string | number | boolean | null | object
export interface GeoPoint {
    lon: number
    lat: number
}
/** GeoJSON, longitude and latitude. */
export interface Area {
    type: 'Polygon' | 'MultiPolygon'
    coordinates: unknown
}
export interface FileUse {
    file: string
    name: string
    size: number
    media: string
    hash?: string
}
export type Row = Record<string, unknown>

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
    | 'money'
    | 'duration'
    | 'score'
    | 'area'
    | 'rows'
    | 'file'

export interface Field {
    name: string
    kind: FieldKind
    title: Title
    /** true, false or a condition over the record. */
    required?: boolean | string
    /** States that ask for it. */
    required_states?: string[]
    /** A condition: it has a value only while this holds. */
    shown?: string
    /** Sealed: reads {"sealed": true}; keepers may open it. */
    secret?: boolean
    codes?: string
    /** Of a ref: the type it points to. */
    type?: string
    /** Of a code inside rows: the record's code field whose branch it is taken from. */
    under?: string
    /** Of a text: `login` is that of a person. */
    format?: string
    unit?: string
    /** Numbers; ISO 8601 text of a duration. */
    min?: number | string
    max?: number | string
    default?: string
    /** Of rows: what a row holds. */
    fields?: Field[]
    min_rows?: number
    max_rows?: number
    /** Of a file: media types. */
    accept?: string[]
    max_files?: number
    max_size?: number
    /** Its values can be counted; lists sort by it quickly. */
    facet?: boolean
    sort?: boolean
    /** People give it in moves only. */
    by_move?: boolean
    /** The expression it is worked out by: nobody gives it. */
    compute?: string
}

export interface State {
    name: string
    title: Title
    final?: boolean
    /** Beside the usual way. */
    aside?: boolean
}

export interface Move {
    name: string
    title: Title
    accepts?: string[]
    require?: string[]
    /** States it may lead to; none: the record stays where it is. */
    to?: string[]
    /** So many others must confirm it. */
    approvals?: number
}

export interface RecordType {
    name: string
    title: Title
    /** The pack that brings it. */
    pack?: string
    key?: string | null
    label?: string | null
    has_flow: boolean
    fields: Field[]
    states?: State[]
    moves?: Move[]
    /** Whose names stand in the journal. */
    clocks?: { name: string; title: Title }[]
    watches?: { name: string; title: Title }[]
    rights?: { create?: boolean; reveal?: boolean }
    /** Papers that moves produce. */
    documents?: { name: string; title: Title }[]
    /** What is not a field and sorts quickly. */
    sorts?: string[]
}

export interface CodeItem {
    code: string
    title: Title
    parent?: string
    valid_from?: string
    valid_to?: string
    span?: string
}
export interface CodeList {
    title: Title
    items: CodeItem[]
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
    packs?: { pack: string; title?: Title; version: number }[]
}

export interface Clock {
    name: string
    title: Title
    basis?: string[]
    state: 'open' | 'paused' | 'done' | 'fired' | string
    started_at?: string
    due_at?: string
    step?: number
    next_at?: string | null
    fired_at?: string | null
    overdue?: boolean
}

/** Names of what refs name; of rows a list of such, by row. */
export type Labels = Record<string, string | Record<string, string>[]>

export interface RecordItem {
    id: string
    type: string
    version: number
    state?: string
    number?: string
    created_at?: string
    created_by?: string
    updated_at?: string
    _labels?: Labels
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
    /** Of lists over many records: what the record is called now. */
    label?: string
}

/** How many records of a type name a record in one of their fields. */
export interface Related {
    type: string
    field: string
    count: number
    open?: number
    count_more?: boolean
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
    type_title: Title
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

export interface FacetValue {
    value: string | boolean | null
    count: number
}
export interface Page<T> {
    items: T[]
    next?: string | null
    count?: number
    /** There are more than were counted. */
    count_more?: boolean
    facets?: Record<string, FacetValue[]>
    facets_more?: boolean
}

export interface DocumentItem {
    id: string
    name: string
    title: Title
    number?: string
    hash: string
    size: number
    at: string
    by: string
    by_name?: string
    version: number
    /** Of lists over many records. */
    type?: string
    record?: string
    label?: string | null
}

export interface Receipt {
    code: string
    type: string
    filed_at: string
    entry: string
    commitment: string
    salt: string
    content?: string
}

export interface ImportFault {
    row: number
    column?: string
    title?: string
    field?: string
    id: string
    detail: string
    detail_en?: string
    hint?: string
    hint_en?: string
}
export interface ImportReport {
    rows: number
    created: number
    updated: number
    unchanged: number
    refused: number
    dry_run: boolean
    imported_before?: unknown
    columns: { column: string; title: string; field: string | null }[]
    errors: ImportFault[]
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
