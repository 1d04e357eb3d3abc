// The stretch of time in view: how fine it is asked for, and how zooming, panning and the cursor move.
import { serverNow } from '../../base/clock'

export interface Span {
    from: number
    to: number
}
const second = 1000
const minute = 60 * second
const day = 24 * 60 * minute
export const shortest = 30 * second
export const longest = 3660 * day
/** Below this raw samples are shown; the server gives at most 100,000 of a point. */
export const rawBelow = 15 * minute
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400]
const wanted = 700

/** Seconds of a step so that a chart has about as many as it has pixels to show; 0: raw. */
export function stepOf({ from, to }: Span): number {
    if (to - from <= rawBelow) return 0
    const rough = (to - from) / second / wanted
    return steps.find((step) => step >= rough) ?? 7 * 86_400
}

const whole = ({ from, to }: Span): Span => ({ from: Math.floor(from), to: Math.ceil(to) })
/** Never longer, shorter or later than there can be anything. */
export function bounded(span: Span, now = serverNow()): Span {
    const length = Math.min(longest, Math.max(shortest, span.to - span.from))
    const to = Math.min(span.from + length, now + minute)
    return whole({ from: to - length, to })
}

/** `factor` below 1 goes nearer; the moment `at` stays where it is. */
export function zoomed({ from, to }: Span, factor: number, at: number, now = serverNow()): Span {
    const length = Math.min(longest, Math.max(shortest, (to - from) * factor))
    const share = (at - from) / (to - from)
    return bounded({ from: at - share * length, to: at + (1 - share) * length }, now)
}

export const moved = ({ from, to }: Span, share: number, now = serverNow()): Span =>
    bounded({ from: from + share * (to - from), to: to + share * (to - from) }, now)
