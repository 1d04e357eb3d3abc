// What somebody has typed and not sent yet, kept in this browser: a dropped network or a closed tab loses nothing. One per form and
// person, without what is secret; logging out forgets all of that person.
import { type Ref, onScopeDispose, watch } from 'vue'
import { debounced } from '../base/debounce'
import { isEmpty, type Values } from './form'
import type { Field } from './types'

export interface Draft {
    values: Values
    comment: string
    /** Under which it is sent: also after the page was loaded anew, an attempt that had no answer is not done twice. */
    key?: string
    /** When it was written, ms. */
    at: number
}

export interface DraftStore {
    getItem(key: string): string | null
    setItem(key: string, value: string): void
    removeItem(key: string): void
    key(index: number): string | null
    readonly length: number
}

const prefix = 'anlan.draft.'
const keepMs = 30 * 86_400_000
const keyOf = (login: string, form: string) => `${prefix}${encodeURIComponent(login)}/${form}`

export function readDraft(store: DraftStore, login: string, form: string, now: number): Draft | null {
    try {
        const draft = JSON.parse(store.getItem(keyOf(login, form)) ?? 'null') as Draft | null
        if (draft && typeof draft.values === 'object' && now - draft.at < keepMs) return draft
    } catch {
        // not ours to read: as if there were none
    }
    return null
}

/** Keeps what differs from the start; nothing differs: no draft. */
export function writeDraft(store: DraftStore, login: string, form: string, draft: Draft, fields: Field[]) {
    const secret = new Set(fields.filter((field) => field.secret).map((field) => field.name))
    const kept = Object.entries(draft.values).filter(([name]) => !secret.has(name))
    const key = keyOf(login, form)
    try {
        if (kept.length || draft.comment)
            store.setItem(key, JSON.stringify({ ...draft, values: Object.fromEntries(kept) }))
        else store.removeItem(key)
    } catch {
        // full or forbidden: the form works without
    }
}

export const dropDraft = (store: DraftStore, login: string, form: string) =>
    store.removeItem(keyOf(login, form))

export function forgetDrafts(store: DraftStore, login: string) {
    const mine = keyOf(login, '')
    const keys = Array.from({ length: store.length }, (_, i) => store.key(i))
    for (const key of keys) if (key?.startsWith(mine)) store.removeItem(key)
}

/** What was typed: values that differ from those the form began with. */
export function typed(before: Values, now: Values): Values {
    const changed = Object.entries(now).filter(
        ([name, value]) =>
            JSON.stringify(before[name]) !== JSON.stringify(value) &&
            !(isEmpty(before[name]) && isEmpty(value)),
    )
    return Object.fromEntries(changed)
}

/** Writes the draft of a form half a second after the last key, and at once when the page goes away. */
export function useDraft(
    login: string,
    form: string,
    fields: Field[],
    source: Ref<unknown>[],
    current: () => Omit<Draft, 'at'>,
) {
    const store: DraftStore = localStorage
    const found = readDraft(store, login, form, Date.now())
    let over = false
    const write = () => !over && writeDraft(store, login, form, { ...current(), at: Date.now() }, fields)
    const soon = debounced(write, 500, 2000)
    watch(source, soon, { deep: true })
    window.addEventListener('pagehide', write)
    onScopeDispose(() => {
        soon.cancel()
        write()
        window.removeEventListener('pagehide', write)
    })
    /** After it was sent, or when nobody wants it any more. */
    const drop = () => {
        over = true
        soon.cancel()
        dropDraft(store, login, form)
    }
    const again = () => {
        drop()
        over = false
    }
    return { found, drop, again }
}
