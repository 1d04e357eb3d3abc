// Light or dark: as the system says, unless the reader chose.
import { ref, watchEffect } from 'vue'

export type Look = 'auto' | 'light' | 'dark'
const storeKey = 'anlan.look'
const stored = localStorage.getItem(storeKey)
const system = matchMedia('(prefers-color-scheme: dark)')
const systemDark = ref(system.matches)
system.addEventListener('change', (event) => (systemDark.value = event.matches))

export const look = ref<Look>(stored === 'light' || stored === 'dark' ? stored : 'auto')
export const dark = ref(false)

watchEffect(() => {
    dark.value = look.value === 'dark' || (look.value === 'auto' && systemDark.value)
    document.documentElement.classList.toggle('dark', dark.value)
})

export function setLook(next: Look) {
    look.value = next
    localStorage.setItem(storeKey, next)
}

/** The value of a CSS variable of the present look, for canvases. */
export const cssColour = (name: string) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim()
