// Lists that somebody wants again: kept by the server, so they are there on every device; one's own, or shown to a role.
import { ref, shallowRef } from 'vue'
import { asProblem, call, newKey, type Problem } from '../base/http'

export interface View {
    id: string
    type: string
    name: string
    /** What stands in the address behind the type. */
    query: Record<string, string>
    role?: string
    region?: string
    own: boolean
}
type Call = typeof call
const path = (id: string) => `/api/views/${encodeURIComponent(id)}`

/** What a former version kept in this browser. */
export interface OldViews {
    getItem(key: string): string | null
    removeItem(key: string): void
}
export function oldViews(
    store: OldViews,
    login: string,
): { type: string; title: string; query: Record<string, string> }[] {
    try {
        const value: unknown = JSON.parse(store.getItem(`anlan.views.${encodeURIComponent(login)}`) ?? '[]')
        return Array.isArray(value)
            ? value.filter((v) => typeof v?.type === 'string' && v.title && v.query)
            : []
    } catch {
        return []
    }
}

export function useViews(ask: Call = call) {
    const views = shallowRef<View[]>([])
    const problem = shallowRef<Problem | null>(null)
    const busy = ref(false)

    async function attempt<T>(act: () => Promise<T>): Promise<T | null> {
        if (busy.value) return null
        busy.value = true
        problem.value = null
        try {
            return await act()
        } catch (error) {
            problem.value = asProblem(error)
            return null
        } finally {
            busy.value = false
        }
    }
    const put = (view: View) =>
        (views.value = [...views.value.filter((v) => v.id !== view.id), view].sort((a, b) =>
            a.name.localeCompare(b.name),
        ))

    const load = async (type: string) => {
        const answer = await attempt(() => ask<{ items: View[] }>('GET', '/api/views', { query: { type } }))
        if (answer) views.value = answer.items
    }
    /** One of one's own with this name is written over. */
    const save = async (view: {
        type: string
        name: string
        query: Record<string, string>
        role?: string | null
    }) => {
        const former = views.value.find((v) => v.own && v.name === view.name)
        const saved = await attempt(() =>
            former
                ? ask<View>('PATCH', path(former.id), {
                      body: { query: view.query, role: view.role ?? null },
                  })
                : ask<View>('POST', '/api/views', { body: view, key: newKey() }),
        )
        if (saved) put(saved)
        return saved !== null
    }
    const drop = async (view: View) => {
        const done = await attempt(() => ask<void>('DELETE', path(view.id)).then(() => true))
        if (done) views.value = views.value.filter((v) => v.id !== view.id)
    }
    /** Brings what this browser kept to the server, once. */
    const bring = async (store: OldViews, login: string) => {
        for (const old of oldViews(store, login))
            if (
                !(await attempt(() =>
                    ask<View>('POST', '/api/views', {
                        body: { type: old.type, name: old.title, query: old.query },
                        key: newKey(),
                    }),
                ))
            )
                return
        store.removeItem(`anlan.views.${encodeURIComponent(login)}`)
    }
    return { views, problem, busy, load, save, drop, bring }
}
