import { describe, expect, it } from 'vitest'
import { filterText } from './columns'

describe('filter in CQL2-text', () => {
    it('joins with AND and leaves out what is not asked', () => {
        expect(filterText({ state: 'reported', grade: '', kind: 'fire' })).toBe(
            "state = 'reported' AND kind = 'fire'",
        )
        expect(filterText({ state: '' })).toBeUndefined()
    })
    it('cannot be broken out of', () => {
        expect(filterText({ state: "x' OR 1=1 --" })).toBe("state = 'x'' OR 1=1 --'")
    })
})
