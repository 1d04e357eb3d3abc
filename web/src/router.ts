// Pages. The address after # holds all state of a page that is worth sharing; README says why it is after a #.
import { createRouter, createWebHashHistory } from 'vue-router'
import { whenSignedOut } from './base/http'
import { startLive, stopLive } from './model/live'
import { forgetSession, homePath, needSchema, resumeSession, user } from './model/session'
import TodoPage from './pages/todo/TodoPage.vue'

export const router = createRouter({
    history: createWebHashHistory(),
    routes: [
        { path: '/', redirect: () => homePath() },
        {
            path: '/login',
            component: () => import('./pages/login/LoginPage.vue'),
            meta: { open: true, title: 'login.submit' },
        },
        {
            path: '/map/:region?',
            component: () => import('./pages/map/MapPage.vue'),
            meta: { title: 'nav.map' },
        },
        {
            path: '/alarms',
            component: () => import('./pages/alarms/AlarmsPage.vue'),
            meta: { title: 'nav.alarms' },
        },
        {
            path: '/trend/:enterprise',
            component: () => import('./pages/trend/TrendPage.vue'),
            meta: { title: 'trend.title' },
        },
        {
            path: '/wall/:region?',
            component: () => import('./pages/wall/WallPage.vue'),
            meta: { bare: true, title: 'nav.wall' },
        },
        // What a phone opens first: part of the first file, and shown before the types have come.
        { path: '/todo', component: TodoPage, meta: { title: 'nav.todo', early: true } },
        {
            path: '/enterprises',
            component: () => import('./pages/enterprise/EnterprisesPage.vue'),
            meta: { title: 'nav.enterprises' },
        },
        {
            path: '/enterprise/:code',
            component: () => import('./pages/enterprise/EnterprisePage.vue'),
            meta: { title: 'nav.enterprises' },
        },
        {
            path: '/more',
            component: () => import('./pages/more/MorePage.vue'),
            meta: { title: 'nav.registers' },
        },
        {
            path: '/figures',
            component: () => import('./pages/figures/FiguresPage.vue'),
            meta: { title: 'figures.title' },
        },
        {
            path: '/clocks',
            component: () => import('./pages/clocks/ClocksPage.vue'),
            meta: { title: 'clocks.title' },
        },
        {
            path: '/kpis',
            component: () => import('./pages/kpis/KpisPage.vue'),
            meta: { title: 'kpis.title' },
        },
        {
            path: '/kpis/try/:point',
            component: () => import('./pages/kpis/TryPage.vue'),
            meta: { title: 'kpis.try' },
        },
        {
            path: '/gateways',
            component: () => import('./pages/gateways/GatewaysPage.vue'),
            meta: { title: 'gateways.title' },
        },
        {
            path: '/gateways/:code',
            component: () => import('./pages/gateways/GatewayPage.vue'),
            meta: { title: 'gateways.title' },
        },
        {
            path: '/admin',
            component: () => import('./pages/admin/AdminPage.vue'),
            meta: { title: 'admin.title' },
        },
        {
            path: '/password',
            component: () => import('./pages/login/PasswordPage.vue'),
            meta: { title: 'password.title' },
        },
        { path: '/records/:type', component: () => import('./pages/record/RecordsPage.vue') },
        { path: '/records/:type/new', component: () => import('./pages/record/NewRecordPage.vue') },
        { path: '/records/:type/:id', component: () => import('./pages/record/RecordPage.vue') },
        { path: '/:rest(.*)', component: () => import('./pages/more/NotFoundPage.vue') },
    ],
})

router.beforeEach(async (to) => {
    if (to.meta['open']) return true
    if (!(await resumeSession()))
        return { path: '/login', query: to.path === '/' ? {} : { then: to.fullPath } }
    if (user.value?.password_once) return to.path === '/password' || '/password'
    const live = goLive()
    if (to.path === '/') return homePath()
    if (!to.meta['early'] && !(await live)) return { path: '/login', query: { then: to.fullPath } }
    return true
})

const againMs = 3000
/** The types, and then the live stream; tries again by itself while somebody is signed in. */
async function goLive(): Promise<boolean> {
    const me = user.value
    try {
        await needSchema()
    } catch {
        setTimeout(() => me && user.value === me && void goLive(), againMs)
        return false
    }
    if (user.value === me) startLive()
    return true
}

whenSignedOut(() => {
    const here = router.currentRoute.value
    stopLive()
    forgetSession()
    if (!here.meta['open'] && here.matched.length)
        void router.push({ path: '/login', query: { then: here.fullPath } })
})
