import { beforeEach, describe, expect, it, vi } from 'vitest'
import { dropDraft, emptyDraft, keepDraft, readDraft, reportOf } from './draft'

const room = { left: Infinity }
beforeEach(() => {
    const kept = new Map<string, string>()
    room.left = Infinity
    vi.stubGlobal('localStorage', {
        getItem: (key: string) => kept.get(key) ?? null,
        removeItem: (key: string) => kept.delete(key),
        setItem: (key: string, text: string) => {
            if (text.length > room.left) throw new Error('full')
            kept.set(key, text)
        },
    })
})

describe('a report that is not sent yet', () => {
    const draft = {
        ...emptyDraft(),
        values: { what: '阀门漏', phone: '1' },
        photos: { photos: ['x'.repeat(500)] },
    }

    it('survives leaving the page, and is gone when dropped', () => {
        expect(keepDraft('tip', draft)).toBe(true)
        expect(readDraft('tip')).toEqual(draft)
        dropDraft('tip')
        expect(readDraft('tip')).toEqual({ ...emptyDraft(), key: expect.any(String) })
    })

    it('goes out under one key until it is sent, and the next one under another', () => {
        keepDraft('tip', draft)
        expect(readDraft('tip').key).toBe(draft.key)
        expect(draft.key).toMatch(/^[0-9a-f]{32}$/)
        expect(emptyDraft().key).not.toBe(draft.key)
    })

    it('keeps the words when there is no room for the photos, and says so', () => {
        room.left = 200
        expect(keepDraft('tip', draft)).toBe(false)
        expect(readDraft('tip').values).toEqual(draft.values)
        expect(readDraft('tip').photos).toEqual({})
    })

    it('does not send who it is unless he wants to be known', () => {
        const fields = [{ name: 'what' }, { name: 'phone', secret: true }, { name: 'address' }]
        expect(reportOf(draft, fields)).toEqual({ what: '阀门漏' })
        expect(reportOf({ ...draft, named: true }, fields)).toEqual({ what: '阀门漏', phone: '1' })
    })
})
