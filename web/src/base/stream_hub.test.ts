import { beforeEach, afterEach, describe, expect, it, vi } from 'vitest'
import { type Hub, sharedStream } from './shared_stream'
import type { LiveEvent, LiveState, Source } from './stream'
import { type FromHub, StreamHub, type ToHub } from './stream_hub'

class FakeSource implements Source {
    readyState = 0
    private readonly listeners = new Map<string, (event: MessageEvent) => void>()
    constructor(readonly url: string) {}
    addEventListener(type: string, listener: (event: MessageEvent) => void) {
        this.listeners.set(type, listener)
    }
    close() {
        this.readyState = 2
    }
    emit(type: string, fields: Partial<MessageEvent> = {}) {
        this.listeners.get(type)?.(fields as MessageEvent)
    }
    opened(seq: number) {
        this.readyState = 1
        this.emit('open')
        this.emit('hello', { lastEventId: String(seq) })
    }
    happens(seq: number, type = 'alarm') {
        const data = JSON.stringify({ seq, type, id: 'a', action: 'edit', time: '' })
        this.emit(type, { lastEventId: String(seq), data })
    }
    breaks() {
        this.readyState = 2
        this.emit('error')
    }
}

let sources: FakeSource[]
let hub: StreamHub
let signedIn: boolean
const source = () => sources[sources.length - 1]!
const open = () => sources.filter((s) => s.readyState !== 2)

/** A tab: what its pages hear, in order. */
class Tab {
    heard: (number | 'reset' | 'ended')[] = []
    states: LiveState[] = []
    worker: Hub
    stream
    constructor(types = ['alarm', 'hazard']) {
        const port = {
            postMessage: (m: FromHub) => this.worker.port.onmessage?.({ data: m } as MessageEvent),
        }
        this.worker = {
            port: {
                onmessage: null,
                postMessage: (message: ToHub) => hub.receive(port, message),
                close: () => {},
            },
            onerror: null,
        }
        this.stream = sharedStream(
            {
                who: 'county',
                url: '/api/stream',
                types,
                open: (url) => {
                    sources.push(new FakeSource(url))
                    return source()
                },
                probe: () => Promise.resolve(),
                onEvent: (event: LiveEvent) => this.heard.push(event.seq),
                onReset: () => this.heard.push('reset'),
                onState: (state) => this.states.push(state),
                onEnded: () => this.heard.push('ended'),
            },
            this.worker,
        )
        this.stream.start()
    }
}
let pageEvents: EventTarget

beforeEach(() => {
    vi.useFakeTimers()
    pageEvents = new EventTarget()
    vi.stubGlobal('addEventListener', pageEvents.addEventListener.bind(pageEvents))
    vi.stubGlobal('removeEventListener', pageEvents.removeEventListener.bind(pageEvents))
    sources = []
    signedIn = true
    hub = new StreamHub({
        open: (url) => {
            sources.push(new FakeSource(url))
            return source()
        },
        probe: () => Promise.resolve(signedIn),
    })
})
afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
})

describe('one live stream for all tabs', () => {
    it('opens one connection for seven tabs, and each hears everything once and in order', () => {
        const tabs = Array.from({ length: 7 }, () => new Tab())
        source().opened(40)
        for (const seq of [41, 42, 43]) source().happens(seq)
        expect(sources).toHaveLength(1)
        for (const tab of tabs) expect(tab.heard).toEqual(['reset', 41, 42, 43])
        for (const tab of tabs) expect(tab.states.at(-1)).toBe('live')
    })

    it('tells who joins later to load, since nobody knows what he missed', () => {
        const first = new Tab()
        source().opened(40)
        source().happens(41)
        const second = new Tab()
        source().happens(42)
        expect(second.heard).toEqual(['reset', 42])
        expect(second.states.at(-1)).toBe('live')
        expect(first.heard).toEqual(['reset', 41, 42])
    })

    it('resumes for all after the last event, without a gap and without a reload', async () => {
        const tabs = [new Tab(), new Tab()]
        source().opened(40)
        source().happens(41)
        source().breaks()
        await vi.advanceTimersByTimeAsync(1000)
        expect(source().url).toBe('/api/stream?after=41')
        source().opened(41)
        source().happens(42)
        for (const tab of tabs) {
            expect(tab.heard).toEqual(['reset', 41, 42])
            expect(tab.states.slice(-3)).toEqual(['live', 'lost', 'live'])
        }
    })

    it('goes on when the tab that opened it is closed, and ends with the last', () => {
        const [first, second] = [new Tab(), new Tab()]
        source().opened(40)
        first.worker.port.postMessage({ say: 'leave' })
        source().happens(41)
        expect(first.heard).toEqual(['reset'])
        expect(second.heard).toEqual(['reset', 41])
        second.worker.port.postMessage({ say: 'leave' })
        expect(open()).toHaveLength(0)
    })

    it('begins anew for all when a tab wants types that nobody listened to', () => {
        const first = new Tab(['alarm'])
        source().opened(40)
        const second = new Tab(['alarm', 'permit'])
        expect(open()).toHaveLength(1)
        source().opened(40)
        source().happens(41, 'permit')
        expect(first.heard).toEqual(['reset', 'reset', 41])
        expect(second.heard).toEqual(['reset', 41])
    })

    it('ends for all when one signs out, and can begin again', () => {
        const [first, second] = [new Tab(), new Tab()]
        source().opened(40)
        first.stream.stop()
        expect(open()).toHaveLength(0)
        expect(first.heard).toEqual(['reset'])
        expect(second.heard).toEqual(['reset', 'ended'])
        const third = new Tab()
        source().opened(50)
        expect(third.heard).toEqual(['reset'])
    })

    it('ends for all when the server says that the session is gone', async () => {
        const tab = new Tab()
        source().opened(40)
        signedIn = false
        await vi.advanceTimersByTimeAsync(20_000)
        expect(tab.heard).toEqual(['reset', 'ended'])
        await vi.advanceTimersByTimeAsync(60_000)
        expect(sources).toHaveLength(1)
    })

    it('has a stream of its own where the hub cannot be started', () => {
        const tab = new Tab()
        hub = new StreamHub({ open: () => new FakeSource('dead'), probe: () => Promise.resolve(true) })
        sources = []
        tab.worker.onerror?.({} as ErrorEvent)
        expect(sources).toHaveLength(1)
        source().opened(1)
        source().happens(2)
        expect(tab.heard).toEqual(['reset', 2])
        tab.stream.stop()
        expect(open()).toHaveLength(0)
    })

    it('leaves the hub when its page goes, and loads again when it is brought back', () => {
        const tab = new Tab()
        const other = new Tab()
        source().opened(40)
        pageEvents.dispatchEvent(new Event('pagehide'))
        expect(open()).toHaveLength(0)
        source().happens(41)
        expect(tab.heard).toEqual(['reset'])
        pageEvents.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
        source().opened(41)
        source().happens(42)
        expect(tab.heard).toEqual(['reset', 'reset', 42])
        expect(other.heard).toEqual(['reset', 'reset', 42])
    })
})
