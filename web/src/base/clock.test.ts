import { afterEach, describe, expect, it } from 'vitest'
import { countdown, formatShort, formatTime, fromWallText, spanText, toRfc3339, toWallText } from './clock'
import { setLang } from './words'

const now = Date.parse('2026-11-23T10:00:00+08:00')
const at = (text: string) => countdown(`2026-${text}+08:00`, now)
afterEach(() => setLang('zh'))

describe('countdown', () => {
    it.each([
        ['11-25T13:00:00', '剩余 2 天 3 小时', 'calm'],
        ['11-25T10:00:00', '剩余 2 天', 'calm'],
        ['11-23T13:20:00', '剩余 3 小时 20 分', 'soon'],
        ['11-23T10:25:30', '剩余 25 分', 'soon'],
        ['11-23T10:05:30', '剩余 5 分 30 秒', 'soon'],
        ['11-23T10:00:09', '剩余 9 秒', 'soon'],
        ['11-23T10:00:00', '剩余 0 秒', 'soon'],
        ['11-23T09:59:59', '超期 1 秒', 'overdue'],
        ['11-22T08:00:00', '超期 1 天 2 小时', 'overdue'],
    ])('%s → %s', (due, text, tone) => expect(at(due)).toEqual({ text, tone }))

    it('speaks English too', () => {
        setLang('en')
        expect(at('11-25T13:00:00').text).toBe('2 d 3 h left')
        expect(at('11-22T08:00:00').text).toBe('overdue by 1 d 2 h')
    })
    it('believes the server when there is no due time', () => {
        expect(countdown(null, now, true).tone).toBe('overdue')
        expect(countdown(undefined, now)).toEqual({ text: '', tone: 'none' })
    })
    it('never shows a negative span', () => expect(spanText(-5)).toBe('0 秒'))
})

describe('wall clock in +08:00, wherever the browser is', () => {
    it('shows and sends the same moment', () => {
        const text = toWallText('2026-11-22T16:30:00Z')
        expect(text).toBe('2026-11-23 00:30:00')
        expect(Date.parse(fromWallText(text))).toBe(Date.parse('2026-11-22T16:30:00Z'))
        expect(toRfc3339(now)).toBe('2026-11-23T10:00:00+08:00')
    })
    it('is short where the day is plain', () => {
        expect(formatShort('2026-11-23T09:01:02+08:00', now)).toBe('09:01:02')
        expect(formatShort('2026-11-22T23:59:00+08:00', now)).toBe('11-22 23:59')
        expect(formatShort('2025-11-22T23:59:00+08:00', now)).toBe('2025-11-22')
        expect(formatTime(undefined)).toBe('')
    })
})
