// The live connection of this tab: by the hub that all tabs share, or, where a browser has no shared workers or the hub cannot be
// started, one of its own.
import { type LiveStream, Stream, type StreamOptions } from './stream'
import type { FromHub, ToHub } from './stream_hub'

export interface SharedOptions extends StreamOptions {
    /** Whose events: tabs share a hub only when they are signed in as the same person. */
    who: string
    /** The session is gone. */
    onEnded: () => void
}

export interface Hub {
    port: {
        postMessage(message: ToHub): void
        onmessage: ((event: MessageEvent) => void) | null
        close(): void
    }
    onerror: ((event: ErrorEvent) => void) | null
}

function findHub(who: string): Hub | null {
    if (typeof SharedWorker === 'undefined') return null
    try {
        return new SharedWorker(new URL('./stream_worker.ts', import.meta.url), {
            type: 'module',
            name: `anlan.stream.${who}`,
        })
    } catch {
        return null
    }
}

class HubStream implements LiveStream {
    private instead: Stream | null = null
    private on = false
    constructor(
        private readonly hub: Hub,
        private readonly options: SharedOptions,
    ) {
        hub.port.onmessage = ({ data }) => this.on && this.hear(data as FromHub)
        hub.onerror = () => this.alone()
    }

    private hear(message: FromHub) {
        const { onEvent, onReset, onState, onEnded } = this.options
        if (message.say === 'event') onEvent(message.event)
        else if (message.say === 'reset') onReset()
        else if (message.say === 'state') onState(message.state)
        else {
            this.on = false
            onEnded()
        }
    }

    private readonly join = () => {
        this.on = true
        this.hub.port.postMessage({ say: 'join', url: this.options.url, types: this.options.types })
    }
    /** A page that goes, or is put aside by the browser, must not stay on the hub's list. */
    private readonly away = () => {
        this.on = false
        this.hub.port.postMessage({ say: 'leave' })
    }
    private readonly back = (event: PageTransitionEvent) => {
        if (event.persisted) this.join()
    }

    start() {
        addEventListener('pagehide', this.away)
        addEventListener('pageshow', this.back)
        this.options.onState('connecting')
        this.join()
    }

    /** The hub cannot be started. */
    private alone() {
        if (this.instead || !this.on) return
        this.on = false
        this.instead = new Stream(this.options)
        this.instead.start()
    }

    stop() {
        removeEventListener('pagehide', this.away)
        removeEventListener('pageshow', this.back)
        this.instead?.stop()
        this.instead = null
        const joined = this.on
        this.on = false
        if (joined) this.hub.port.postMessage({ say: 'end' })
        this.hub.port.close()
        this.options.onState('off')
    }
}

/** `hub`: tests give their own. */
export function sharedStream(options: SharedOptions, hub: Hub | null = findHub(options.who)): LiveStream {
    return hub ? new HubStream(hub, options) : new Stream(options)
}
