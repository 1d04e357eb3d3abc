import { describe, expect, it } from 'vitest'
import { type Mark, placeLabels } from './labels'

const mark = (code: string, x: number, y: number, extra: Partial<Mark> = {}): Mark => ({
    code,
    x,
    y,
    radius: 17,
    name: '常州市',
    note: '',
    ...extra,
})

describe('names on the map', () => {
    it('stand below their marks when there is room', () => {
        expect(placeLabels([mark('a', 0, 0)]).get('a')).toEqual({ side: 'below', note: false })
    })
    it('move aside for another mark', () => {
        const labels = placeLabels([mark('a', 0, 0), mark('b', 0, 36)])
        expect(labels.get('a')?.side).toBe('right')
        expect(labels.get('b')?.side).toBe('below')
    })
    it('drop their second line before they go', () => {
        const labels = placeLabels([
            mark('a', 0, 0, { note: '超期隐患 3' }),
            ...[mark('s', 0, 60), mark('e', 60, 20), mark('w', -60, 20), mark('n', 0, -40)],
            ...[mark('ne', 60, -14), mark('nw', -60, -14)],
        ])
        expect(labels.get('a')).toEqual({ side: 'below', note: false })
    })
    it('give way to a graver place, which comes first', () => {
        const calm = { radius: 0 }
        const labels = placeLabels([mark('grave', 0, 0), mark('calm', 0, 28, calm)])
        expect(labels.has('grave')).toBe(true)
        expect(labels.has('calm')).toBe(false)
    })
})
