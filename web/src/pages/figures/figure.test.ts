import { describe, expect, it } from 'vitest'
import { figureText, targetText } from './figure'

describe('a figure in words', () => {
    it('has at most two decimals and its unit; a share is in per cent', () => {
        expect(figureText({ unit: '项' }, 12)).toBe('12 项')
        expect(figureText({ whole: 3 }, 66.6666)).toBe('66.67 %')
        expect(figureText({}, 0)).toBe('0')
    })
    it('is a dash where there is nothing to divide by, never 0', () => {
        expect(figureText({ whole: 0 }, null)).toBe('—')
    })
    it('says on which side of the target it should be', () => {
        expect(targetText({ target: { at_most: 5 } })).toBe('≤ 5')
        expect(targetText({ target: { at_least: 98.5 } })).toBe('≥ 98.5')
        expect(targetText({ target: { at_most: 0 } })).toBe('≤ 0')
        expect(targetText({})).toBe('')
    })
})
