// The live connection, shared by all pages of this tab and, where the browser can, by all its tabs; and the counters that the
// navigation shows.
import { onScopeDispose, reactive, ref } from 'vue'
import { debounced } from '../base/debounce'
import { asProblem } from '../base/http'
import { sharedStream } from '../base/shared_stream'
import type { LiveEvent, LiveState, LiveStream } from '../base/stream'
import { api } from './api'
import { schema, user } from './session'

export interface LiveHandler {
    types: string[] | 'all'
    event?: (event: LiveEvent) => void
    /** Lists may have holes: load them again. */
    reset?: () => void
}

export const liveState = ref<LiveState>('off')
/** When the connection was lost, for the banner. */
export const lostSince = ref<number | null>(null)
export const counts = reactive({ unacknowledged: 0, urgent: 0, todo: 0 })

const handlers = new Set<LiveHandler>()
let stream: LiveStream | null = null

function tell(event: LiveEvent) {
    for (const handler of [...handlers])
        if (handler.types === 'all' || handler.types.includes(event.type)) handler.event?.(event)
}

export function startLive() {
    if (stream) return
    stream = sharedStream({
        who: user.value?.login ?? '',
        url: '/api/stream',
        types: schema.value.types.map((type) => type.name),
        open: (url) => new EventSource(url),
        probe: api.health,
        onEvent: (event) => {
            tell(event)
            refreshCounts()
        },
        onReset: () => {
            for (const handler of [...handlers]) handler.reset?.()
            refreshCounts()
        },
        onState: (state) => {
            liveState.value = state
            if (state === 'lost') lostSince.value ??= Date.now()
            else lostSince.value = null
        },
        onEnded: () => void afterEnd(user.value?.login),
    })
    stream.start()
    refreshCounts()
}

const againMs = 3000
/** Another tab ended the session of `login`: who is it now? That there is none is heard by whoever asks (base/http.ts). */
async function afterEnd(login: string | undefined) {
    try {
        const me = await api.session()
        if (me.login !== login) return location.reload()
        stopLive()
        startLive()
    } catch (error) {
        if (asProblem(error).status !== 401) setTimeout(() => void afterEnd(login), againMs)
    }
}

export function stopLive() {
    stream?.stop()
    stream = null
    refreshCounts.cancel()
    Object.assign(counts, { unacknowledged: 0, urgent: 0, todo: 0 })
}

/** Registers for the life of the component. */
export function useLive(handler: LiveHandler) {
    handlers.add(handler)
    onScopeDispose(() => handlers.delete(handler))
}

const refreshCounts = debounced(
    () => {
        if (!stream) return
        void Promise.allSettled([
            api.alarms({ state: 'open', limit: 1 }).then(({ counts: c }) => {
                counts.unacknowledged = c.unacknowledged
                counts.urgent = c['1']
            }),
            api.todo().then(({ items, count }) => (counts.todo = count ?? items.length)),
        ])
    },
    400,
    2000,
)
