// Spans of time as the API writes them: ISO 8601 without months and years, "PT8H30M", "P3D", "P1W".
import { t } from './words'

const pattern = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/
const unitsMs = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000]

export function durationMs(text: unknown): number | null {
    if (typeof text !== 'string') return null
    const parts = pattern.exec(text)
    if (!parts || parts.slice(1).every((part) => part === undefined)) return null
    return parts.slice(1).reduce((sum, part, i) => sum + Math.round(Number(part ?? 0) * unitsMs[i]!), 0)
}

export interface SpanParts {
    days: number
    hours: number
    minutes: number
    seconds: number
}

export function spanParts(ms: number): SpanParts {
    const seconds = ms / 1000
    return {
        days: Math.floor(seconds / 86400),
        hours: Math.floor((seconds % 86400) / 3600),
        minutes: Math.floor((seconds % 3600) / 60),
        seconds: Math.round((seconds % 60) * 1000) / 1000,
    }
}

export function durationText({ days, hours, minutes, seconds }: SpanParts): string {
    const time = [hours && `${hours}H`, minutes && `${minutes}M`, seconds && `${seconds}S`].filter(Boolean)
    const text = `P${days ? `${days}D` : ''}${time.length ? `T${time.join('')}` : ''}`
    return text === 'P' ? 'PT0S' : text
}

/** "8 小时 30 分", every part that is not 0. */
export function durationWords(text: unknown): string {
    const ms = durationMs(text)
    if (ms === null) return String(text ?? '')
    const { days, hours, minutes, seconds } = spanParts(ms)
    const words = [
        days && t('span.d', { n: days }),
        hours && t('span.h', { n: hours }),
        minutes && t('span.m', { n: minutes }),
        seconds && t('span.s', { n: seconds }),
    ].filter(Boolean)
    return words.join(' ') || t('span.s', { n: 0 })
}
