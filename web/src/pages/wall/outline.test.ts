import { describe, expect, it } from 'vitest'
import { around, cityOf, project, viewOf } from './outline'

describe('outlines', () => {
    const square = cityOf({
        id: '3201',
        geometry: {
            type: 'MultiPolygon',
            coordinates: [
                [
                    [
                        [119, 33],
                        [120, 33],
                        [120, 34],
                        [119, 34],
                        [119, 33],
                    ],
                ],
            ],
        },
    })

    it('has north above south and keeps proportions: a degree of latitude is longer than one of longitude', () => {
        const width = square.box.right - square.box.left
        const height = square.box.bottom - square.box.top
        expect(project(119, 34)[1]).toBeLessThan(project(119, 33)[1])
        expect(height).toBeCloseTo(100)
        expect(width / height).toBeCloseTo(Math.cos((33 * Math.PI) / 180), 5)
        expect(square.path).toMatch(/^M0\.0 0\.0L.*Z$/)
    })

    it('fits a box into the window, centred, with the margin kept on the tighter side', () => {
        const box = around([square.box, { ...square.box, right: square.box.right + 200 }])
        const view = viewOf(box, 1000, 800, 50)
        const at = (x: number, y: number) => [x * view.scale + view.x, y * view.scale + view.y]
        const [left, top] = at(box.left, box.top)
        const [right, bottom] = at(box.right, box.bottom)
        expect(left).toBeCloseTo(50)
        expect(right).toBeCloseTo(950)
        expect(top! + bottom!).toBeCloseTo(800)
    })
})
