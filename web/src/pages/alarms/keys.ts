// Letters as keys, for those who watch all night. They can be switched off: they are in the way of speech input (WCAG 2.1.4).
import { onBeforeUnmount, onMounted, ref } from 'vue'

const store = 'anlan.keys'
const named = new Set(['Enter', 'Escape'])

export function useKeys(acts: Record<string, () => void>, onAny: () => void) {
    const on = ref(localStorage.getItem(store) !== 'off')
    function set(next: boolean) {
        on.value = next
        localStorage.setItem(store, next ? 'on' : 'off')
    }
    function onKey(event: KeyboardEvent) {
        const target = event.target as HTMLElement
        const typing = target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]')
        if (
            typing ||
            (!on.value && !named.has(event.key)) ||
            event.ctrlKey ||
            event.metaKey ||
            event.altKey ||
            document.querySelector('.el-overlay:not([style*="none"])')
        )
            return
        if (event.key === 'Enter' && target.matches('button, a')) return
        const act = acts[event.key]
        // A held key must not run through the list acknowledging.
        if (!act || (event.repeat && event.key === 'a')) return
        event.preventDefault()
        onAny()
        act()
    }
    onMounted(() => document.addEventListener('keydown', onKey))
    onBeforeUnmount(() => document.removeEventListener('keydown', onKey))
    return { on, set }
}
