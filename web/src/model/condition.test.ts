import { describe, expect, it } from 'vitest'
import { holds } from './condition'

const now = Date.parse('2026-11-23T10:00:00+08:00')
const check = (text: string, values: Record<string, string | number | boolean> = {}) =>
    holds(text, { now, today: '2026-11-23', actor: 'wang', field: (name) => values[name] ?? null })

describe('conditions (CQL2-text of the packs)', () => {
    it.each([
        ["grade = 'major'", { grade: 'major' }, true],
        ["grade = 'major'", { grade: 'general' }, false],
        ["grade = 'major'", {}, null],
        ["grade <> 'major'", {}, null],
        ['due >= $today', { due: '2026-11-23' }, true],
        ['due >= $today', { due: '2026-11-22' }, false],
        ['due <= $today + 2d', { due: '2026-11-25' }, true],
        ['t > $now AND t <= $now + 1d', { t: now + 3600_000 }, true],
        ['t > $now AND t <= $now + 1d', { t: now + 25 * 3600_000 }, false],
        ['hazard IS NULL', {}, true],
        ['hazard IS NOT NULL', {}, false],
        ["e IN ('1','2','3')", { e: '2' }, true],
        ["e NOT IN ('1','2')", { e: '2' }, false],
        ['a BETWEEN 1 AND 3 AND b = TRUE', { a: 3, b: true }, true],
        ['NOT (a = 1 OR a = 2)', { a: 3 }, true],
        ["a = 1 OR b = 'x'", { a: 1 }, true],
        ["a = 1 AND b = 'x'", { a: 2 }, false],
        ["name LIKE '储罐%'", { name: '储罐T-101' }, true],
        ["name = 'it''s'", { name: "it's" }, true],
        ['a > -1.5', { a: -1 }, true],
        ["d < DATE('2026-12-01')", { d: '2026-11-30' }, true],
        ['active', { active: true }, true],
        [
            "grade = 'general' OR (measure IS NOT NULL AND funds IS NOT NULL)",
            { grade: 'major', measure: 'x' },
            false,
        ],
    ] as [string, Record<string, string | number | boolean>, boolean | null][])(
        '%s with %o is %s',
        (text, values, want) => {
            expect(check(text, values)).toBe(want)
        },
    )

    it.each(['grade =', 'grade = major extra', '(', "a = 'open", 'a ~ 1', ''])(
        'unreadable “%s” is unknown',
        (text) => {
            expect(check(text, { grade: 'major', a: 1 })).toBeNull()
        },
    )
})
