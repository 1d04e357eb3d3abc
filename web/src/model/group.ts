// The alarm desk's list: occurrences of the same condition at the same point become one row with a count.
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
/** The lists of the desk and the states that stand in each; `all` has every one. */
export const deskLists = {
    open: [...unacknowledgedStates, 'acknowledged', 'latched_acknowledged'],
    shelved: ['shelved'],
    suppressed: ['suppressed'],
    out_of_service: ['out_of_service'],
    closing: ['to_close', 'to_review'],
    all: null,
} as const
export type DeskList = keyof typeof deskLists
const openStates = new Set<string>(deskLists.open)
export const isOpen = (alarm: Alarm) => openStates.has(alarm.state ?? '')
/** A lost contact is an alarm of the enterprise: it has no point. */
export const groupKey = (alarm: Alarm) => `${alarm.point || alarm.enterprise}|${alarm.condition}`

/** The server's order: unacknowledged first, then priority, then newest. All its times are written alike, so they compare as text. */
export function byUrgency(a: Alarm, b: Alarm): number {
    return (
        Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
        Number(a.priority) - Number(b.priority) ||
        (a.onset > b.onset ? -1 : a.onset < b.onset ? 1 : a.id < b.id ? -1 : 1)
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
    state: DeskList
    priorities: string[]
    text: string
    enterprise: string
}

export function passes(alarm: Alarm, filter: AlarmFilter): boolean {
    const states: readonly string[] | null = deskLists[filter.state]
    if (states && !states.includes(alarm.state ?? '')) return false
    if (filter.priorities.length > 0 && !filter.priorities.includes(String(alarm.priority))) return false
    if (filter.enterprise && alarm.enterprise !== filter.enterprise) return false
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
    if (words.length === 0) return true
    const { point, point_name, enterprise, level, assignee, rule_name } = alarm
    const label = alarm._labels?.['enterprise']
    const text = [point, point_name, label, enterprise, level, assignee, rule_name].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
}

/** What to do when the alarm changed between looking and acknowledging. */
export function afterStale(seen: Alarm, current: Alarm): 'again' | 'done' | 'look' {
    if (!isUnacknowledged(current)) return 'done'
    const sameDanger = seen.level === current.level && String(seen.priority) === String(current.priority)
    return sameDanger ? 'again' : 'look'
}

/** How rows are gathered under headings: by plant, by what caused them, by the flood they belong to. */
export const sortings = ['none', 'plant', 'cause', 'flood'] as const
export type Sorting = (typeof sortings)[number]

export interface Section {
    key: string
    /** An alarm that speaks for the section: its enterprise, condition, rule or flood is that of all. */
    sample: Alarm
    groups: AlarmGroup[]
    unacknowledged: number
    alarms: number
}
export type DeskRow =
    | { kind: 'section'; key: string; section: Section }
    | { kind: 'group'; key: string; group: AlarmGroup }

/** What people entered goes before what the engine knows; a rule's name says more than its kind of condition. */
export const causeKey = (alarm: Alarm) =>
    alarm.cause_code
        ? `cause:${alarm.cause_code}`
        : alarm.rule
          ? `rule:${alarm.rule}`
          : `condition:${alarm.condition}`

const sectionKeys: Record<Exclude<Sorting, 'none'>, (alarm: Alarm) => string> = {
    plant: (alarm) => alarm.enterprise,
    cause: causeKey,
    flood: (alarm) => alarm.flood ?? '',
}

/** The list as it is drawn. Sections stand in the order of their most pressing alarm; those in no flood come last. */
export function deskRows(groups: AlarmGroup[], by: Sorting, folded: ReadonlySet<string>): DeskRow[] {
    if (by === 'none') return groups.map((group) => ({ kind: 'group', key: group.key, group }))
    const sections = new Map<string, Section>()
    for (const group of groups) {
        const key = sectionKeys[by](group.head)
        let section = sections.get(key)
        if (!section) {
            section = { key, sample: group.head, groups: [], unacknowledged: 0, alarms: 0 }
            sections.set(key, section)
        }
        section.groups.push(group)
        section.unacknowledged += group.unacknowledged.length
        section.alarms += group.items.length
    }
    const order = [...sections.values()]
    if (by === 'flood') order.sort((a, b) => Number(a.key === '') - Number(b.key === ''))
    return order.flatMap((section): DeskRow[] => [
        { kind: 'section', key: `section:${section.key}`, section },
        ...(folded.has(section.key)
            ? []
            : section.groups.map((group): DeskRow => ({ kind: 'group', key: group.key, group }))),
    ])
}
