// A gateway as /api/gateways gives it, and how its figures are said.
import { spanText } from '../../base/clock'

export interface GatewayDay {
    day: string
    online_rate: number | null
    slots_heard: number
    slots: number
    batches: number
    samples: number
    refused: number
    backlog_batches: number
    backlog_samples: number
    gaps: { count: number; seconds: number; longest_seconds: number }
    counted_from: string | null
}
export interface Gateway {
    code: string
    name: string
    enterprise?: string
    region?: string
    _labels?: Record<string, string>
    state: 'online' | 'backlog' | 'silent' | 'never' | 'disabled'
    last_seen: string | null
    today: GatewayDay
    clock: { seconds: number; drift_seconds_per_day: number | null } | null
    backlog: { began: string; reached: string; behind_seconds: number; speed: number | null } | null
    shown?: GatewayDay
    strip?: string
    gaps?: { from: string; to: string }[]
    clock_hours?: { time: string; seconds: number }[]
}

export const SLOT_MINUTES = 5
/** Half a minute: more than network and batching explain (project choice). */
export const CLOCK_OFF_SECONDS = 30

export const percentText = (share: number | null) =>
    share === null ? '—' : `${Math.floor(share * 1000) / 10}%`

/** +1.2 s, −7 min. */
export function offsetText(seconds: number): string {
    const sign = seconds < 0 ? '−' : '+'
    const size = Math.abs(seconds)
    return size < 60 ? `${sign}${Math.round(size * 10) / 10} s` : `${sign}${spanText(size * 1000)}`
}

export interface Run {
    letter: string
    from: number
    to: number
}
/** The strip as runs of equal slots. */
export function runsOf(strip: string): Run[] {
    const runs: Run[] = []
    for (let i = 0; i < strip.length; i++) {
        const last = runs[runs.length - 1]
        if (last && last.letter === strip[i]) last.to = i + 1
        else runs.push({ letter: strip[i] as string, from: i, to: i + 1 })
    }
    return runs
}

export function slotTime(slot: number): string {
    const minutes = slot * SLOT_MINUTES
    return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
