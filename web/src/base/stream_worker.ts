// The shared worker in which stream_hub.ts lives; it ends with the last tab.
import { type FromHub, StreamHub, type ToHub } from './stream_hub'

const answerMs = 5000
const hub = new StreamHub({
    open: (url) => new EventSource(url),
    probe: async () => {
        const init = { credentials: 'same-origin', signal: AbortSignal.timeout(answerMs) } as const
        const { status } = await fetch('/api/session', init)
        if (status >= 500) throw new Error(String(status))
        return status !== 401
    },
})

/** The part of SharedWorkerGlobalScope that is used; TypeScript has it only apart from the DOM. */
const scope = self as unknown as { onconnect: (event: MessageEvent) => void }
scope.onconnect = ({ ports: [port] }) => {
    if (!port) return
    const say = (message: FromHub) => port.postMessage(message)
    const hubPort = { postMessage: say }
    port.onmessage = ({ data }: MessageEvent<ToHub>) => hub.receive(hubPort, data)
}
