// What stands beside the alarms in sight: the last hour of their point, one request each, and for those that wait when the ladder
// goes on. Asked when a row has stayed in sight for a moment, a few at a time, and again after a while.
import { onScopeDispose, reactive } from 'vue'
import { serverNow } from '../../base/clock'
import { api } from '../../model/api'
import { type AlarmGroup, isUnacknowledged } from '../../model/group'
import type { Alarm, Clock } from '../../model/types'

export interface Beside {
    values: [number, number][]
    from: number
    to: number
    nextAt?: string | undefined
}
const hourMs = 3600_000
const settleMs = 300
const againMs = 60_000
const atOnce = 3
const keptAtMost = 200

/** When the next person is told: the clock of the ladder that runs. */
export const nextRung = (clocks: Clock[] | undefined) =>
    clocks?.find((clock) => clock.state === 'open' && clock.name.startsWith('ladder') && clock.next_at)

export function useBeside() {
    const known = reactive(new Map<string, Beside>())
    const askedAt = new Map<string, { at: number; version: number }>()
    let inSight: Alarm[] = []
    let running = 0
    let gone = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const slow = setInterval(pump, againMs / 4)
    onScopeDispose(() => {
        gone = true
        clearTimeout(timer)
        clearInterval(slow)
    })

    const isDue = (alarm: Alarm) => {
        const asked = askedAt.get(alarm.id)
        return !asked || asked.version < alarm.version || Date.now() - asked.at > againMs
    }
    function pump() {
        if (document.hidden) return
        while (running < atOnce && !gone) {
            const alarm = inSight.find(isDue)
            if (!alarm) return
            askedAt.set(alarm.id, { at: Date.now(), version: alarm.version })
            running++
            void load(alarm).finally(() => {
                running--
                pump()
            })
        }
    }
    async function load(alarm: Alarm) {
        const to = Math.ceil(serverNow() / 1000) * 1000
        const from = to - hourMs
        const [history, record] = await Promise.all([
            alarm.point ? api.history(alarm.point, from, to, 60).catch(() => null) : null,
            isUnacknowledged(alarm) ? api.get('alarm', alarm.id).catch(() => null) : null,
        ])
        if (gone) return
        known.set(alarm.id, {
            values: history?.items.map((step) => [step[0], step[3]]) ?? [],
            from,
            to,
            nextAt: nextRung(record?.clocks)?.next_at ?? undefined,
        })
        for (const id of known.keys()) {
            if (known.size <= keptAtMost) break
            known.delete(id)
            askedAt.delete(id)
        }
    }
    return {
        known,
        /** Called whenever other rows come into sight. */
        look(groups: AlarmGroup[]) {
            inSight = groups.map((group) => group.head)
            clearTimeout(timer)
            timer = setTimeout(pump, settleMs)
        },
    }
}
