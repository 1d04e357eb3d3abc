// What stands on the desk: the chosen list, loaded page by page (the most urgent first, so that they are seen at once) and kept by
// the live stream. Events are gathered and applied together: fifty a second must not regroup five thousand alarms fifty times.
import { type ComputedRef, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { debounced } from '../../base/debounce'
import { useLoad } from '../../base/load'
import { signal } from '../../base/sound'
import { api } from '../../model/api'
import { type AlarmFilter, byUrgency, isUnacknowledged, passes } from '../../model/group'
import { useLive } from '../../model/live'
import type { Alarm, AlarmCounts } from '../../model/types'

const pageSize = 500
/** More than anyone can stand before; what is beyond is said in words below the list. */
export const heldAtMost = 10_000
const gatherMs = 200

export function useDesk(filter: ComputedRef<AlarmFilter>) {
    const alarms = shallowRef(new Map<string, Alarm>())
    const counts = ref<AlarmCounts | null>(null)
    const cut = ref(false)
    /** Alarms that came or changed while pages are being loaded: what the pages say may be older. */
    let arrived: Map<string, Alarm> | null = null

    const belongs = (alarm: Alarm) => {
        const { state, enterprise } = filter.value
        return passes(alarm, { state, enterprise, priorities: [], text: '' })
    }
    function put(map: Map<string, Alarm>, alarm: Alarm) {
        const old = map.get(alarm.id)
        if (old && old.version > alarm.version) return
        const labels = alarm._labels ?? old?._labels
        if (belongs(alarm)) map.set(alarm.id, labels ? { ...alarm, _labels: labels } : alarm)
        else map.delete(alarm.id)
    }
    function take(list: Iterable<Alarm>) {
        const map = new Map(alarms.value)
        for (const alarm of list) {
            put(map, alarm)
            arrived?.set(alarm.id, alarm)
        }
        alarms.value = map.size > heldAtMost ? mostUrgent(map) : map
    }
    function mostUrgent(map: Map<string, Alarm>) {
        cut.value = true
        const kept = [...map.values()].sort(byUrgency).slice(0, heldAtMost)
        return new Map(kept.map((alarm) => [alarm.id, alarm]))
    }

    let loading = 0
    const { problem, data, reload } = useLoad(async () => {
        const mine = ++loading
        arrived = new Map()
        const { state, enterprise } = filter.value
        const loaded = new Map<string, Alarm>()
        let cursor: string | undefined
        do {
            const page = await api.alarms({
                state,
                limit: pageSize,
                ...(enterprise ? { enterprise } : {}),
                ...(cursor ? { cursor } : {}),
            })
            if (mine !== loading) return page
            for (const alarm of page.items) loaded.set(alarm.id, alarm)
            const shown = new Map(loaded)
            for (const alarm of arrived.values()) put(shown, alarm)
            alarms.value = shown
            counts.value = page.counts
            cut.value = state === 'all' && !!page.next
            cursor = state === 'all' ? undefined : (page.next ?? undefined)
        } while (cursor && loaded.size < heldAtMost)
        cut.value ||= !!cursor
        arrived = null
        return true
    })

    const refreshCounts = debounced(
        () =>
            void api.alarms({ state: 'open', limit: 1 }).then(
                (answer) => (counts.value = answer.counts),
                () => {},
            ),
        500,
        2000,
    )

    const gathered = new Map<string, Alarm>()
    let timer: ReturnType<typeof setTimeout> | undefined
    function apply() {
        timer = undefined
        take(gathered.values())
        gathered.clear()
        refreshCounts()
    }
    useLive({
        types: ['alarm'],
        event: (event) => {
            const alarm = event.record as Alarm | undefined
            if (!alarm) return void reload()
            gathered.set(alarm.id, alarm)
            timer ??= setTimeout(apply, gatherMs)
            if (isUnacknowledged(alarm) && Number(alarm.priority) <= 2 && event.from !== event.to) signal()
        },
        reset: () => void reload(),
    })
    onScopeDispose(() => {
        loading++
        clearTimeout(timer)
        refreshCounts.cancel()
    })
    watch([() => filter.value.state, () => filter.value.enterprise], () => {
        alarms.value = new Map()
        void reload(true)
    })
    return { alarms, counts, cut, problem, data, reload, take, refreshCounts }
}
