import { describe, expect, it } from 'vitest'
import { type AlarmSpan, boundText, changesOf, placeOf, type Tried, valueText, weekStart } from './kpi'

describe('weeks', () => {
    it('begin on Monday in China, whatever the hour is elsewhere', () => {
        const monday = Date.parse('2026-11-23T00:00:00+08:00')
        expect(weekStart(monday, 1)).toBe(monday)
        expect(weekStart(monday - 1, 1)).toBe(monday - 7 * 86_400_000)
        expect(weekStart(Date.parse('2026-11-29T23:59:59+08:00'), 1)).toBe(monday)
        expect(weekStart(monday, 4)).toBe(monday - 21 * 86_400_000)
    })
})

describe('figures in words', () => {
    const title = { zh: '', en: '' }
    it('have two decimals at most, and a dash where there is nothing to divide by', () => {
        expect(valueText({ value: 33.3333, unit: '%' })).toBe('33.33 %')
        expect(valueText({ value: 6, unit: '' })).toBe('6')
        expect(valueText({ unit: '%' })).toBe('—')
    })
    it('say what is good, what can be handled, or what is aimed at', () => {
        expect(boundText({ kpi: 'a', title, unit: '', acceptable: 6, manageable: 12 })).toBe('≤ 6 (12)')
        expect(boundText({ kpi: 'a', title, unit: '%', acceptable: 0 })).toBe('≤ 0 %')
        expect(boundText({ kpi: 'a', title, unit: '%', target: 80 })).toBe('≈ 80 %')
        expect(boundText({ kpi: 'a', title, unit: '' })).toBe('')
    })
})

describe('a span on the axis', () => {
    const span = (raised: number, returned?: number) =>
        ({
            raised_at: new Date(raised).toISOString(),
            ...(returned === undefined ? {} : { returned_at: new Date(returned).toISOString() }),
        }) as AlarmSpan
    it('is cut by the stretch and lasts to its end while it stands', () => {
        expect(placeOf(span(2500, 5000), 0, 10_000)).toEqual({ left: 25, width: 25 })
        expect(placeOf(span(5000), 0, 10_000)).toEqual({ left: 50, width: 50 })
        expect(placeOf(span(0, 20_000), 5000, 10_000)).toEqual({ left: 0, width: 100 })
    })
})

describe('what is tried', () => {
    const none: Tried = {
        limit_low_low: '',
        limit_low: '',
        limit_high: '',
        limit_high_high: '',
        hysteresis: '',
        on_delay_s: '',
        off_delay_s: '',
    }
    it('is what differs: a number, or nothing where there was one', () => {
        expect(changesOf({ ...none, limit_high: '90' }, { limit_high: 90 })).toEqual({})
        expect(changesOf({ ...none, limit_high: ' 85.5 ' }, { limit_high: 90 })).toEqual({ limit_high: 85.5 })
        expect(changesOf(none, { limit_high: 90 })).toEqual({ limit_high: null })
        expect(changesOf({ ...none, hysteresis: 'x' }, {})).toEqual({ hysteresis: 'x' })
    })
})
