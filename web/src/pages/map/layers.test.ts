import { describe, expect, it } from 'vitest'
import type { RecordType } from '../../model/types'
import { cellOf, layerOf, widened, worstOf } from './layers'

const type = (extra: Partial<RecordType>): RecordType => ({
    name: 'x',
    title: { zh: '某' },
    has_flow: false,
    fields: [],
    ...extra,
})

describe('layers of the map', () => {
    it('leaves closed records out, and takes the open alarms by priority', () => {
        expect(layerOf(type({}))).toMatchObject({ group: 'things' })
        expect(layerOf(type({})).filter).toBeUndefined()
        const states = [{ name: 'open' }, { name: 'closed', final: true }, { name: 'void', final: true }]
        const flow = { has_flow: true, states: states.map((s) => ({ title: { zh: '' }, ...s })) }
        expect(layerOf(type(flow)).filter).toBe("state NOT IN ('closed', 'void')")
        expect(layerOf(type({ ...flow, name: 'alarm' }))).toMatchObject({ by: 'priority', group: 'matters' })
    })

    it('keeps the grid while the map is moved, halves it when one goes nearer', () => {
        const box = { west: 116, south: 30, east: 122, north: 36 }
        const moved = { west: 117.3, south: 30, east: 123.3, north: 36 }
        expect(cellOf(moved, 1000)).toBe(cellOf(box, 1000))
        expect(cellOf({ ...box, east: 119 }, 1000)).toBe(cellOf(box, 1000) / 2)
        const wide = widened(box)
        const cells =
            ((wide.east - wide.west) / cellOf(box, 1000)) * ((wide.north - wide.south) / cellOf(box, 1000))
        expect(cells).toBeLessThan(4000)
    })

    it('knows the gravest alarm of a mark', () => {
        expect(worstOf({ lon: 0, lat: 0, count: 3, by: { '4': 2, '2': 1 } })).toBe(2)
        expect(worstOf({ lon: 0, lat: 0, count: 3 })).toBeNull()
    })
})
