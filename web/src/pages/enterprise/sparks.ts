// The last hour of many points for sparklines: a few requests at a time, refreshed slowly, fed by the polled values between.
import { onScopeDispose, shallowRef, triggerRef } from 'vue'
import { serverNow, toMs } from '../../base/clock'
import { api } from '../../model/api'
import type { LivePoint } from '../../model/types'

const hourMs = 3600_000
const atOnce = 3
const refreshMs = 120_000

export function useSparks() {
    const lines = shallowRef(new Map<string, [number, number][]>())
    const loadedAt = new Map<string, number>()
    const waiting: string[] = []
    let running = 0
    let gone = false
    onScopeDispose(() => (gone = true))

    function pump() {
        while (running < atOnce && waiting.length && !gone) {
            running++
            void load(waiting.shift()!).finally(() => {
                running--
                pump()
            })
        }
    }

    async function load(code: string) {
        const to = serverNow()
        const history = await api.history(code, Math.floor(to - hourMs), Math.ceil(to), 60).catch(() => null)
        if (!history || gone) return
        lines.value.set(
            code,
            history.items.map((step) => [step[0], step[3]]),
        )
        triggerRef(lines)
    }

    /** Called with each poll. */
    function feed(points: LivePoint[]) {
        const now = serverNow()
        for (const point of points) {
            if (now - (loadedAt.get(point.code) ?? 0) > refreshMs) {
                loadedAt.set(point.code, now)
                waiting.push(point.code)
            }
            const line = lines.value.get(point.code)
            const time = toMs(point.time)
            if (!line || time === null || typeof point.value !== 'number' || point.quality === 'none')
                continue
            while (line.length && line[0]![0] < now - hourMs) line.shift()
            if (time > (line[line.length - 1]?.[0] ?? 0)) line.push([time, point.value])
        }
        triggerRef(lines)
        pump()
    }
    return { lines, feed }
}
