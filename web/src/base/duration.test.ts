import { describe, expect, it } from 'vitest'
import { durationMs, durationText, durationWords, spanParts } from './duration'

describe('spans of time', () => {
    it('reads what the API writes, and nothing else', () => {
        expect(durationMs('PT8H30M')).toBe(30_600_000)
        expect(durationMs('P3D')).toBe(259_200_000)
        expect(durationMs('P1W')).toBe(604_800_000)
        expect(durationMs('PT1.5S')).toBe(1500)
        for (const bad of ['', 'P', 'PT', 'P1M', 'P1Y', '8h', 'PT-1H', null, 8])
            expect(durationMs(bad)).toBe(null)
    })

    it('writes what it read', () => {
        for (const text of ['PT8H30M', 'P3D', 'P1DT2H3M4.5S', 'PT0S', 'PT45M'])
            expect(durationText(spanParts(durationMs(text)!))).toBe(text)
    })

    it('says it in words', () => {
        expect(durationWords('P1DT2H')).toBe('1 天 2 小时')
        expect(durationWords('PT0S')).toBe('0 秒')
    })
})
