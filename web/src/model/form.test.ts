import { describe, expect, it } from 'vitest'
import {
    changes,
    computedValues,
    conditionEnv,
    createShape,
    editShape,
    inputKind,
    isRequired,
    isShown,
    missing,
    moveShape,
    sent,
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

    it('keeps open what the first move needs but does not take', () => {
        const type = {
            ...hazard,
            moves: [{ name: 'end', title: { zh: '结论' }, accepts: ['due'], require: ['due', 'owner'] }],
        }
        const shape = createShape(type, {}, env)
        expect(names(shape)).toContain('owner')
        expect(shape.more.map((f) => f.field.name)).toEqual(['due'])
    })

    it('marks a field as required while its condition holds, and only then', () => {
        const criterion = hazard.fields.find((f) => f.name === 'criterion')!
        expect(isRequired(criterion, conditionEnv(hazard, { grade: 'major' }, env))).toBe(true)
        expect(isRequired(criterion, conditionEnv(hazard, { grade: 'general' }, env))).toBe(false)
        expect(isRequired(criterion, conditionEnv(hazard, {}, env))).toBe(false)
    })

    it('leaves a condition it cannot read to the server', () => {
        expect(
            isRequired(field('x', { required: 'grade ~~ 3' }), conditionEnv(hazard, { grade: 'major' }, env)),
        ).toBe(false)
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
        expect(missing(shape, { grade: 'major', owner: '王安', due: '2026-12-01' }, env)).toEqual([
            'criterion',
        ])
    })

    it('asks for a comment only when the move requires one', () => {
        expect(missing(moveShape(hazard, comment!, {}, env), {}, env, '  ')).toEqual(['comment'])
        expect(missing(moveShape(hazard, comment!, {}, env), {}, env, '已看')).toEqual([])
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

const survey: RecordType = {
    name: 'survey',
    title: { zh: '核查' },
    has_flow: true,
    fields: [
        field('outcome', { max: 20 }),
        field('fine', { kind: 'money', shown: "outcome = 'bad'", required: true }),
        field('table', { shown: "lookup('t', 'c', outcome) = 1" }),
        field('reviewer', { max: 20, required_states: ['reviewed'] }),
        field('photos', { kind: 'file' }),
        field('total', { kind: 'money', compute: 'sum(items.cost)' }),
        field('share', { kind: 'decimal', compute: 'total / 2' }),
        field('items', {
            kind: 'rows',
            fields: [
                field('what', { max: 20, required: true }),
                field('price', { kind: 'money', default: '10' }),
                field('n', { kind: 'integer' }),
                field('cost', { kind: 'money', compute: 'price * n' }),
                field('why', { max: 20, required: 'price > 100' }),
            ],
        }),
    ],
    states: [{ name: 'open', title: { zh: '开' } }],
}
const rowsField = survey.fields.find((f) => f.name === 'items')!

describe('fields that come and go', () => {
    const shown = (values: object) => names(createShape(survey, values as Record<string, unknown>, env))
    it('are shown and required only while their condition holds', () => {
        expect(shown({})).not.toContain('fine')
        expect(shown({ outcome: 'bad' })).toContain('fine')
        const shape = createShape(survey, { outcome: 'bad' }, env)
        expect(missing(shape, { outcome: 'bad' }, env)).toEqual(['fine'])
    })
    it('are shown when only the server can tell', () => {
        expect(isShown(survey.fields[2]!, conditionEnv(survey, {}, env))).toBe(true)
    })
    it('are required in the states that ask for them', () => {
        const at = (state: string) => missing(editShape(survey, {}, { ...env, state }), {}, env)
        expect(at('open')).toEqual([])
        expect(at('reviewed')).toEqual(['reviewer'])
    })
    it('are never asked for when they are worked out', () => expect(shown({})).not.toContain('total'))
})

describe('rows', () => {
    const shape = createShape(survey, {}, env)
    it('begin with their defaults', () =>
        expect(startValues({ fields: rowsField.fields! })).toEqual({ price: 10 }))
    it('name the cell that is missing, and pass over rows without anything', () => {
        const items = [{}, { what: '阀门', price: 200 }, { price: 3 }]
        expect(missing(shape, { items }, env)).toEqual(['items[0].why', 'items[1].what'])
    })
    it('are sent whole, without what is empty or worked out', () => {
        const items = [{ what: '阀门', price: 2, n: null, cost: 4 }, { what: '' }]
        expect(sent(rowsField, items)).toEqual([{ what: '阀门', price: 2 }])
    })
    it('are not sent when only worked-out cells differ', () => {
        const before = { items: [{ what: '阀门', price: 2, n: 2, cost: 4 }] }
        expect(changes(shape, before, { items: [{ what: '阀门', price: 2, n: 2 }] })).toEqual({})
        expect(changes(shape, before, { items: null })).toEqual({ items: null })
    })
    it('add up, through computed fields of rows and of the record', () => {
        const items = [
            { price: 0.1, n: 3 },
            { price: 2, n: 5 },
        ]
        const worked = computedValues(survey, shape.computed, { items }, env)
        expect(worked['total']).toBe(10.3)
        expect(worked['share']).toBe(5.15)
    })
})

describe('files', () => {
    it('are sent by their ids; none is an empty list', () => {
        const photos = survey.fields.find((f) => f.name === 'photos')!
        expect(sent(photos, [{ file: 'F1', name: 'a.jpg', size: 3, media: 'image/jpeg' }])).toEqual([
            { file: 'F1' },
        ])
        const shape = createShape(survey, {}, env)
        expect(changes(shape, { photos: [{ file: 'F1' }] }, { photos: [] })).toEqual({ photos: [] })
        expect(changes(shape, {}, { photos: [] })).toEqual({})
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
        [field('a', { kind: 'code' }), 'code'],
        [field('a', { kind: 'role' }), 'select'],
        [field('a', { kind: 'ref' }), 'search'],
        [field('a', { kind: 'region' }), 'search'],
        [field('a', { kind: 'point' }), 'point'],
        [field('a', { kind: 'area' }), 'area'],
        [field('a', { kind: 'money' }), 'number'],
        [field('a', { kind: 'score' }), 'number'],
        [field('a', { kind: 'duration' }), 'duration'],
        [field('a', { kind: 'rows' }), 'rows'],
        [field('a', { kind: 'file' }), 'file'],
    ] as [Field, string][])('%o', (f, kind) => expect(inputKind(f)).toBe(kind))
})
