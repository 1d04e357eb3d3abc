import { describe, expect, it } from 'vitest'
import { offsetsOf, rowAt, windowOf } from './window'

const offsets = offsetsOf([30, 50, 50, 30, 50])

describe('rows in a window', () => {
    it('finds the row at a height, also at its very edge and beyond the end', () => {
        expect(offsets).toEqual([0, 30, 80, 130, 160, 210])
        expect([0, 29, 30, 79, 80, 159, 160, 9999].map((y) => rowAt(offsets, y))).toEqual([
            0, 0, 1, 1, 2, 3, 4, 4,
        ])
    })

    it('takes every row that is at least partly seen, and no more than asked beyond', () => {
        expect(windowOf(offsets, 40, 50, 0)).toEqual({ first: 1, end: 3 })
        expect(windowOf(offsets, 40, 50, 1)).toEqual({ first: 0, end: 4 })
        expect(windowOf(offsets, 100_000, 50, 0)).toEqual({ first: 4, end: 5 })
        expect(windowOf(offsetsOf([]), 0, 50)).toEqual({ first: 0, end: 0 })
    })

    it('draws a screenful of five thousand rows', () => {
        const { first, end } = windowOf(offsetsOf(Array<number>(5000).fill(52)), 100_000, 900)
        expect(end - first).toBeLessThan(35)
        expect(first).toBeLessThanOrEqual(1923)
    })
})
