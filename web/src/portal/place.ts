// Where the reader stands in the portal: the part of the address after #, as `name/arg/arg`.
import { ref } from 'vue'

const parts = () =>
    location.hash
        .replace(/^#\/?/, '')
        .split('/')
        .map((part) => {
            try {
                return decodeURIComponent(part)
            } catch {
                return part
            }
        })

export const place = ref(parts())
addEventListener('hashchange', () => (place.value = parts()))
export const to = (...names: string[]) => '#/' + names.map(encodeURIComponent).join('/')
export const go = (...names: string[]) => (location.hash = to(...names))
