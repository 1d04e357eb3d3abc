import { describe, expect, it } from 'vitest'
import { followers } from './related'
import type { Field, RecordType } from './types'

const ref = (name: string, type: string, extra: Partial<Field> = {}): Field => ({
    name,
    kind: 'ref',
    type,
    title: { zh: name },
    ...extra,
})
const type = (name: string, fields: Field[], create = true): RecordType => ({
    name,
    title: { zh: name },
    has_flow: false,
    fields,
    rights: { create },
})
const order = type('order', [ref('enterprise', 'enterprise'), ref('officer', 'officer')])
const record = { id: 'R1', type: 'order', version: 1, enterprise: 'E1', officer: 'Z1' }

describe('what may follow a record', () => {
    it('is a type that names it, with the references both have', () => {
        const paper = type('paper', [ref('order', 'order'), ref('enterprise', 'enterprise')])
        expect(followers([order, paper], order, record)).toEqual([
            { type: paper, values: { order: 'R1', enterprise: 'E1' } },
        ])
    })
    it('is nothing that the caller may not make, that moves fill in, or that only has the same name', () => {
        const closed = type('closed', [ref('order', 'order')], false)
        const later = type('later', [ref('order', 'order', { by_move: true })])
        const other = type('other', [ref('order', 'shop_order')])
        expect(followers([closed, later, other, order], order, record)).toEqual([])
    })
    it('copies no reference of another type under the same name', () => {
        const paper = type('paper', [ref('order', 'order'), ref('officer', 'user')])
        expect(followers([paper], order, record)[0]!.values).toEqual({ order: 'R1' })
    })
})
