import { describe, expect, it } from 'vitest'
import {
    changes,
    createShape,
    editShape,
    inputKind,
    isRequired,
    missing,
    moveShape,
    startValues,
} from './form'
import type { Field, RecordType } from './types'

const field = (name: string, extra: Partial<Field> = {}): Field => ({
    name,
    kind: 'text',
    title: { zh: name },
    ...extra,
})
const hazard: RecordType = {
    name: 'hazard',
    title: { zh: '隐患' },
    key: null,
    label: 'title',
    has_flow: true,
    fields: [
        field('title', { max: 200, required: true }),
        field('description'),
        field('enterprise', { kind: 'ref', type: 'enterprise', required: true }),
        field('grade', { kind: 'code', codes: 'hazard_level', required: true }),
        field('criterion', { required: "grade = 'major'" }),
        field('owner', { max: 60 }),
        field('due', { kind: 'date' }),
        field('measure'),
        field('rectified'),
        field('found_at', { kind: 'time' }),
    ],
    states: [],
    moves: [
        {
            name: 'assign',
            title: { zh: '交办' },
            accepts: ['grade', 'criterion', 'owner', 'due', 'description'],
            require: ['owner', 'due'],
        },
        { name: 'submit', title: { zh: '提交' }, accepts: ['rectified', 'measure'], require: ['rectified'] },
        { name: 'comment', title: { zh: '备注' }, accepts: [], require: ['comment'] },
    ],
}
const [assign, , comment] = hazard.moves!
const env = { now: Date.parse('2026-11-23T10:00:00+08:00'), today: '2026-11-23', actor: 'wang' }
const names = (shape: { main: { field: Field }[] }) => shape.main.map((f) => f.field.name)

describe('form of a new record', () => {
    it('keeps fields of later steps folded and everything needed now open', () => {
        const shape = createShape(hazard, {}, env)
        expect(names(shape)).toEqual(['title', 'description', 'enterprise', 'grade', 'criterion', 'found_at'])
        expect(shape.more.map((f) => f.field.name)).toEqual(['owner', 'due', 'measure', 'rectified'])
    })

    it('marks a field as required while its condition holds, and only then', () => {
        const criterion = hazard.fields.find((f) => f.name === 'criterion')!
        expect(isRequired(hazard, criterion, { grade: 'major' }, env)).toBe(true)
        expect(isRequired(hazard, criterion, { grade: 'general' }, env)).toBe(false)
        expect(isRequired(hazard, criterion, {}, env)).toBe(false)
    })

    it('leaves a condition it cannot read to the server', () => {
        expect(isRequired(hazard, field('x', { required: 'grade ~~ 3' }), { grade: 'major' }, env)).toBe(
            false,
        )
    })
})

describe('form of a move', () => {
    it('shows what the move accepts or requires, the required first', () => {
        const shape = moveShape(hazard, assign!, { grade: 'general' }, env)
        expect(names(shape)).toEqual(['grade', 'owner', 'due', 'description', 'criterion'])
        expect(shape.main.filter((f) => f.required).map((f) => f.field.name)).toEqual([
            'grade',
            'owner',
            'due',
        ])
    })

    it('adds the criterion to the required ones once the grade is major', () => {
        const shape = moveShape(hazard, assign!, { grade: 'major', owner: '王安', due: '2026-12-01' }, env)
        expect(missing(shape, { grade: 'major', owner: '王安', due: '2026-12-01' })).toEqual(['criterion'])
    })

    it('asks for a comment only when the move requires one', () => {
        expect(missing(moveShape(hazard, comment!, {}, env), {}, '  ')).toEqual(['comment'])
        expect(missing(moveShape(hazard, comment!, {}, env), {}, '已看')).toEqual([])
        expect(moveShape(hazard, assign!, {}, env).comment).toEqual({ required: false })
    })
})

describe('what is sent', () => {
    const shape = moveShape(hazard, assign!, {}, env)
    it('is only what differs, and null for what was emptied', () => {
        const before = { grade: 'general', owner: '王安', description: '旧' }
        const values = { grade: 'general', owner: '李慎', description: '', due: '2026-12-01' }
        expect(changes(shape, before, values)).toEqual({
            owner: '李慎',
            description: null,
            due: '2026-12-01',
        })
    })
    it('is nothing for fields that were empty and stay so', () => {
        expect(changes(shape, { owner: undefined }, { owner: null, due: '' })).toEqual({})
    })
    it('never has fields that the form does not show', () => {
        expect(changes(shape, {}, { title: '改名' })).toEqual({})
    })
})

describe('a new record', () => {
    const type: RecordType = {
        ...hazard,
        key: 'code',
        fields: [
            field('code'),
            field('grade', { kind: 'code', default: 'general' }),
            field('delay', { kind: 'integer', default: '30' }),
            field('latch', { kind: 'bool', default: 'false' }),
            field('escalation', { kind: 'code', default: '0', by_move: true }),
        ],
    }
    const shown = (shape: ReturnType<typeof createShape>) =>
        [...shape.main, ...shape.more].map(({ field }) => field.name)
    it('starts with the defaults in the form that the API takes', () => {
        expect(startValues(type)).toEqual({ grade: 'general', delay: 30, latch: false })
    })
    it('and no form but that of a move asks for what only moves give', () => {
        expect(shown(createShape(type, {}, env))).not.toContain('escalation')
        expect(shown(editShape(type, {}, env))).not.toContain('escalation')
    })
    it('has a code once only: an edit does not ask for it', () => {
        expect(shown(createShape(type, {}, env))).toContain('code')
        expect(shown(editShape(type, {}, env))).not.toContain('code')
    })
})

describe('input kinds', () => {
    it.each([
        [field('a', { max: 60 }), 'line'],
        [field('a', { max: 2000 }), 'paragraph'],
        [field('a'), 'paragraph'],
        [field('a', { kind: 'decimal' }), 'number'],
        [field('a', { kind: 'integer' }), 'number'],
        [field('a', { kind: 'bool' }), 'switch'],
        [field('a', { kind: 'date' }), 'date'],
        [field('a', { kind: 'time' }), 'time'],
        [field('a', { kind: 'code' }), 'select'],
        [field('a', { kind: 'role' }), 'select'],
        [field('a', { kind: 'ref' }), 'search'],
        [field('a', { kind: 'region' }), 'search'],
        [field('a', { kind: 'point' }), 'point'],
    ] as [Field, string][])('%o', (f, kind) => expect(inputKind(f)).toBe(kind))
})
