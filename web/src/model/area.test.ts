import { describe, expect, it } from 'vitest'
import { areaCorners, areaM2, areaText } from './area'

const square = (x: number, y: number, side: number) => [
    [x, y],
    [x + side, y],
    [x + side, y + side],
    [x, y + side],
    [x, y],
]

describe('an area', () => {
    it('has as many corners as were drawn', () => {
        expect(areaCorners({ type: 'Polygon', coordinates: [square(119, 31, 0.01)] })).toBe(4)
        expect(
            areaCorners({ type: 'MultiPolygon', coordinates: [[square(119, 31, 1)], [square(121, 31, 1)]] }),
        ).toBe(8)
    })

    it('is as large as the sphere says, holes taken away', () => {
        // A degree is 111.195 km; at the equator a square of 0.01 degrees is 1.23643 km².
        const whole = areaM2({ type: 'Polygon', coordinates: [square(0, -0.005, 0.01)] })
        expect(whole / 1e6).toBeCloseTo(1.23643, 4)
        const holed = areaM2({
            type: 'Polygon',
            coordinates: [square(0, -0.005, 0.01), square(0.002, -0.002, 0.004)],
        })
        expect(holed / whole).toBeCloseTo(1 - 0.16, 4)
    })

    it('is said in a unit that fits', () => {
        expect(areaText(850)).toBe('850 m²')
        expect(areaText(25_000)).toBe('2.50 hm²')
        expect(areaText(3_200_000)).toBe('3.20 km²')
    })
})
