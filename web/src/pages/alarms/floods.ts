// Alarm floods: those that are going on, and the names of those that alarms on the desk belong to.
import { computed, shallowRef } from 'vue'
import { debounced } from '../../base/debounce'
import { api } from '../../model/api'
import { useLive } from '../../model/live'
import { typeOf } from '../../model/session'
import type { RecordItem } from '../../model/types'

export interface Flood extends RecordItem {
    enterprise: string
    began_at: string
    alarms?: number
    ended_at?: string
}

export function useFloods() {
    const all = shallowRef(new Map<string, Flood>())
    async function load() {
        if (!typeOf('alarm_flood')) return
        const page = await api.list<Flood>('alarm_flood', { sort: '-began_at', limit: 100 }).catch(() => null)
        if (page) all.value = new Map(page.items.map((flood) => [flood.id, flood]))
    }
    const again = debounced(() => void load(), 1000, 3000)
    useLive({ types: ['alarm_flood'], event: again, reset: again })
    void load()
    const open = computed(() => [...all.value.values()].filter((flood) => flood.state === 'open'))
    return { all, open }
}
