// Signing out, from wherever the button stands.
import { useRouter } from 'vue-router'
import { api } from './api'
import { stopLive } from './live'
import { forgetDrafts } from './draft'
import { forgetSession, user } from './session'

export function useSignOut() {
    const router = useRouter()
    return async () => {
        await api.signOut().catch(() => {})
        stopLive()
        if (user.value) forgetDrafts(localStorage, user.value.login)
        await router.push('/login')
        forgetSession()
    }
}
