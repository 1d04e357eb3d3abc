// Loading for a page: data, the problem if there was one, and whether it is still under way. The newest call wins.
import { onScopeDispose, ref, shallowRef } from 'vue'
import { asProblem, type Problem } from './http'

export function useLoad<T>(load: () => Promise<T>) {
    const data = shallowRef<T | null>(null)
    const problem = shallowRef<Problem | null>(null)
    const loading = ref(false)
    let newest = 0
    onScopeDispose(() => newest++)

    /** `clear` forgets the old data first, for when another thing is shown. */
    async function reload(clear = false) {
        const mine = ++newest
        if (clear) data.value = null
        loading.value = true
        try {
            const answer = await load()
            if (mine !== newest) return
            data.value = answer
            problem.value = null
        } catch (error) {
            if (mine === newest) problem.value = asProblem(error)
        } finally {
            if (mine === newest) loading.value = false
        }
    }
    return { data, problem, loading, reload }
}
