import { describe, expect, it } from 'vitest'
import type { CodeList, Field, RecordType } from '../../model/types'
import { colourField, hasZones } from './zones'

const list = (...codes: string[]): CodeList => ({
    title: { zh: '' },
    items: codes.map((code) => ({ code, title: { zh: code } })),
})
const codes = {
    risk: list('red', 'orange', 'yellow', 'blue'),
    paint: list('red', 'orange', 'yellow', 'green'),
    some: list('red', 'blue'),
}
const field = (name: string, kind: Field['kind'], of?: string): Field => ({
    name,
    kind,
    title: { zh: name },
    ...(of ? { codes: of } : {}),
})
const type = (...fields: Field[]): RecordType => ({ name: 'x', title: { zh: '' }, has_flow: false, fields })

describe('areas on the map', () => {
    it('takes the colour from the field whose list is the four colours, and from no other', () => {
        const fields = [field('paint', 'code', 'paint'), field('some', 'code', 'some')]
        expect(colourField(type(...fields), codes)).toBeUndefined()
        expect(colourField(type(...fields, field('grade', 'code', 'risk')), codes)?.name).toBe('grade')
        expect(colourField(type(field('gone', 'code', 'not there')), codes)).toBeUndefined()
    })

    it('knows which types have areas', () => {
        expect(hasZones(type(field('zone', 'area')))).toBe(true)
        expect(hasZones(type(field('place', 'point')))).toBe(false)
        expect(hasZones(undefined)).toBe(false)
    })
})
