import { describe, expect, it } from 'vitest'
import { type DraftStore, dropDraft, forgetDrafts, readDraft, typed, writeDraft } from './draft'
import type { Field } from './types'

function memory(): DraftStore & { all: Map<string, string> } {
    const all = new Map<string, string>()
    return {
        all,
        getItem: (key) => all.get(key) ?? null,
        setItem: (key, value) => void all.set(key, value),
        removeItem: (key) => void all.delete(key),
        key: (index) => [...all.keys()][index] ?? null,
        get length() {
            return all.size
        },
    }
}
const fields: Field[] = [
    { name: 'title', kind: 'text', title: { zh: '名称' } },
    { name: 'reporter', kind: 'text', secret: true, title: { zh: '举报人' } },
]
const day = 86_400_000
const draft = (values: Record<string, unknown>, comment = '') => ({ values, comment, at: 1000 })

describe('drafts', () => {
    it('come back to whoever wrote them, in the form they were written in', () => {
        const store = memory()
        writeDraft(store, 'wang', 'hazard/new', draft({ title: '漏' }, '急'), fields)
        expect(readDraft(store, 'wang', 'hazard/new', 2000)).toEqual(draft({ title: '漏' }, '急'))
        expect(readDraft(store, 'li', 'hazard/new', 2000)).toBeNull()
        expect(readDraft(store, 'wang', 'hazard/1/edit', 2000)).toBeNull()
        dropDraft(store, 'wang', 'hazard/new')
        expect(readDraft(store, 'wang', 'hazard/new', 2000)).toBeNull()
    })

    it('never hold what is secret, and are none when nothing was typed', () => {
        const store = memory()
        writeDraft(store, 'wang', 'f', draft({ title: '漏', reporter: '张三' }), fields)
        expect([...store.all.values()].join()).not.toContain('张三')
        writeDraft(store, 'wang', 'f', draft({ reporter: '张三' }), fields)
        expect(store.all.size).toBe(0)
    })

    it('lapse, and what cannot be read is none', () => {
        const store = memory()
        writeDraft(store, 'wang', 'f', draft({ title: '漏' }), fields)
        expect(readDraft(store, 'wang', 'f', 1000 + 31 * day)).toBeNull()
        store.setItem([...store.all.keys()][0]!, '{')
        expect(readDraft(store, 'wang', 'f', 2000)).toBeNull()
    })

    it('go with the log-out of their person, and no others do', () => {
        const store = memory()
        store.setItem('anlan.lang', 'en')
        for (const login of ['wang', 'wang2']) writeDraft(store, login, 'f', draft({ title: 'x' }), fields)
        forgetDrafts(store, 'wang')
        expect(readDraft(store, 'wang', 'f', 2000)).toBeNull()
        expect(readDraft(store, 'wang2', 'f', 2000)).not.toBeNull()
        expect(store.getItem('anlan.lang')).toBe('en')
    })

    it('hold only what differs from the start', () =>
        expect(typed({ a: 1, b: 'x', c: null }, { a: 1, b: 'y', c: '', d: [1] })).toEqual({ b: 'y', d: [1] }))
})
