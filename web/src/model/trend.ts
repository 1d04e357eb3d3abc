// Ranges and shapes of trend charts.
import type { LivePoint, Step } from './types'

export type RangeName = '1h' | '6h' | '24h' | '7d'
export const ranges: Record<RangeName, { spanMs: number; stepS: number; refreshMs: number }> = {
    '1h': { spanMs: 3600_000, stepS: 10, refreshMs: 5_000 },
    '6h': { spanMs: 6 * 3600_000, stepS: 60, refreshMs: 30_000 },
    '24h': { spanMs: 24 * 3600_000, stepS: 240, refreshMs: 60_000 },
    '7d': { spanMs: 7 * 24 * 3600_000, stepS: 1800, refreshMs: 300_000 },
}

/** `null` where data are missing, so that the line breaks instead of pretending. */
export type Row = Step | null

/** A gap is a hole of more than three usual distances: a point sampled once a minute has no gaps in 10 s steps. */
export function withGaps(items: Step[], stepS: number): Row[] {
    const distances = items.slice(1).map((item, i) => item[0] - items[i]![0])
    const usual = [...distances].sort((a, b) => a - b)[Math.floor((distances.length - 1) / 2)] ?? 0
    const hole = 3 * Math.max(stepS * 1000, usual)
    const rows: Row[] = []
    items.forEach((item, i) => {
        if (i > 0 && item[0] - items[i - 1]![0] > hole) rows.push(null)
        rows.push(item)
    })
    return rows
}

export interface LimitLine {
    name: 'HH' | 'H' | 'L' | 'LL'
    value: number
}

export function limitLines(point: Partial<LivePoint>): LimitLine[] {
    const all: [LimitLine['name'], number | undefined | null][] = [
        ['HH', point.limit_high_high],
        ['H', point.limit_high],
        ['L', point.limit_low],
        ['LL', point.limit_low_low],
    ]
    return all.flatMap(([name, value]) => (typeof value === 'number' ? [{ name, value }] : []))
}

/** Axis bounds that hold the data and the limits next to them, with a little air. */
export function axisBounds(items: Step[], lines: LimitLine[]): { min: number; max: number } | null {
    if (items.length === 0 && lines.length === 0) return null
    let min = Math.min(...items.map((s) => s[2]))
    let max = Math.max(...items.map((s) => s[4]))
    if (items.length === 0) [min, max] = [Infinity, -Infinity]
    const above = lines.map((l) => l.value).filter((v) => v > max)
    const below = lines.map((l) => l.value).filter((v) => v < min)
    if (above.length) max = Math.min(...above)
    if (below.length) min = Math.max(...below)
    const air = (max - min || Math.abs(max) || 1) * 0.08
    return { min: min - air, max: max + air }
}

export function formatNumber(value: unknown): string {
    if (typeof value !== 'number' || !Number.isFinite(value)) return ''
    const size = Math.abs(value)
    const decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3
    return String(Number(value.toFixed(decimals)))
}
