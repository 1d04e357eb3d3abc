import { describe, expect, it } from 'vitest'
import { codeLevels, inForce } from './codes'
import type { CodeItem } from './types'

const item = (code: string, parent?: string, extra: Partial<CodeItem> = {}): CodeItem => ({
    code,
    title: { zh: code },
    ...(parent ? { parent } : {}),
    ...extra,
})
const injuries = [item('burn'), item('heat', 'burn'), item('acid', 'burn'), item('fall')]
const shown = (chosen: unknown) =>
    codeLevels(injuries, chosen).map((level) => [level.items.map((i) => i.code).join(' '), level.chosen])

describe('a list with branches', () => {
    it('asks level by level and keeps the way to what was chosen', () => {
        expect(shown(null)).toEqual([['burn fall', null]])
        expect(shown('fall')).toEqual([['burn fall', 'fall']])
        expect(shown('burn')).toEqual([
            ['burn fall', 'burn'],
            ['heat acid', null],
        ])
        expect(shown('acid')).toEqual([
            ['burn fall', 'burn'],
            ['heat acid', 'acid'],
        ])
    })

    it('takes a branch whose stem is not in force for a stem', () => {
        expect(codeLevels([item('acid', 'burn')], null)[0]?.items.map((i) => i.code)).toEqual(['acid'])
    })
})

describe('codes of a time', () => {
    const list = [
        item('old', undefined, { valid_to: '2025-12-31' }),
        item('new', undefined, { valid_from: '2026-01-01' }),
    ]
    it('are offered while in force, the present value always', () => {
        expect(inForce(list, '2026-11-23').map((i) => i.code)).toEqual(['new'])
        expect(inForce(list, '2025-12-31').map((i) => i.code)).toEqual(['old'])
        expect(inForce(list, '2026-11-23', 'old').map((i) => i.code)).toEqual(['old', 'new'])
    })
})
