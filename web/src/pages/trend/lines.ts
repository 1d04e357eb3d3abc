// What the chart draws: a line for each point, as steps or as raw samples, on an axis for each unit; and the same as CSV.
import { formatTime } from '../../base/clock'
import type { LivePoint } from '../../model/types'

/** [t_ms, min, mean, max]; raw samples have one value three times. */
export type Sample = [number, number, number, number]
export interface Line {
    point: LivePoint
    samples: Sample[]
    stepS: number
    truncated?: boolean
}

export const shownAtMost = 8
/** Apart also for those who do not tell red from green; the dash says it a second time. */
export const colours = [
    '#1f77b4',
    '#d97706',
    '#0f9d8a',
    '#b5479b',
    '#6b5fd0',
    '#7a8a1d',
    '#c2452d',
    '#4a5568',
]
export const darkColours = [
    '#6db3f2',
    '#f5a742',
    '#45d0bd',
    '#e58acb',
    '#a89cf5',
    '#c3d35a',
    '#ff8a70',
    '#b4c0cf',
]
export const dashes = [
    'solid',
    [8, 3],
    [2, 3],
    [10, 3, 2, 3],
    'solid',
    [8, 3],
    [2, 3],
    [10, 3, 2, 3],
] as const

/** History as it comes: steps `[t, count, min, mean, max, last]` or raw `[t, value, quality]` (bad ones, 2, left out). */
export function samplesOf(items: number[][], stepS: number): Sample[] {
    if (stepS > 0) return items.map((s) => [s[0]!, s[2]!, s[3]!, s[4]!])
    return items.filter((s) => s[2] !== 2).map((s) => [s[0]!, s[1]!, s[1]!, s[1]!])
}

export function byUnit(lines: Line[]): { unit: string; lines: Line[] }[] {
    const groups = new Map<string, Line[]>()
    for (const line of lines) {
        const unit = line.point.unit ?? ''
        groups.set(unit, [...(groups.get(unit) ?? []), line])
    }
    return [...groups].map(([unit, list]) => ({ unit, lines: list }))
}

/** The sample that a cursor at `t` reads: the last one at or before it, unless it is older than a few usual distances. */
export function readAt({ samples, stepS }: Line, t: number): Sample | null {
    let low = 0
    let high = samples.length - 1
    if (high < 0 || samples[0]![0] > t) return null
    while (low < high) {
        const middle = (low + high + 1) >> 1
        if (samples[middle]![0] <= t) low = middle
        else high = middle - 1
    }
    const usual =
        samples.length > 1 ? (samples[samples.length - 1]![0] - samples[0]![0]) / (samples.length - 1) : 0
    return t - samples[low]![0] > 3 * Math.max(stepS * 1000, usual, 1000) ? null : samples[low]!
}

/** A text that a spreadsheet takes for text: quoted, and nothing that it would compute. */
const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`

/** One row for each moment of any line; min, mean and max of each point, empty where it has none. */
export function csvOf(
    lines: Line[],
    words: { time: string; min: string; mean: string; max: string },
): string {
    const raw = lines.every((line) => line.stepS === 0)
    const head = [cell(words.time)]
    const rows = new Map<number, string[]>()
    const width = raw ? 1 : 3
    lines.forEach(({ point, samples }, i) => {
        const name = `${point.name} (${point.code}${point.unit ? `, ${point.unit}` : ''})`
        head.push(
            ...(raw ? [''] : [` ${words.min}`, ` ${words.mean}`, ` ${words.max}`]).map((w) => cell(name + w)),
        )
        for (const [t, min, mean, max] of samples) {
            const row = rows.get(t) ?? Array<string>(lines.length * width).fill('')
            row.splice(i * width, width, ...(raw ? [mean] : [min, mean, max]).map(String))
            rows.set(t, row)
        }
    })
    const body = [...rows]
        .sort(([a], [b]) => a - b)
        .map(([t, row]) => [`${formatTime(t, true)}.${String(t % 1000).padStart(3, '0')}`, ...row].join(','))
    return `\ufeff${[head.join(','), ...body].join('\r\n')}\r\n`
}
