import { describe, expect, it } from 'vitest'
import { type ConditionEnv, holds, understood, worth } from './condition'

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

describe('expressions', () => {
    const row = (values: Record<string, string | number | boolean>): ConditionEnv => ({
        now,
        today: '2026-11-23',
        actor: 'wang',
        field: (name) => values[name] ?? null,
    })
    const env: ConditionEnv = {
        ...row({ a: 7, b: 2, due: '2026-11-30', from: '2024-02-29', t: now, span: '3d', empty_text: '' }),
        rows: () => [row({ n: 2, x: 1.5 }), row({ n: 3, x: 4 })],
        under: (name, above) => name === 'injury' && above === 'burn',
    }
    it.each([
        ['a + b * 2', 11],
        ['(a + b) * 2', 18],
        ['-a + 1', -6],
        ['a / 0', null],
        ['a + missing', null],
        ['round(2.675, 2)', 2.68],
        ['round(-2.5)', -3],
        ['least(a, b)', 2],
        ["greatest(due, DATE('2026-12-01'))", '2026-12-01'],
        ['coalesce(missing, b)', 2],
        ['choose(a > 3, 1, 2)', 1],
        ['choose(missing > 3, 1, 2)', null],
        ['days($today, due)', 7],
        ["age(from, DATE('2026-02-28'))", 1],
        ['year(due)', 2026],
        ["add(due, '3d')", '2026-12-03'],
        ["add(from, '1y')", '2025-02-28'],
        ['add(due, span)', '2026-12-03'],
        ["concat('A', a)", 'A7'],
        ['sum(rows.n)', 5],
        ['sum(rows, n * x)', 15],
        ['max(rows.x)', 4],
        ['avg(rows.n)', 2.5],
        ['sum(rows.gone)', null],
        ['count(rows)', 2],
        ['count(rows, n > 2)', 1],
        ["DURATION('PT2H')", 7_200_000],
    ] as [string, number | string | null][])('%s is %s', (text, want) => expect(worth(text, env)).toBe(want))

    it.each(["lookup('t', 'c', a)", 'enterprise.scale', "a + band('t', b)", 'a +'])(
        '%s is left to the server',
        (text) => expect(worth(text, env)).toBeUndefined(),
    )

    it('stand on both sides of a comparison', () => {
        expect(holds('a * 2 > b + 10', env)).toBe(true)
        expect(holds('(a + b) * 2 = 18 AND (a > 1 OR b > 9)', env)).toBe(true)
        expect(holds("injury UNDER 'burn'", env)).toBe(true)
    })

    it('say whether all of a condition is known here', () => {
        expect(understood('a > sum(rows.n)')).toBe(true)
        expect(understood("enterprise.scale = 'large'")).toBe(false)
        expect(understood('a >')).toBe(false)
    })
})
