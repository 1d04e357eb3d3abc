// Chinese and English side by side. Texts that belong to record types come from the server; only the client's own stand here.
import { ref } from 'vue'
import { table } from './words.table'

export type Lang = 'zh' | 'en'
export type Key = keyof typeof table
export interface Title {
    zh: string
    en?: string
}

const storeKey = 'anlan.lang'
const stored = typeof localStorage === 'undefined' ? null : localStorage.getItem(storeKey)
export const lang = ref<Lang>(stored === 'en' ? 'en' : 'zh')

export function setLang(next: Lang) {
    lang.value = next
    if (typeof localStorage !== 'undefined') localStorage.setItem(storeKey, next)
    if (typeof document !== 'undefined') document.documentElement.lang = next === 'en' ? 'en' : 'zh-CN'
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
    const text = table[key][lang.value === 'en' ? 1 : 0]
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** A served title in the reader's language. */
export function pick(title: Title | undefined, otherwise = ''): string {
    if (!title) return otherwise
    return (lang.value === 'en' ? title.en : title.zh) || title.zh || otherwise
}
