import { describe, expect, it } from 'vitest'
import { rowDiff } from './row_diff'
import type { Field } from './types'

const fields: Field[] = [
    { name: 'what', kind: 'text', title: { zh: '名称' } },
    { name: 'amount', kind: 'money', title: { zh: '金额' } },
]
const a = { what: '阀门', amount: 100 }
const b = { what: '法兰', amount: 20 }
const c = { what: '垫片', amount: 5 }
const told = (old: object[], now: object[]) =>
    rowDiff(fields, old as Record<string, unknown>[], now as Record<string, unknown>[]).map(
        ({ kind, index, cells }) =>
            `${kind} ${index} ${cells.map((cell) => `${cell.field.name}:${cell.old ?? ''}>${cell.now ?? ''}`).join(' ')}`,
    )

describe('rows that changed', () => {
    it('says nothing of rows that stayed', () => expect(told([a, b], [a, b])).toEqual([]))
    it('finds a row that was put between others', () =>
        expect(told([a, b], [a, c, b])).toEqual(['added 1 what:>垫片 amount:>5']))
    it('finds a row that went', () =>
        expect(told([a, c, b], [a, b])).toEqual(['removed 1 what:垫片> amount:5>']))
    it('tells the cell of a row that was changed', () =>
        expect(told([a, b], [a, { ...b, amount: 30 }])).toEqual(['changed 1 amount:20>30']))
    it('knows rows whose members stand in another order', () =>
        expect(told([a], [{ amount: 100, what: '阀门' }])).toEqual([]))
    it('begins and ends with no rows', () => {
        expect(told([], [a])).toEqual(['added 0 what:>阀门 amount:>100'])
        expect(told([a], [])).toEqual(['removed 0 what:阀门> amount:100>'])
    })
})
