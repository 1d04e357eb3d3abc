// The functions of pack expressions (docs/packs.md, Expressions). Empty in → empty out, but for those that say otherwise.
import type { Plain } from './condition'

export type PlainFunction = (values: Plain[]) => Plain

const dayMs = 86_400_000
const zoneMs = 8 * 3_600_000
const isDate = (value: Plain): value is string => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)

/** Days since 1970 in +08:00 of a date or a time in ms. */
function dayNumber(value: Plain): number | null {
    if (typeof value === 'number') return Math.floor((value + zoneMs) / dayMs)
    return isDate(value) ? Date.parse(`${value}T00:00:00Z`) / dayMs : null
}
const dateOfDay = (day: number) => new Date(day * dayMs).toISOString().slice(0, 10)

/** Half away from zero, as written: 2.675 to 2.68. */
export function roundTo(x: number, places: number): number {
    const shifted = Number(`${Math.abs(x)}e${places}`)
    return Number.isFinite(shifted) ? Math.sign(x) * Number(`${Math.round(shifted)}e-${places}`) : x
}

function years(from: Plain, on: Plain): Plain {
    const [a, b] = [dayNumber(from), dayNumber(on)]
    if (a === null || b === null) return null
    const [x, y] = [dateOfDay(a), dateOfDay(b)]
    return Number(y.slice(0, 4)) - Number(x.slice(0, 4)) - (y.slice(5) < x.slice(5) ? 1 : 0)
}

/** The same day n months on, or the last one of that month. */
function addMonths(date: string, n: number): string {
    const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
    const last = new Date(Date.UTC(year, month + n, 0)).getUTCDate()
    return new Date(Date.UTC(year, month - 1 + n, Math.min(day, last))).toISOString().slice(0, 10)
}

/** Working days need the calendar, which only the server has: no value here. */
function add(start: Plain, span: Plain): Plain {
    const parts = /^(\d+)(h|d|m|y)$/.exec(String(span))
    if (!parts) return null
    const n = Number(parts[1])
    if (typeof start === 'number')
        return parts[2] === 'h' ? start + n * 3_600_000 : parts[2] === 'd' ? start + n * dayMs : null
    if (!isDate(start) || parts[2] === 'h') return null
    const day = dayNumber(start)!
    return parts[2] === 'd' ? dateOfDay(day + n) : addMonths(start, parts[2] === 'y' ? n * 12 : n)
}

const ordered = (pick: (a: Plain, b: Plain) => boolean) => (values: Plain[]) =>
    values.reduce((a, b) => (pick(a, b) ? a : b))
const strict = (work: PlainFunction) => (values: Plain[]) =>
    values.some((value) => value === null) ? null : work(values)
const number = (value: Plain) => (typeof value === 'number' ? value : NaN)

export const functions: Record<string, PlainFunction> = {
    round: strict(([x, n]) => roundTo(number(x ?? null), n === undefined ? 0 : number(n))),
    least: strict(ordered((a, b) => a! <= b!)),
    greatest: strict(ordered((a, b) => a! >= b!)),
    coalesce: (values) => values.find((value) => value !== null) ?? null,
    days: strict(([a, b]) => {
        const [x, y] = [dayNumber(a ?? null), dayNumber(b ?? null)]
        return x === null || y === null ? null : y - x
    }),
    age: strict(([a, b]) => years(a ?? null, b ?? null)),
    year: strict(([a]) => {
        const day = dayNumber(a ?? null)
        return day === null ? null : Number(dateOfDay(day).slice(0, 4))
    }),
    add: strict(([a, b]) => add(a ?? null, b ?? null)),
    concat: strict((values) => values.map(String).join('')),
}

/** Over the values of rows: one empty value, or no rows, have no value. */
export const folds: Record<string, (values: number[]) => number> = {
    sum: (values) => values.reduce((a, b) => a + b, 0),
    max: (values) => Math.max(...values),
    min: (values) => Math.min(...values),
    avg: (values) => values.reduce((a, b) => a + b, 0) / values.length,
}
