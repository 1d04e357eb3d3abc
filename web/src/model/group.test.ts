import { describe, expect, it } from 'vitest'
import { afterStale, groupAlarms, passes } from './group'
import type { Alarm } from './types'

let serial = 0
const alarm = (extra: Partial<Alarm>): Alarm => ({
    id: `a${++serial}`,
    type: 'alarm',
    version: 1,
    state: 'unacknowledged',
    point: 'T1',
    point_name: '储罐温度',
    enterprise: '320412001',
    condition: 'high',
    level: 'H',
    priority: '2',
    onset: '2026-11-23T10:00:00+08:00',
    ...extra,
})

describe('grouping', () => {
    it('collapses occurrences of one condition at one point, and keeps other conditions apart', () => {
        const groups = groupAlarms([
            alarm({ onset: '2026-11-23T09:00:00+08:00', state: 'returned' }),
            alarm({ onset: '2026-11-23T10:00:00+08:00' }),
            alarm({ condition: 'stale' }),
            alarm({ point: 'T2' }),
        ])
        expect(groups.map((g) => [g.key, g.items.length]).sort()).toEqual([
            ['T1|high', 2],
            ['T1|stale', 1],
            ['T2|high', 1],
        ])
        expect(groups.find((g) => g.key === 'T1|high')!.firstOnset).toBe('2026-11-23T09:00:00+08:00')
    })

    it('shows the unacknowledged occurrence although an acknowledged one is newer', () => {
        const old = alarm({ onset: '2026-11-23T09:00:00+08:00', state: 'returned' })
        const group = groupAlarms([alarm({ state: 'acknowledged' }), old])[0]!
        expect(group.head.id).toBe(old.id)
        expect(group.unacknowledged).toEqual([old])
    })

    it('orders by unacknowledged, priority, newest: as the server does', () => {
        const list = [
            alarm({ id: 'acked1', point: 'A', priority: '1', state: 'acknowledged' }),
            alarm({ id: 'two-old', point: 'B', onset: '2026-11-23T08:00:00+08:00' }),
            alarm({ id: 'two-new', point: 'C' }),
            alarm({ id: 'one', point: 'D', priority: '1', onset: '2026-11-23T07:00:00+08:00' }),
        ]
        expect(groupAlarms(list).map((g) => g.head.id)).toEqual(['one', 'two-new', 'two-old', 'acked1'])
    })
})

describe('filter', () => {
    const open = { state: 'open' as const, priorities: [], text: '', enterprise: '' }
    it('open leaves out normal and shelved', () => {
        expect(passes(alarm({ state: 'normal' }), open)).toBe(false)
        expect(passes(alarm({ state: 'shelved' }), open)).toBe(false)
        expect(passes(alarm({ state: 'returned' }), open)).toBe(true)
    })
    it('text looks at point and enterprise names, all words', () => {
        const a = alarm({ _labels: { enterprise: '澄江化工' } })
        expect(passes(a, { ...open, text: '澄江 温度' })).toBe(true)
        expect(passes(a, { ...open, text: '澄江 压力' })).toBe(false)
    })
    it('priorities', () => {
        expect(passes(alarm({ priority: '2' }), { ...open, priorities: ['1'] })).toBe(false)
        expect(passes(alarm({ priority: '2' }), { ...open, priorities: ['1', '2'] })).toBe(true)
    })
})

describe('an alarm that changed before it was acknowledged', () => {
    const seen = alarm({ level: 'H', priority: '2' })
    it('is acknowledged again when it is the same danger', () => {
        expect(afterStale(seen, { ...seen, version: 2, worst_value: 9 })).toBe('again')
        expect(afterStale(seen, { ...seen, version: 2, state: 'returned' })).toBe('again')
    })
    it('must be looked at when the level rose', () => {
        expect(afterStale(seen, { ...seen, version: 2, level: 'HH' })).toBe('look')
        expect(afterStale(seen, { ...seen, version: 2, priority: '1' })).toBe('look')
    })
    it('is left alone when someone else acknowledged it', () => {
        expect(afterStale(seen, { ...seen, version: 2, state: 'acknowledged' })).toBe('done')
    })
})
