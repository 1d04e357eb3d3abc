import { describe, expect, it } from 'vitest'
import { fileOf } from './file'
import type { RecordType, Schema } from './types'

const ref = (name: string) => ({ name, kind: 'ref' as const, title: { zh: name }, type: 'enterprise' })
const type = (name: string, pack: string, more: Partial<RecordType> = {}): RecordType => ({
    name,
    pack,
    title: { zh: name },
    has_flow: true,
    key: null,
    fields: [ref('enterprise'), ref('subject')],
    states: [
        { name: 'open', title: { zh: '在办' } },
        { name: 'closed', title: { zh: '办结' }, final: true },
    ],
    ...more,
})
const schema: Schema = {
    types: [
        type('point', 'core', { key: 'code' }),
        type('permit', 'permit'),
        type('order', 'law'),
        type('case', 'law'),
    ],
    codes: {},
    roles: [],
    packs: [{ pack: 'law', title: { zh: '执法' }, version: 1 }],
}
const use = (name: string, count: number, open: number, field = 'enterprise') => ({
    type: name,
    field,
    count,
    open,
})

describe('the file of a record', () => {
    it('gathers by pack, with what is open first', () => {
        const file = fileOf(schema, [use('permit', 3, 1), use('order', 2, 0), use('case', 5, 4)])
        expect(file.map((p) => p.pack)).toEqual(['permit', 'law'])
        expect(file[1]!.title).toEqual({ zh: '执法' })
        expect(file[1]!.rows.map((r) => [r.type.name, r.count, r.open])).toEqual([
            ['case', 5, 4],
            ['order', 2, 0],
        ])
    })

    it('does not call things open that only stand there', () => {
        expect(fileOf(schema, [use('point', 26, 26)])[0]!.rows[0]!.open).toBe(0)
    })

    it('says by which field when there are several, and leaves out what it does not know', () => {
        const [law] = fileOf(schema, [use('case', 1, 1), use('case', 2, 0, 'subject'), use('gone', 9, 9)])
        expect(law!.rows.map((r) => [r.field.name, r.via])).toEqual([
            ['enterprise', true],
            ['subject', true],
        ])
    })
})
