import { describe, expect, it } from 'vitest'
import { axisBounds, formatNumber, limitLines, withGaps } from './trend'
import type { Step } from './types'

const step = (t: number, v = 1): Step => [t, 1, v, v, v, v]

describe('trend', () => {
    it('breaks the line where data are missing', () => {
        expect(withGaps([step(0), step(10_000), step(200_000)], 10)).toEqual([
            step(0),
            step(10_000),
            null,
            step(200_000),
        ])
    })
    it('does not break a slow but regular signal', () => {
        const slow = [0, 60, 120, 180].map((s) => step(s * 1000))
        expect(withGaps(slow, 10)).toEqual(slow)
    })
    it('holds the nearest limits in view, not the far ones', () => {
        const lines = limitLines({ limit_low: 2, limit_high: 9, limit_high_high: 10 })
        expect(lines.map((l) => l.name)).toEqual(['HH', 'H', 'L'])
        const { min, max } = axisBounds([step(0, 7), step(1, 7.5)], lines)!
        expect(min).toBeLessThan(2)
        expect(max).toBeGreaterThan(9)
        expect(max).toBeLessThan(10)
    })
    it('works for a flat line and for none', () => {
        const { min, max } = axisBounds([step(0, 5)], [])!
        expect(min).toBeLessThan(5)
        expect(max).toBeGreaterThan(5)
        expect(axisBounds([], [])).toBeNull()
    })
    it.each([
        [1234.56, '1235'],
        [104.688, '104.7'],
        [7.2, '7.2'],
        [0.4211, '0.421'],
        [undefined, ''],
    ])('number %s', (value, text) => expect(formatNumber(value)).toBe(text))
})
