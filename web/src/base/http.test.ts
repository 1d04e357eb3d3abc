import { afterEach, describe, expect, it, vi } from 'vitest'
import { call, newKey } from './http'

afterEach(() => vi.unstubAllGlobals())

describe('a call', () => {
    const answered = (status: number, body: unknown) =>
        vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })))

    it('carries the key of its form, and none where there is none', async () => {
        const fetch = answered(201, { id: 'x' })
        vi.stubGlobal('fetch', fetch)
        const key = newKey()
        await call('POST', '/api/records/hazard', { body: {}, key })
        await call('POST', '/api/records/hazard', { body: {} })
        const headers = fetch.mock.calls
            .map((one) => (one as unknown[])[1] as RequestInit)
            .map((i) => i.headers)
        expect(headers[0]).toMatchObject({ 'Idempotency-Key': key })
        expect(headers[1]).not.toHaveProperty('Idempotency-Key')
    })

    it('has keys that nobody guesses and the server takes', () => {
        const keys = new Set(Array.from({ length: 100 }, newKey))
        expect(keys.size).toBe(100)
        for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/)
    })
})
