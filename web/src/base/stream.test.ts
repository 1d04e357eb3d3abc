import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type LiveEvent, type LiveState, type Source, Stream } from './stream'

class FakeSource implements Source {
    readyState = 0
    closed = false
    private readonly listeners = new Map<string, ((event: MessageEvent) => void)[]>()
    constructor(readonly url: string) {}
    addEventListener(type: string, listener: (event: MessageEvent) => void) {
        this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener])
    }
    close() {
        this.closed = true
        this.readyState = 2
    }
    emit(type: string, fields: Partial<MessageEvent> = {}) {
        for (const listener of this.listeners.get(type) ?? []) listener(fields as MessageEvent)
    }
    opened() {
        this.readyState = 1
        this.emit('open')
    }
    alarm(seq: number) {
        this.emit('alarm', {
            lastEventId: String(seq),
            data: JSON.stringify({ seq, type: 'alarm', id: 'a', action: 'edit', time: '' }),
        })
    }
    /** The browser gives up (error answer) or tries again itself (dropped connection). */
    fails(readyState: 0 | 2) {
        this.readyState = readyState
        this.emit('error')
    }
}

let sources: FakeSource[]
let events: LiveEvent[]
let states: LiveState[]
let resets: number
let alive: boolean
let stream: Stream
const last = () => sources[sources.length - 1]!

beforeEach(() => {
    vi.useFakeTimers()
    sources = []
    events = []
    states = []
    resets = 0
    alive = true
    stream = new Stream({
        url: '/api/stream',
        types: ['alarm', 'hazard'],
        open: (url) => {
            sources.push(new FakeSource(url))
            return last()
        },
        probe: () => (alive ? Promise.resolve() : Promise.reject(new Error('down'))),
        onEvent: (event) => events.push(event),
        onReset: () => resets++,
        onState: (state) => states.push(state),
    })
    stream.start()
    last().opened()
})
afterEach(() => {
    stream.stop()
    vi.useRealTimers()
})

describe('live stream', () => {
    it('starts now and asks the pages to load once it is open, so nothing falls between', () => {
        expect(sources.map((s) => s.url)).toEqual(['/api/stream'])
        expect(resets).toBe(1)
        expect(states).toEqual(['connecting', 'live'])
    })

    it('resumes after the last event it saw when the browser gave up', async () => {
        last().alarm(41)
        last().alarm(42)
        last().fails(2)
        expect(states[states.length - 1]).toBe('lost')
        await vi.advanceTimersByTimeAsync(1000)
        expect(last().url).toBe('/api/stream?after=42')
        last().opened()
        expect(resets).toBe(1)
        expect(states[states.length - 1]).toBe('live')
    })

    it('leaves reconnecting to the browser while that tries, and drops what it has seen already', () => {
        last().alarm(41)
        last().fails(0)
        expect(states[states.length - 1]).toBe('lost')
        expect(sources).toHaveLength(1)
        last().opened()
        last().alarm(41)
        last().alarm(42)
        expect(events.map((e) => e.seq)).toEqual([41, 42])
    })

    it('asks for a reload when the connection broke before any event told where it was', async () => {
        last().fails(2)
        await vi.advanceTimersByTimeAsync(1000)
        expect(last().url).toBe('/api/stream')
        last().opened()
        expect(resets).toBe(2)
    })

    it('tells the pages to reload on reset and goes on from there', async () => {
        last().alarm(5)
        last().emit('reset', { lastEventId: '900' })
        expect(resets).toBe(2)
        last().fails(2)
        await vi.advanceTimersByTimeAsync(1000)
        expect(last().url).toBe('/api/stream?after=900')
    })

    it('waits longer and longer while the server is away, at most 15 s', async () => {
        alive = false
        last().fails(2)
        await vi.advanceTimersByTimeAsync(1000 + 2000 + 4000 + 8000 + 15_000)
        expect(sources).toHaveLength(1)
        alive = true
        await vi.advanceTimersByTimeAsync(15_000)
        expect(sources).toHaveLength(2)
    })

    it('notices a connection that died without a word', async () => {
        last().alarm(7)
        alive = false
        await vi.advanceTimersByTimeAsync(20_000)
        expect(states[states.length - 1]).toBe('lost')
        expect(sources[0]!.closed).toBe(true)
        alive = true
        await vi.advanceTimersByTimeAsync(2000)
        expect(last().url).toBe('/api/stream?after=7')
    })

    it('stays quiet about a quiet server that answers', async () => {
        await vi.advanceTimersByTimeAsync(120_000)
        expect(sources).toHaveLength(1)
        expect(states[states.length - 1]).toBe('live')
    })

    it('is silent after stop', async () => {
        const old = last()
        stream.stop()
        old.alarm(99)
        await vi.advanceTimersByTimeAsync(60_000)
        expect(events).toEqual([])
        expect(sources).toHaveLength(1)
        expect(old.closed).toBe(true)
    })
})
