import { describe, expect, it } from 'vitest'
import { chosenColumns, filterText, sortable } from './columns'
import type { RecordType } from './types'

const type: RecordType = {
    name: 'hazard',
    title: { zh: '隐患' },
    label: 'title',
    has_flow: true,
    sorts: ['created_at'],
    fields: [
        { name: 'title', kind: 'text', max: 200, title: { zh: '名称' } },
        { name: 'kind', kind: 'code', codes: 'kinds', title: { zh: '类别' } },
        { name: 'grade', kind: 'code', codes: 'grades', title: { zh: '等级' }, sort: true },
        { name: 'stop', kind: 'bool', title: { zh: '停' } },
        { name: 'items', kind: 'rows', fields: [], title: { zh: '清单' } },
    ],
}
const code = (code: string, parent?: string) => ({ code, title: { zh: code }, ...(parent ? { parent } : {}) })
const codes = {
    kinds: { title: { zh: '类别' }, items: [code('fire'), code('gas', 'fire')] },
    grades: { title: { zh: '等级' }, items: [code('major')] },
}

describe('filter in CQL2-text', () => {
    it('joins with AND and leaves out what is not asked', () => {
        expect(filterText({ state: 'reported', grade: '', kind: 'fire' })).toBe(
            "state = 'reported' AND kind = 'fire'",
        )
        expect(filterText({ state: '' })).toBeUndefined()
    })
    it('cannot be broken out of', () => {
        expect(filterText({ state: "x' OR 1=1 --" })).toBe("state = 'x'' OR 1=1 --'")
    })
    it('takes a code for its branch, a dash for nothing, and writes bools', () => {
        expect(filterText({ kind: 'fire', grade: 'major' }, type, codes)).toBe(
            "kind UNDER 'fire' AND grade = 'major'",
        )
        expect(filterText({ grade: '-', stop: 'true' }, type, codes)).toBe('grade IS NULL AND stop = TRUE')
    })
})

describe('columns', () => {
    const names = (cols: string) => chosenColumns(type, cols).map((field) => field.name)
    it('are those that somebody chose, else those that tell records apart', () => {
        expect(names('')).toEqual(['kind', 'grade', 'stop'])
        expect(names('stop,kind')).toEqual(['kind', 'stop'])
    })
    it('never are what does not fit into a cell, whatever the address says', () =>
        expect(names('items,nothing')).toEqual(['kind', 'grade', 'stop']))
    it('sort where the server does it quickly', () => {
        expect(['grade', 'created_at', 'kind'].map((name) => sortable(type, name))).toEqual([
            true,
            true,
            false,
        ])
    })
})
