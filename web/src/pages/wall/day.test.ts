import { expect, it } from 'vitest'
import { Day, type Hour } from './day'

const at = (text: string) => Date.parse(`${text}+08:00`)

it('asks each hour that is over once, the running one always, and begins anew at midnight', async () => {
    const day = new Day()
    const asked: string[] = []
    const ask = async (date: string, hour: number): Promise<Hour['counts']> => {
        asked.push(`${date} ${hour}`)
        return [hour, 0, 0, 0]
    }
    const first = await day.hours(at('2026-11-23T02:10:00'), ask)
    expect(first.map((h) => h.counts[0])).toEqual([0, 1, 2])
    await day.hours(at('2026-11-23T02:40:00'), ask)
    await day.hours(at('2026-11-23T03:01:00'), ask)
    expect(asked).toEqual([0, 1, 2, 2, 2, 3].map((h) => `2026-11-23 ${h}`))
    asked.length = 0
    expect(await day.hours(at('2026-11-24T00:00:05'), ask)).toHaveLength(1)
    expect(asked).toEqual(['2026-11-24 0'])
})
