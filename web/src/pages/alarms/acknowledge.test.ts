import { describe, expect, it, vi } from 'vitest'
import { Problem } from '../../base/http'
import type { Alarm } from '../../model/types'
import { acknowledgeAll } from './acknowledge'

const alarm = (id: string, extra: Partial<Alarm> = {}): Alarm => ({
    id,
    type: 'alarm',
    version: 1,
    state: 'unacknowledged',
    point: 'T1',
    enterprise: 'e',
    condition: 'high',
    level: 'H',
    priority: '2',
    onset: '2026-11-23T10:00:00+08:00',
    ...extra,
})
const stale = (current: Alarm) => new Problem({ id: 'version.stale', status: 412, current })
const never = vi.fn(() => Promise.reject(new Error('not asked')))

describe('acknowledging', () => {
    it('goes on with the new version when only figures changed', async () => {
        const post = vi.fn((a: Alarm) =>
            a.version === 1
                ? Promise.reject(stale(alarm('a', { version: 2 })))
                : Promise.resolve({ ...a, state: 'acknowledged' }),
        )
        const outcome = await acknowledgeAll([alarm('a')], post, never)
        expect(post.mock.calls.map(([a]) => a.version)).toEqual([1, 2])
        expect(outcome.done.map((a) => a.state)).toEqual(['acknowledged'])
    })

    it('never acknowledges a level that nobody has seen', async () => {
        const post = vi.fn((_: Alarm) =>
            Promise.reject<Alarm>(stale(alarm('a', { version: 2, level: 'HH', priority: '1' }))),
        )
        const outcome = await acknowledgeAll([alarm('a')], post, never)
        expect(post).toHaveBeenCalledTimes(1)
        expect(outcome.look.map((a) => a.level)).toEqual(['HH'])
        expect(outcome.done).toEqual([])
    })

    it('takes "someone else was faster" as done, also when it comes as 409', async () => {
        const post = vi.fn((_: Alarm) =>
            Promise.reject<Alarm>(new Problem({ id: 'move.state', status: 409 })),
        )
        const fetch = vi.fn(() => Promise.resolve(alarm('a', { version: 3, state: 'acknowledged' })))
        const outcome = await acknowledgeAll([alarm('a')], post, fetch)
        expect(outcome.byOthers).toHaveLength(1)
        expect(outcome.failed).toBeNull()
    })

    it('stops at the first real failure and reports it', async () => {
        const post = vi.fn((_: Alarm) =>
            Promise.reject<Alarm>(new Problem({ id: 'move.forbidden', status: 403 })),
        )
        const outcome = await acknowledgeAll(
            Array.from({ length: 20 }, (_, i) => alarm(`a${i}`)),
            post,
            never,
        )
        expect(outcome.failed?.status).toBe(403)
        expect(post.mock.calls.length).toBeLessThanOrEqual(4)
    })
})
