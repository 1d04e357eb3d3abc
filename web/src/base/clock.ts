// Time as people here read it: everything in +08:00, "now" corrected by the server's clock.
import { computed, onScopeDispose, ref } from 'vue'
import { lang, t } from './words'

const zoneMs = 8 * 3600_000
const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

let skewMs = 0

/** The Date header has whole seconds, so small differences are noise and are ignored. */
export function learnServerTime(header: string | null) {
    const server = header ? Date.parse(header) : NaN
    if (Number.isNaN(server)) return
    const skew = server - Date.now()
    skewMs = Math.abs(skew) > 2 * second ? skew : 0
}

export const serverNow = () => Date.now() + skewMs

/** Parts of a moment on the wall clock in +08:00. */
function wall(ms: number) {
    const d = new Date(ms + zoneMs)
    const two = (n: number) => String(n).padStart(2, '0')
    return {
        date: `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`,
        time: `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`,
        seconds: two(d.getUTCSeconds()),
    }
}

export function toMs(value: unknown): number | null {
    if (typeof value === 'number') return value
    if (typeof value !== 'string') return null
    const ms = Date.parse(value)
    return Number.isNaN(ms) ? null : ms
}

export function formatTime(value: unknown, withSeconds = false) {
    const ms = toMs(value)
    if (ms === null) return ''
    const w = wall(ms)
    return `${w.date} ${w.time}${withSeconds ? ':' + w.seconds : ''}`
}

/** Shorter where the day is plain: only the time for today, without the year within this year. */
export function formatShort(value: unknown, now = serverNow()) {
    const ms = toMs(value)
    if (ms === null) return ''
    const w = wall(ms)
    const today = wall(now)
    if (w.date === today.date) return `${w.time}:${w.seconds}`
    if (w.date.slice(0, 4) === today.date.slice(0, 4)) return `${w.date.slice(5)} ${w.time}`
    return w.date
}

/** Wall-clock text in +08:00 as date pickers want it, and back to RFC 3339. */
export function toWallText(value: unknown) {
    const ms = toMs(value)
    if (ms === null) return ''
    const w = wall(ms)
    return `${w.date} ${w.time}:${w.seconds}`
}
export const fromWallText = (text: string) => `${text.replace(' ', 'T')}+08:00`
export const toRfc3339 = (ms: number) => fromWallText(toWallText(ms))
export const todayText = (now = serverNow()) => wall(now).date

/** "2 天 3 小时": the two largest parts, never less than "1 分" unless under a minute. */
export function spanText(ms: number): string {
    const n = Math.max(0, Math.floor(ms / second))
    const d = Math.floor(n / 86400)
    const h = Math.floor((n % 86400) / 3600)
    const m = Math.floor((n % 3600) / 60)
    const s = n % 60
    if (d > 0) return h > 0 ? `${t('span.d', { n: d })} ${t('span.h', { n: h })}` : t('span.d', { n: d })
    if (h > 0) return m > 0 ? `${t('span.h', { n: h })} ${t('span.m', { n: m })}` : t('span.h', { n: h })
    if (m >= 10) return t('span.m', { n: m })
    if (m > 0) return `${t('span.m', { n: m })} ${t('span.s', { n: s })}`
    return t('span.s', { n: s })
}

export interface Countdown {
    text: string
    /** `soon`: less than a day left. */
    tone: 'none' | 'calm' | 'soon' | 'overdue'
}

export function countdown(due: unknown, now: number, overdueSaid = false): Countdown {
    const ms = toMs(due)
    if (ms === null)
        return overdueSaid ? { text: t('due.overdue_plain'), tone: 'overdue' } : { text: '', tone: 'none' }
    const left = ms - now
    if (left < 0) return { text: t('due.overdue', { span: spanText(-left) }), tone: 'overdue' }
    return { text: t('due.left', { span: spanText(left) }), tone: left < day ? 'soon' : 'calm' }
}

export const agoText = (value: unknown, now: number) => {
    const ms = toMs(value)
    return ms === null ? '' : spanText(now - ms)
}

/** A shared ticking "now" for countdowns; one timer for the whole page. */
const tick = ref(serverNow())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined
export function useNow() {
    if (users++ === 0) {
        tick.value = serverNow()
        timer = setInterval(() => (tick.value = serverNow()), second)
    }
    onScopeDispose(() => {
        if (--users === 0) clearInterval(timer)
    })
    return computed(() => (void lang.value, tick.value))
}

export const spans = { second, minute, hour, day }
