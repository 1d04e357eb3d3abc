// The alarm desk's list: occurrences of the same condition at the same point become one row with a count.
import { toMs } from '../base/clock'
import type { Alarm } from './types'

export interface AlarmGroup {
    key: string
    /** The occurrence that needs attention most; the row shows it. */
    head: Alarm
    /** All, most pressing first. */
    items: Alarm[]
    unacknowledged: Alarm[]
    firstOnset: string
}

const unacknowledgedStates = new Set(['unacknowledged', 'returned', 'latched'])

export const isUnacknowledged = (alarm: Alarm) => unacknowledgedStates.has(alarm.state ?? '')
const openStates = new Set([...unacknowledgedStates, 'acknowledged', 'latched_acknowledged'])
export const isOpen = (alarm: Alarm) => openStates.has(alarm.state ?? '')
/** A lost contact is an alarm of the enterprise: it has no point. */
export const groupKey = (alarm: Alarm) => `${alarm.point || alarm.enterprise}|${alarm.condition}`

/** The server's order: unacknowledged first, then priority, then newest. */
export function byUrgency(a: Alarm, b: Alarm): number {
    return (
        Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
        Number(a.priority) - Number(b.priority) ||
        (toMs(b.onset) ?? 0) - (toMs(a.onset) ?? 0) ||
        (a.id < b.id ? -1 : 1)
    )
}

export function groupAlarms(alarms: Iterable<Alarm>): AlarmGroup[] {
    const groups = new Map<string, Alarm[]>()
    for (const alarm of alarms) {
        const key = groupKey(alarm)
        const group = groups.get(key)
        if (group) group.push(alarm)
        else groups.set(key, [alarm])
    }
    return [...groups].map(([key, items]) => groupOf(key, items)).sort((a, b) => byUrgency(a.head, b.head))
}

function groupOf(key: string, items: Alarm[]): AlarmGroup {
    items.sort(byUrgency)
    return {
        key,
        head: items[0]!,
        items,
        unacknowledged: items.filter(isUnacknowledged),
        firstOnset: items.reduce((first, a) => (a.onset < first ? a.onset : first), items[0]!.onset),
    }
}

export interface AlarmFilter {
    state: 'open' | 'shelved' | 'all'
    priorities: string[]
    text: string
    enterprise: string
}

export function passes(alarm: Alarm, filter: AlarmFilter): boolean {
    if (filter.state === 'open' && !isOpen(alarm)) return false
    if (filter.state === 'shelved' && alarm.state !== 'shelved') return false
    if (filter.priorities.length > 0 && !filter.priorities.includes(String(alarm.priority))) return false
    if (filter.enterprise && alarm.enterprise !== filter.enterprise) return false
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
    if (words.length === 0) return true
    const text = [alarm.point, alarm.point_name, alarm._labels?.['enterprise'], alarm.enterprise, alarm.level]
        .join(' ')
        .toLowerCase()
    return words.every((word) => text.includes(word))
}

/** What to do when the alarm changed between looking and acknowledging. */
export function afterStale(seen: Alarm, current: Alarm): 'again' | 'done' | 'look' {
    if (!isUnacknowledged(current)) return 'done'
    const sameDanger = seen.level === current.level && String(seen.priority) === String(current.priority)
    return sameDanger ? 'again' : 'look'
}
