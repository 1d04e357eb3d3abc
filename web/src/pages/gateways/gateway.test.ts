import { expect, test } from 'vitest'
import { offsetText, percentText, runsOf, slotTime } from './gateway'

test('a rate is never rounded up to whole', () => {
    expect(percentText(0.9999)).toBe('99.9%')
    expect(percentText(1)).toBe('100%')
    expect(percentText(null)).toBe('—')
})

test('an offset keeps its sign', () => {
    expect(offsetText(-2.04)).toBe('−2 s')
    expect(offsetText(0)).toBe('+0 s')
    expect(offsetText(420)).toMatch(/^\+7/)
})

test('a strip becomes runs that cover it', () => {
    expect(runsOf('')).toEqual([])
    expect(runsOf('hhmd..')).toEqual([
        { letter: 'h', from: 0, to: 2 },
        { letter: 'm', from: 2, to: 3 },
        { letter: 'd', from: 3, to: 4 },
        { letter: '.', from: 4, to: 6 },
    ])
    expect(slotTime(0)).toBe('00:00')
    expect(slotTime(287)).toBe('23:55')
    expect(slotTime(288)).toBe('24:00')
})
