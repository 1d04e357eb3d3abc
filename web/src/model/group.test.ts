import { describe, expect, it } from 'vitest'
import { afterStale, deskRows, groupAlarms, passes } from './group'
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

describe('sections of the desk', () => {
    const list = [
        alarm({ point: 'A1', enterprise: 'one', priority: '3', flood: 'f1' }),
        alarm({ point: 'A2', enterprise: 'one', priority: '4', condition: 'stale' }),
        alarm({ point: 'B1', enterprise: 'two', priority: '1', rule: 'R1', rule_name: '联锁' }),
        alarm({
            point: 'B1',
            enterprise: 'two',
            priority: '1',
            rule: 'R1',
            onset: '2026-11-23T11:00:00+08:00',
        }),
    ]
    const draw = (by: 'plant' | 'cause' | 'flood', folded: string[] = []) =>
        deskRows(groupAlarms(list), by, new Set(folded)).map((row) =>
            row.kind === 'section' ? `${row.section.key || '-'} ${row.section.alarms}` : row.group.head.point,
        )

    it('gathers by plant, the plant with the most pressing alarm first, and counts occurrences', () => {
        expect(draw('plant')).toEqual(['two 2', 'B1', 'one 2', 'A1', 'A2'])
    })

    it('gathers by cause: what people entered, then the rule, then the condition', () => {
        expect(draw('cause')).toEqual([
            'rule:R1 2',
            'B1',
            'condition:high 1',
            'A1',
            'condition:stale 1',
            'A2',
        ])
        expect(
            deskRows(groupAlarms([alarm({ cause_code: 'leak', rule: 'R1' })]), 'cause', new Set())[0]!.key,
        ).toBe('section:cause:leak')
    })

    it('puts floods before alarms outside of them, however urgent', () => {
        expect(draw('flood')).toEqual(['f1 1', 'A1', '- 3', 'B1', 'A2'])
    })

    it('folds a section but keeps its heading and its counts', () => {
        expect(draw('plant', ['two'])).toEqual(['two 2', 'one 2', 'A1', 'A2'])
    })
})

describe('lists of the desk', () => {
    const seen = (state: string) =>
        (['open', 'shelved', 'suppressed', 'out_of_service', 'closing'] as const).filter((list) =>
            passes(alarm({ state }), { state: list, priorities: [], text: '', enterprise: '' }),
        )
    it('every state but the closed one stands in exactly one list', () => {
        expect(seen('normal')).toEqual([])
        expect(seen('suppressed')).toEqual(['suppressed'])
        expect(seen('out_of_service')).toEqual(['out_of_service'])
        expect(seen('to_close')).toEqual(['closing'])
        expect(seen('to_review')).toEqual(['closing'])
        expect(seen('latched_acknowledged')).toEqual(['open'])
        expect(seen('shelved')).toEqual(['shelved'])
    })
})
