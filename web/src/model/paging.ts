// A list that grows by cursor. A search may look through so many records without finding one: then it goes on by itself for a while.
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
    const emptyAtMost = 20

    async function load(more = false) {
        const mine = ++newest
        loading.value = true
        try {
            let page = await fetchPage(more ? (next.value ?? undefined) : undefined)
            const first = page
            for (let i = 0; i < emptyAtMost && !page.items.length && page.next; i++) {
                if (mine !== newest) return
                page = await fetchPage(page.next)
            }
            if (mine !== newest) return
            items.value = more ? [...(items.value ?? []), ...page.items] : page.items
            if (first.count !== undefined) count.value = first.count
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
