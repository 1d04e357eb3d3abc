// The live connection: one EventSource, kept alive.
//
// The browser itself reconnects after a dropped connection and sends Last-Event-ID. It gives up for good when the server answers
// with an error (restart behind a proxy, 503), and it never notices a connection that died silently; both are handled here.
// Promise to the pages: every event once, in order; when that cannot be promised (the server said `reset`, or the connection
// broke before the server told us where we are) `onReset` asks them to load their lists again.

export interface LiveEvent {
    seq: number
    time: string
    type: string
    id: string
    action: string
    from?: string
    to?: string
    record?: unknown
}

export type LiveState = 'off' | 'connecting' | 'live' | 'lost'

/** The part of EventSource that is used; tests give their own. */
export interface Source {
    readyState: number
    addEventListener(type: string, listener: (event: MessageEvent) => void): void
    close(): void
}

export interface StreamOptions {
    url: string
    /** Event names to listen to: the names of the record types. */
    types: string[]
    open: (url: string) => Source
    /** Resolves when the server answers; rejects when it does not. */
    probe: () => Promise<unknown>
    onEvent: (event: LiveEvent) => void
    onReset: () => void
    onState: (state: LiveState) => void
}

export interface LiveStream {
    start(): void
    stop(): void
}

const closed = 2
const firstDelayMs = 1000
const longestDelayMs = 15_000
const quietMs = 20_000

export class Stream implements LiveStream {
    private source: Source | null = null
    private lastSeq: number | null = null
    private state: LiveState = 'off'
    private failures = 0
    private retryTimer: ReturnType<typeof setTimeout> | undefined
    private quietTimer: ReturnType<typeof setTimeout> | undefined

    constructor(private readonly options: StreamOptions) {}

    start() {
        if (this.state === 'off') this.connect()
    }

    stop() {
        this.drop()
        this.lastSeq = null
        this.failures = 0
        this.become('off')
    }

    private drop() {
        clearTimeout(this.retryTimer)
        clearTimeout(this.quietTimer)
        this.source?.close()
        this.source = null
    }

    private become(state: LiveState) {
        if (this.state === state) return
        this.state = state
        this.options.onState(state)
    }

    private connect() {
        const { url, types, open } = this.options
        if (this.state !== 'lost') this.become('connecting')
        const source = open(this.lastSeq === null ? url : `${url}?after=${this.lastSeq}`)
        this.source = source
        const mine = (handler: (event: MessageEvent) => void) => (event: MessageEvent) => {
            if (this.source === source) handler(event)
        }
        source.addEventListener('open', mine(this.opened))
        source.addEventListener('error', mine(this.failed))
        source.addEventListener('reset', mine(this.reset))
        source.addEventListener('hello', mine(this.greeted))
        for (const type of types) source.addEventListener(type, mine(this.received))
    }

    private readonly opened = () => {
        this.failures = 0
        this.become('live')
        this.listenQuietly()
        if (this.lastSeq === null) this.options.onReset()
    }

    /** Says where the stream begins, so that it can be resumed also before its first event. */
    private readonly greeted = (message: MessageEvent) => {
        if (message.lastEventId && this.lastSeq === null) this.lastSeq = Number(message.lastEventId)
    }

    private readonly received = (message: MessageEvent) => {
        const event = JSON.parse(String(message.data)) as LiveEvent
        const seq = Number(message.lastEventId || event.seq)
        this.become('live')
        this.listenQuietly()
        if (this.lastSeq !== null && seq <= this.lastSeq) return
        this.lastSeq = seq
        this.options.onEvent(event)
    }

    private readonly reset = (message: MessageEvent) => {
        if (message.lastEventId) this.lastSeq = Number(message.lastEventId)
        this.options.onReset()
    }

    private readonly failed = () => {
        this.become('lost')
        clearTimeout(this.quietTimer)
        if (this.source?.readyState === closed) this.retryLater()
    }

    private retryLater() {
        this.drop()
        const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** this.failures++)
        this.retryTimer = setTimeout(() => {
            this.options.probe().then(
                () => this.state !== 'off' && !this.source && this.connect(),
                () => this.state !== 'off' && !this.source && this.retryLater(),
            )
        }, delay)
    }

    /** The server's beats are comments, which EventSource hides; so after a quiet time ask whether it is still there. */
    private listenQuietly() {
        clearTimeout(this.quietTimer)
        this.quietTimer = setTimeout(() => {
            const asked = this.source
            this.options.probe().then(
                () => this.source === asked && this.state === 'live' && this.listenQuietly(),
                () => {
                    if (this.source !== asked || this.state === 'off') return
                    this.become('lost')
                    this.retryLater()
                },
            )
        }, quietMs)
    }
}
