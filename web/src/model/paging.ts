// A list that grows by cursor.
import { ref, shallowRef } from 'vue'
import { asProblem, type Problem } from '../base/http'
import type { Page, RecordItem } from './types'

export function usePaging<T = RecordItem>(fetchPage: (cursor: string | undefined) => Promise<Page<T>>) {
    const items = shallowRef<T[] | null>(null)
    const count = ref<number | null>(null)
    const next = ref<string | null>(null)
    const problem = shallowRef<Problem | null>(null)
    const loading = ref(false)
    let newest = 0

    async function load(more = false) {
        const mine = ++newest
        loading.value = true
        try {
            const page = await fetchPage(more ? (next.value ?? undefined) : undefined)
            if (mine !== newest) return
            items.value = more ? [...(items.value ?? []), ...page.items] : page.items
            if (page.count !== undefined) count.value = page.count
            next.value = page.next ?? null
            problem.value = null
        } catch (error) {
            if (mine === newest) problem.value = asProblem(error)
        } finally {
            if (mine === newest) loading.value = false
        }
    }
    return { items, count, next, problem, loading, load }
}
