// What a person has set up for himself in this browser: favourites, by login.
import { type Ref, ref, watch } from 'vue'
import { user } from './session'

/** A value kept under a name for whoever is signed in; `check` refuses what is not ours. */
export function kept<T>(name: string, otherwise: T, check: (value: unknown) => value is T): Ref<T> {
    const key = () => `anlan.${name}.${encodeURIComponent(user.value?.login ?? '')}`
    const value = ref(otherwise) as Ref<T>
    watch(
        () => user.value?.login,
        (login) => (value.value = login ? read(key(), otherwise, check) : otherwise),
        { immediate: true },
    )
    watch(
        value,
        (now) => {
            if (!user.value) return
            try {
                localStorage.setItem(key(), JSON.stringify(now))
            } catch {
                // full or forbidden: it lasts as long as the page
            }
        },
        { deep: true },
    )
    return value
}

function read<T>(key: string, otherwise: T, check: (value: unknown) => value is T): T {
    try {
        const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
        return check(value) ? value : otherwise
    } catch {
        return otherwise
    }
}

const isTexts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((item) => typeof item === 'string')

/** Types that stand first among the registers. */
export const favourites = kept<string[]>('favourites', [], isTexts)
export function toggleFavourite(type: string) {
    favourites.value = favourites.value.includes(type)
        ? favourites.value.filter((name) => name !== type)
        : [...favourites.value, type]
}
