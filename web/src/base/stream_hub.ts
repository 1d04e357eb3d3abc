// One live connection for all tabs of a browser: browsers allow six connections to a host over HTTP/1.1, and a live stream keeps one.
//
// The hub lives in a shared worker (stream_worker.ts) and holds one Stream; each tab has a port to it. What Stream promises to one
// page, the hub promises to each tab: every event once, in order, from the moment it joined, or a `reset`. A tab that joins while the
// stream is under way is told to load its lists, since nobody knows what it missed before. When the session ends, all are told so.
import { type LiveEvent, type LiveState, type Source, Stream } from './stream'

export type ToHub = { say: 'join'; url: string; types: string[] } | { say: 'leave' } | { say: 'end' }
export type FromHub =
    | { say: 'event'; event: LiveEvent }
    | { say: 'reset' }
    | { say: 'state'; state: LiveState }
    | { say: 'ended' }

export interface HubPort {
    postMessage(message: FromHub): void
}
export interface HubOptions {
    open: (url: string) => Source
    /** Resolves when the server answers, with whether there is still a session; rejects when it does not answer. */
    probe: () => Promise<boolean>
}

export class StreamHub {
    private readonly ports = new Set<HubPort>()
    private stream: Stream | null = null
    private types = new Set<string>()
    private state: LiveState = 'off'
    /** Whether the stream has been open: who joins later has missed something. */
    private opened = false

    constructor(private readonly options: HubOptions) {}

    receive(port: HubPort, message: ToHub) {
        if (message.say === 'join') this.join(port, message.url, message.types)
        else if (message.say === 'leave') this.leave(port)
        else this.end()
    }

    private join(port: HubPort, url: string, types: string[]) {
        this.ports.add(port)
        const unknown = types.some((type) => !this.types.has(type))
        if (this.stream && !unknown) {
            port.postMessage({ say: 'state', state: this.state })
            if (this.opened) port.postMessage({ say: 'reset' })
            return
        }
        this.stream?.stop()
        this.types = new Set([...this.types, ...types])
        this.opened = false
        this.stream = this.begin(url)
        this.stream.start()
    }

    private leave(port: HubPort) {
        this.ports.delete(port)
        if (this.ports.size === 0) this.drop()
    }

    private begin(url: string) {
        return new Stream({
            url,
            types: [...this.types],
            open: this.options.open,
            probe: () =>
                this.options.probe().then((signedIn) => {
                    if (!signedIn) this.end()
                }),
            onEvent: (event) => this.tell({ say: 'event', event }),
            onReset: () => {
                this.opened = true
                this.tell({ say: 'reset' })
            },
            onState: (state) => {
                this.state = state
                this.tell({ say: 'state', state })
            },
        })
    }

    private tell(message: FromHub) {
        for (const port of [...this.ports]) port.postMessage(message)
    }

    private drop() {
        this.stream?.stop()
        this.stream = null
        this.types.clear()
    }

    /** Somebody signed out, or the server says that the session is gone. */
    private end() {
        this.drop()
        this.tell({ say: 'ended' })
        this.ports.clear()
    }
}
