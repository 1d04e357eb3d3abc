// What the wall shows and how it moves on by itself. It keeps a screenful of everything and nothing else, so that a day leaves no more
// behind than a minute; what cannot be loaded stays as it was and says how old it is.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { serverNow } from '../../base/clock'
import { debounced } from '../../base/debounce'
import { api } from '../../model/api'
import { useLive } from '../../model/live'
import { byGravity } from '../../model/severity'
import { typeOf } from '../../model/session'
import type { Alarm, ClockItem, Figure, Overview, Place } from '../../model/types'
import { Day, type Hour } from './day'

const second = 1000
export const stageMs = { whole: 24 * second, part: 12 * second }
const refreshMs = { quick: 15 * second, slow: 60 * second, day: 120 * second }
export const shownAlarms = 40
const shownClocks = 8

/** `pace`: how many times faster than on a wall; for tests of endurance. */
export function useWall(top: string, pace: number) {
    const whole = shallowRef<Overview | null>(null)
    const part = shallowRef<Overview | null>(null)
    const alarms = shallowRef<Alarm[]>([])
    const figures = shallowRef<Figure[]>([])
    const clocks = shallowRef<ClockItem[] | null>(null)
    const overdue = ref<number | null>(null)
    const stages = shallowRef<{ state: string; count: number }[]>([])
    const hours = shallowRef<Hour[]>([])
    const goodAt = ref(serverNow())
    const turns = ref(0)
    const day = new Day()
    const timers = new Set<ReturnType<typeof setTimeout>>()
    let gone = false
    onScopeDispose(() => {
        gone = true
        for (const timer of timers) clearTimeout(timer)
    })

    /** Does `work`, waits `ms` after it ended, and again; failures change nothing. */
    function keep(ms: number, work: () => Promise<void>) {
        const run = async () => {
            await work().catch(() => {})
            if (gone) return
            const timer = setTimeout(() => {
                timers.delete(timer)
                void run()
            }, ms / pace)
            timers.add(timer)
        }
        void run()
    }

    async function quick() {
        const [overview, desk] = await Promise.all([
            api.overview(top),
            api.alarms({ state: 'open', limit: shownAlarms }),
        ])
        whole.value = overview
        alarms.value = desk.items
        goodAt.value = serverNow()
    }
    async function slow() {
        figures.value = (await api.indicators(top)).items
        if (typeOf('hazard')) {
            const page = await api.list('hazard', { limit: 1, facets: 'state' })
            stages.value = (page.facets?.['state'] ?? []).map(({ value, count }) => ({
                state: String(value),
                count,
            }))
        }
    }
    async function late() {
        const answer = await api.clocks({ overdue: 1, region: top, limit: 100, summary: 1 })
        // Alarms have a panel of their own: theirs come after the clocks of everything else.
        const rest = answer.items.filter((clock) => clock.type !== 'alarm')
        const ofAlarms = answer.items.filter((clock) => clock.type === 'alarm')
        clocks.value = [...rest, ...ofAlarms].slice(0, shownClocks)
        overdue.value = answer.summary?.overdue ?? null
    }
    keep(refreshMs.quick, quick)
    keep(refreshMs.slow, slow)
    keep(refreshMs.slow, late)
    keep(refreshMs.day, async () => {
        if (typeOf('alarm')) hours.value = await day.hours(serverNow())
    })

    const now = debounced(() => void quick().catch(() => {}), 700, 2500)
    useLive({ types: ['alarm', 'hazard', 'enterprise'], event: now, reset: now })
    onScopeDispose(() => now.cancel())

    /** The whole, then its parts in which something is the matter, the gravest first, then the whole again. */
    const places = computed<Place[]>(() => {
        const { children, enterprises } = whole.value ?? {}
        return [...(children?.length ? children : (enterprises ?? []))].sort(byGravity)
    })
    const canTurn = computed(() => (whole.value?.children?.length ?? 0) > 0)
    let visited: string[] = []
    async function turn() {
        turns.value++
        const next = canTurn.value
            ? places.value.find(
                  (p) =>
                      !visited.includes(p.code) && p.alarms_active + p.alarms_unacked + p.hazards_overdue > 0,
              )
            : undefined
        if (!next) {
            visited = []
            part.value = null
            return stageMs.whole
        }
        visited.push(next.code)
        const overview = await api.overview(next.code).catch(() => null)
        if (overview) part.value = overview
        return stageMs.part
    }
    function rotate(wait: number) {
        if (gone) return
        const timer = setTimeout(() => {
            timers.delete(timer)
            void turn().then(rotate)
        }, wait / pace)
        timers.add(timer)
    }
    rotate(stageMs.whole)

    return { whole, part, places, alarms, figures, clocks, overdue, stages, hours, goodAt, turns }
}
