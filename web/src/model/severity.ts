// How grave a place is, from its counters; the same for polygons, points and the side list.
import type { Counters, Place } from './types'

export type Severity = 1 | 2 | 3 | 4 | 'hazard' | 'calm'

export function severity(c: Counters): Severity {
    // An alarm without a known priority is still an alarm: it must not look calm.
    if (c.alarms_active + c.alarms_unacked > 0) return c.worst_priority ?? 4
    return c.hazards_overdue > 0 ? 'hazard' : 'calm'
}

/** The number on the badge: unacknowledged ones when there are any (solid), else those still active (hollow). */
export const badgeNumber = (c: Counters) => c.alarms_unacked || c.alarms_active

const rank = (c: Counters) => {
    const s = severity(c)
    return s === 'calm' ? 9 : s === 'hazard' ? 8 : s
}

export function byGravity(a: Place, b: Place): number {
    return (
        Number(b.alarms_unacked > 0) - Number(a.alarms_unacked > 0) ||
        rank(a) - rank(b) ||
        b.alarms_unacked - a.alarms_unacked ||
        b.alarms_active - a.alarms_active ||
        b.hazards_overdue - a.hazards_overdue ||
        b.enterprises - a.enterprises ||
        (a.code < b.code ? -1 : 1)
    )
}
