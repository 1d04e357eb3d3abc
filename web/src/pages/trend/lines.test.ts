import { describe, expect, it } from 'vitest'
import type { LivePoint } from '../../model/types'
import { byUnit, csvOf, type Line, readAt, samplesOf } from './lines'

const t0 = Date.parse('2026-11-23T10:00:00+08:00')
const line = (code: string, unit: string, stepS: number, samples: Line['samples']): Line => ({
    point: { code, name: code, unit } as LivePoint,
    samples,
    stepS,
})
const words = { time: '时间', min: '最小', mean: '平均', max: '最大' }

describe('lines of the trend', () => {
    it('takes steps as they are and leaves bad raw samples out', () => {
        expect(samplesOf([[t0, 5, 1, 2, 3, 2.5]], 60)).toEqual([[t0, 1, 2, 3]])
        expect(
            samplesOf(
                [
                    [t0, 4, 0],
                    [t0 + 1, 9, 2],
                ],
                0,
            ),
        ).toEqual([[t0, 4, 4, 4]])
    })

    it('reads the last sample at or before the cursor, but not across a hole', () => {
        const read = line('A', '℃', 60, [
            [t0, 1, 1, 1],
            [t0 + 60_000, 2, 2, 2],
            [t0 + 120_000, 3, 3, 3],
        ])
        expect(readAt(read, t0 - 1)).toBeNull()
        expect(readAt(read, t0 + 119_999)![2]).toBe(2)
        expect(readAt(read, t0 + 200_000)![2]).toBe(3)
        expect(readAt(read, t0 + 3_600_000)).toBeNull()
    })

    it('puts points of one unit on one axis', () => {
        const groups = byUnit([line('A', '℃', 0, []), line('B', 'MPa', 0, []), line('C', '℃', 0, [])])
        expect(groups.map((g) => [g.unit, g.lines.map((l) => l.point.code)])).toEqual([
            ['℃', ['A', 'C']],
            ['MPa', ['B']],
        ])
    })

    it('writes one row for each moment, empty where a point has none, and no formula', () => {
        const evil = line('=1+1', '', 60, [[t0, 1, 2, 3]])
        const rows = csvOf([evil, line('B', 'm', 60, [[t0 + 60_000, 4, 5, 6]])], words).split('\r\n')
        expect(rows[0]).toContain(`"'=1+1 (=1+1) 最小"`)
        expect(rows[1]).toBe('2026-11-23 10:00:00.000,1,2,3,,,')
        expect(rows[2]).toBe('2026-11-23 10:01:00.000,,,,4,5,6')
        expect(csvOf([line('B', 'm', 0, [[t0, 4, 4, 4]])], words).split('\r\n')[1]).toBe(
            '2026-11-23 10:00:00.000,4',
        )
    })
})
