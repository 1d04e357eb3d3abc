import { describe, expect, it } from 'vitest'
import { bounded, moved, shortest, stepOf, zoomed } from './span'

const now = 1_800_000_000_000
const hour = 3_600_000
const span = { from: now - 10 * hour, to: now - 9 * hour }

describe('the stretch in view', () => {
    it('asks for about as many steps as there are pixels, and for raw samples when near', () => {
        expect(stepOf({ from: 0, to: 10 * 60_000 })).toBe(0)
        for (const hours of [1, 6, 24, 24 * 7, 24 * 90, 24 * 365 * 3]) {
            const count = (hours * 3600) / stepOf({ from: 0, to: hours * hour })
            expect(count).toBeLessThanOrEqual(700)
            expect(count).toBeGreaterThan(100)
        }
    })

    it('zooms about the moment under the cursor', () => {
        const at = span.from + 0.25 * hour
        const near = zoomed(span, 0.5, at, now)
        expect(near.to - near.from).toBe(hour / 2)
        expect((at - near.from) / (near.to - near.from)).toBeCloseTo(0.25)
    })

    it('stops at the shortest stretch and at the present', () => {
        const near = zoomed(span, 1e-9, span.from, now)
        expect(near.to - near.from).toBe(shortest)
        const late = moved({ from: now - hour, to: now }, 5, now)
        expect(late.to).toBeLessThanOrEqual(now + 60_000)
        expect(late.to - late.from).toBe(hour)
        expect(bounded({ from: now, to: now }, now).to - bounded({ from: now, to: now }, now).from).toBe(
            shortest,
        )
    })
})
