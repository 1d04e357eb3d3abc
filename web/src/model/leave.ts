// Signing out, from wherever the button stands.
import { useRouter } from 'vue-router'
import { api } from './api'
import { stopLive } from './live'
import { forgetSession } from './session'

export function useSignOut() {
    const router = useRouter()
    return async () => {
        await api.signOut().catch(() => {})
        stopLive()
        await router.push('/login')
        forgetSession()
    }
}
