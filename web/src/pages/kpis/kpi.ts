// Figures of the alarm system as the server tells them, and what a page needs of them. Times of weeks are those of +08:00.
import { numberText } from '../../base/number'
import type { Title } from '../../base/words'

export interface KpiFigure {
    kpi: string
    unit: string
    title: Title
    value?: number
    acceptable?: number
    manageable?: number
    target?: number
    verdict?: 'good' | 'manageable' | 'bad'
}
export interface KpiFigures {
    from: string
    to: string
    positions: number
    alarms: number
    figures: KpiFigure[]
}
export interface WorstAlarm {
    point: string
    name?: string
    enterprise: string
    condition: string
    rule: string
    alarms: number
    share: number
    fleeting: number
    chattering: boolean
}
export interface AlarmKpis {
    total: KpiFigures
    weeks: KpiFigures[]
    worst: WorstAlarm[]
    truncated: boolean
}
export interface AlarmSpan {
    id: string
    point?: string
    enterprise?: string
    condition: string
    rule?: string
    level: string
    worst_level: string
    priority: number
    announced: boolean
    onset: string
    raised_at: string
    returned_at?: string
}
export const differenceKinds = [
    'gone',
    'new',
    'earlier',
    'later',
    'higher',
    'lower',
    'length',
    'same',
] as const
export type DifferenceKind = (typeof differenceKinds)[number]
export interface Difference {
    difference: DifferenceKind
    former?: AlarmSpan
    now?: AlarmSpan
}
export interface Replayed {
    former: KpiFigures
    now: KpiFigures
    counts: Record<DifferenceKind, number>
    differences: Difference[]
    truncated: boolean
    samples: number
}

const day = 86_400_000
const offset = 8 * 3_600_000
/** Monday 00:00 of the week that is so many weeks before this one; 1: this week. */
export function weekStart(now: number, weeks: number): number {
    const today = Math.floor((now + offset) / day)
    const weekday = (today + 3) % 7 // 1970-01-01 was a Thursday
    return (today - weekday - 7 * (weeks - 1)) * day - offset
}

export const valueText = ({ value, unit }: Pick<KpiFigure, 'value' | 'unit'>) =>
    value === undefined ? '—' : `${numberText(Math.round(value * 100) / 100)}${unit ? ` ${unit}` : ''}`

/** The most that is good, and the most that can be handled where that is more. */
export function boundText({ acceptable, manageable, target, unit }: KpiFigure): string {
    const tail = unit ? ` ${unit}` : ''
    if (acceptable !== undefined)
        return `≤ ${acceptable}${manageable === undefined ? '' : ` (${manageable})`}${tail}`
    return target === undefined ? '' : `≈ ${target}${tail}`
}

export const verdictTag = { good: 'ok', manageable: 'p3', bad: 'p2' } as const

/** Per cent of the stretch: where a span begins and how wide it is; one that stands lasts to the end. */
export function placeOf(span: AlarmSpan, from: number, to: number): { left: number; width: number } {
    const begin = Math.max(from, Date.parse(span.raised_at))
    const end = Math.min(to, span.returned_at ? Date.parse(span.returned_at) : to)
    return {
        left: (100 * (begin - from)) / (to - from),
        width: (100 * Math.max(0, end - begin)) / (to - from),
    }
}

export const triedFields = [
    'limit_low_low',
    'limit_low',
    'limit_high',
    'limit_high_high',
    'hysteresis',
    'on_delay_s',
    'off_delay_s',
] as const
export type TriedField = (typeof triedFields)[number]
export type Tried = Record<TriedField, string>

/** What differs from the record: numbers, and null for what was taken away. Text that is no number is left to the server. */
export function changesOf(
    tried: Tried,
    record: Record<string, unknown>,
): Partial<Record<TriedField, number | string | null>> {
    const changes: Partial<Record<TriedField, number | string | null>> = {}
    for (const field of triedFields) {
        const text = tried[field].trim()
        const value = text === '' ? null : Number.isNaN(Number(text)) ? text : Number(text)
        if (value !== (record[field] ?? null)) changes[field] = value
    }
    return changes
}
