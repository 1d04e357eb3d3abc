// Rows that hold still under the hand. Alarms come while someone reaches for a button: when they come fast and somebody points or
// steps through the list, its order holds, rows in sight go on changing in place, and what came is counted above it.
import { computed, onScopeDispose, ref, type Ref, shallowRef, watch } from 'vue'
import type { DeskRow } from '../../model/group'

const burstMs = 2000
const burstRows = 4
const handMs = 4000
/** A click that lands just after rows moved was meant for another row. */
const steadyMs = 350

export function useSteady(rows: Ref<DeskRow[]>, inSight: Ref<{ first: number; end: number }>) {
    const shown = shallowRef<DeskRow[]>(rows.value)
    const held = ref(false)
    const byHand = ref(false)
    const fresh = computed(() => {
        if (!held.value) return []
        const known = new Set(shown.value.map((row) => row.key))
        return rows.value.filter((row) => row.kind === 'group' && !known.has(row.key))
    })
    let handAt = -Infinity
    let shiftedAt = -Infinity
    let came: { at: number; rows: number }[] = []

    const now = () => performance.now()
    function isBurst() {
        came = came.filter((entry) => entry.at > now() - burstMs)
        return came.reduce((sum, entry) => sum + entry.rows, 0) >= burstRows
    }
    function show(next: DeskRow[]) {
        const { first, end } = inSight.value
        for (let i = first; i < end; i++)
            if (shown.value[i]?.key !== next[i]?.key) {
                shiftedAt = now()
                break
            }
        shown.value = next
    }
    function release() {
        held.value = false
        byHand.value = false
        show(rows.value)
    }
    watch(rows, (next, before) => {
        const known = new Set(before.map((row) => row.key))
        const added = next.reduce((n, row) => n + Number(!known.has(row.key)), 0)
        // A freshly loaded list is no burst.
        if (added && before.length) came.push({ at: now(), rows: added })
        if (byHand.value || (before.length > 0 && now() - handAt < handMs && isBurst())) held.value = true
        if (!held.value) return show(next)
        const current = new Map(next.map((row) => [row.key, row]))
        shown.value = shown.value.map((row) => current.get(row.key) ?? row)
    })
    const timer = setInterval(() => {
        if (held.value && !byHand.value && now() - handAt > handMs) release()
    }, 500)
    onScopeDispose(() => clearInterval(timer))

    return {
        shown,
        held,
        fresh,
        /** The hand is on the list. */
        touch: () => (handAt = now()),
        toggle: () => {
            if (held.value) return release()
            held.value = byHand.value = true
        },
        release,
        settled: () => now() - shiftedAt > steadyMs,
    }
}
