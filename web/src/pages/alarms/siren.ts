// The signal is repeated while an urgent alarm waits that nobody has hushed; hushing is for those that wait now, not for the next.
import { computed, onScopeDispose, ref, type Ref } from 'vue'
import { signal, soundOn } from '../../base/sound'
import { isUnacknowledged } from '../../model/group'
import type { Alarm } from '../../model/types'

const repeatMs = 12_000

export function useSiren(alarms: Ref<Map<string, Alarm>>) {
    const hushed = ref(new Set<string>())
    const urgent = computed(() =>
        [...alarms.value.values()].filter((a) => String(a.priority) === '1' && isUnacknowledged(a)),
    )
    const calling = computed(() => urgent.value.some((alarm) => !hushed.value.has(alarm.id)))
    const timer = setInterval(() => calling.value && signal(), repeatMs)
    onScopeDispose(() => clearInterval(timer))
    return {
        /** Whether there is something to hush. */
        sounding: computed(() => soundOn.value && calling.value),
        hush: () => (hushed.value = new Set(urgent.value.map((alarm) => alarm.id))),
    }
}
