import { describe, expect, it, vi } from 'vitest'
import { Problem } from '../base/http'
import { oldViews, useViews, type View } from './views'

const own: View = { id: 'v1', type: 'hazard', name: '我的', query: { q: '阀' }, own: true }
const shared: View = {
    id: 'v2',
    type: 'hazard',
    name: '重大',
    query: { filter: 'x' },
    role: 'county_duty',
    own: false,
}

function server(answers: unknown[]) {
    const ask = vi.fn((..._call: unknown[]) => {
        const answer = answers.shift()
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    })
    return { ask, views: useViews(ask as never) }
}

describe('saved views', () => {
    it('come from the server, for one type', async () => {
        const { ask, views } = server([{ items: [own, shared] }])
        await views.load('hazard')
        expect(ask).toHaveBeenCalledWith('GET', '/api/views', { query: { type: 'hazard' } })
        expect(views.views.value).toEqual([own, shared])
    })

    it('are made once, and written over under the same name', async () => {
        const { ask, views } = server([{ items: [] }, own, { ...own, query: { q: '泵' } }])
        await views.load('hazard')
        expect(await views.save({ type: 'hazard', name: '我的', query: { q: '阀' } })).toBe(true)
        expect(ask.mock.calls[1]!.slice(0, 2)).toEqual(['POST', '/api/views'])
        expect((ask.mock.calls[1]![2] as { key: string }).key).toMatch(/^[0-9a-f]{32}$/)
        await views.save({ type: 'hazard', name: '我的', query: { q: '泵' } })
        expect(ask.mock.calls[2]).toEqual([
            'PATCH',
            '/api/views/v1',
            { body: { query: { q: '泵' }, role: null } },
        ])
        expect(views.views.value).toEqual([{ ...own, query: { q: '泵' } }])
    })

    it('of others are not written over', async () => {
        const { ask, views } = server([{ items: [shared] }, { ...own, name: '重大' }])
        await views.load('hazard')
        await views.save({ type: 'hazard', name: '重大', query: {} })
        expect(ask.mock.calls[1]![0]).toBe('POST')
        expect(views.views.value).toHaveLength(2)
    })

    it('stay when the server refuses, and the refusal is told', async () => {
        const no = new Problem({ id: 'right.scope', status: 403 })
        const { views } = server([{ items: [own] }, no])
        await views.load('hazard')
        await views.drop(own)
        expect(views.views.value).toEqual([own])
        expect(views.problem.value?.id).toBe('right.scope')
    })

    it('of a former version are brought to the server and then forgotten', async () => {
        const kept = new Map([
            [
                'anlan.views.li',
                JSON.stringify([{ type: 'hazard', title: '旧', query: { q: 'x' } }, { no: 1 }]),
            ],
        ])
        const store = {
            getItem: (k: string) => kept.get(k) ?? null,
            removeItem: (k: string) => void kept.delete(k),
        }
        expect(oldViews(store, 'li')).toHaveLength(1)
        const { ask, views } = server([own])
        await views.bring(store, 'li')
        expect(ask.mock.calls[0]![2]).toMatchObject({
            body: { type: 'hazard', name: '旧', query: { q: 'x' } },
        })
        expect(kept.size).toBe(0)
        expect(oldViews({ ...store, getItem: () => '{' }, 'li')).toEqual([])
    })
})
