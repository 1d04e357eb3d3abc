import { describe, expect, it } from 'vitest'
import { findRegisters } from './registers'
import type { RecordType, Schema } from './types'

const type = (name: string, zh: string, en: string, pack?: string): RecordType => ({
    name,
    title: { zh, en },
    has_flow: false,
    fields: [],
    ...(pack ? { pack } : {}),
})
const schema: Schema = {
    types: [
        type('point', '监测点', 'Point', 'core'),
        type('hazard', '隐患', 'Hidden hazard', 'hazard'),
        type('permit', '作业票', 'Work permit', 'permit'),
        type('loose', '散件', 'Loose'),
    ],
    codes: {},
    roles: [],
    packs: [
        { pack: 'core', title: { zh: '基础', en: 'Core' }, version: 1 },
        { pack: 'hazard', title: { zh: '隐患治理', en: 'Hazards' }, version: 1 },
        { pack: 'permit', title: { zh: '特殊作业', en: 'Special work' }, version: 1 },
        { pack: 'empty', title: { zh: '空', en: 'Empty' }, version: 1 },
    ],
}
const found = (text: string) =>
    findRegisters(schema, text).map((group) => `${group.pack}: ${group.types.map((t) => t.name).join(' ')}`)

describe('registers', () => {
    it('stand under their packs in order, those without one last', () =>
        expect(found('')).toEqual(['core: point', 'hazard: hazard', 'permit: permit', ': loose']))
    it('are found by title in both languages, by name and by pack', () => {
        expect(found('作业')).toEqual(['permit: permit'])
        expect(found('hidden')).toEqual(['hazard: hazard'])
        expect(found('special permit')).toEqual(['permit: permit'])
        expect(found('nothing')).toEqual([])
    })
})
