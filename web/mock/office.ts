// Records, moves, journal and clocks of the mock: the same order of checks as docs/packs.md, in memory, without promises.
import { createHash } from 'node:crypto'
import { holds } from '../src/model/condition'
import { toMs, toRfc3339, todayText } from '../src/base/clock'
import type { Clock, JournalEntry, RecordItem } from '../src/model/types'
import { allowed, type PackMove, type PackType, type loadPacks } from './packs'
import type { Row } from './world'

export interface Person {
    login: string
    name: string
    role: string
    region?: string
    enterprise?: string
}
export const engine: Person = { login: 'engine', name: '监测引擎', role: 'engine' }

export class Refusal extends Error {
    constructor(
        readonly status: number,
        readonly id: string,
        readonly detail: string,
        readonly more: Record<string, unknown> = {},
    ) {
        super(detail)
    }
}

type Packs = ReturnType<typeof loadPacks>
const rfc = (ms: number) => toRfc3339(ms)

export class Office {
    readonly tables = new Map<string, Map<string, RecordItem>>()
    readonly journals = new Map<string, JournalEntry[]>()
    readonly notices: (Row & { who: string[]; record: RecordItem })[] = []
    readonly listeners = new Set<(entry: JournalEntry, record: RecordItem) => void>()
    readonly log: { entry: JournalEntry; record: RecordItem }[] = []
    seq = 100
    private serial = 0

    constructor(readonly packs: Packs) {
        for (const name of packs.types.keys()) this.tables.set(name, new Map())
    }

    type(name: string): PackType {
        const type = this.packs.types.get(name)
        if (!type) throw new Refusal(404, 'type.unknown', `没有类型 ${name}`)
        return type
    }
    all(type: string) {
        return [...(this.tables.get(type)?.values() ?? [])]
    }
    find(type: string, id: string) {
        return this.tables.get(type)?.get(id)
    }

    regionOf(record: RecordItem): string {
        const scope = this.type(record.type).scope
        if (scope?.region) return String(record[scope.region] ?? '')
        const enterprise = this.enterpriseOf(record)
        return String(this.find('enterprise', enterprise)?.['region'] ?? '')
    }
    enterpriseOf(record: RecordItem): string {
        const field = this.type(record.type).scope?.enterprise
        return field ? String(record[field] ?? '') : ''
    }
    sees(person: Person, record: RecordItem) {
        if (!allowed(this.type(record.type).rights.read, person.role)) return false
        if (record.type === 'region' || record.type === 'organisation') return true
        return this.inScope(person, record)
    }
    inScope(person: Person, record: RecordItem) {
        if (person.role === 'admin' || person.role === 'engine') return true
        if (person.enterprise) return this.enterpriseOf(record) === person.enterprise
        return this.regionOf(record).startsWith(person.region ?? '!')
    }

    private env(type: PackType, record: Row, person: Person) {
        const now = Date.now()
        return {
            now,
            today: todayText(now),
            actor: person.login,
            field: (name: string) => {
                const value = record[name]
                if (value === undefined || value === null || typeof value === 'object') return null
                const kind = type.fields.find((f) => f.name === name)?.kind
                return kind === 'time' ? toMs(value) : (value as string)
            },
        }
    }

    private check(type: PackType, record: Row, person: Person) {
        const env = this.env(type, record, person)
        for (const field of type.fields) {
            const empty =
                record[field.name] === undefined || record[field.name] === null || record[field.name] === ''
            const must =
                typeof field.required === 'object' ? holds(field.required.when, env) === true : field.required
            if (must && empty) throw this.must(type, field.name)
        }
        for (const { when, message, field } of type.checks ?? [])
            if (holds(when, env) === true)
                throw new Refusal(422, 'check', message.zh, { detail_en: message.en, field })
    }

    private must(type: PackType, name: string) {
        const title = type.fields.find((f) => f.name === name)?.title ?? { zh: '备注', en: 'Comment' }
        return new Refusal(422, 'field.required', `“${title.zh}”必须填写`, {
            detail_en: `${title.en} is required`,
            field: name,
            hint: '填写后再提交',
            hint_en: 'Fill it in and submit again',
        })
    }

    private checkGiven(type: PackType, given: Row) {
        for (const [name, value] of Object.entries(given)) {
            const field = type.fields.find((f) => f.name === name)
            if (!field) throw new Refusal(422, 'field.unknown', `没有字段 ${name}`, { field: name })
            if (value === null) continue
            if (field.kind === 'text' && String(value).length > Number(field.max ?? 4000))
                throw new Refusal(422, 'field.max', `“${field.title.zh}”最多 ${field.max} 个字`, {
                    field: name,
                    detail_en: 'Too long',
                    hint: '请缩短',
                })
            if (field.min !== undefined && Number(value) < Number(field.min))
                throw new Refusal(422, 'field.min', `“${field.title.zh}”不能小于 ${field.min}`, {
                    field: name,
                    detail_en: `At least ${field.min}`,
                    hint: `请填写不小于 ${field.min} 的数`,
                })
            if (field.kind === 'ref' && !this.find(field.type!, String(value)))
                throw new Refusal(422, 'field.ref', `“${field.title.zh}”没有这条记录`, {
                    field: name,
                    detail_en: 'No such record',
                })
        }
    }

    private write(entry: Omit<JournalEntry, 'seq' | 'time' | 'hash'>, record: RecordItem) {
        const full: JournalEntry = { seq: ++this.seq, time: rfc(Date.now()), ...entry }
        full.hash = createHash('sha256').update(JSON.stringify(full)).digest('hex')
        const key = `${record.type}/${record.id}`
        this.journals.set(key, [...(this.journals.get(key) ?? []), full])
        const copy = this.view(record)
        this.log.push({ entry: full, record: copy })
        if (this.log.length > 2000) this.log.shift()
        for (const tell of this.listeners) tell(full, copy)
    }

    create(name: string, fields: Row, person: Person, at = Date.now()): RecordItem {
        const type = this.type(name)
        this.checkGiven(type, fields)
        const id = type.key ? String(fields[type.key]) : `01${String(++this.serial).padStart(24, '0')}`
        const defaults = Object.fromEntries(
            type.fields.filter((f) => f.default !== undefined).map((f) => [f.name, f.default]),
        )
        const record: RecordItem = {
            id,
            type: name,
            version: 1,
            created_at: rfc(at),
            created_by: person.login,
            updated_at: rfc(at),
            ...defaults,
            ...fields,
        }
        if (type.flow) record.state = type.flow.initial
        this.check(type, record, person)
        if (type.number)
            record.number = `YH${this.regionOf(record)}-2026-${String(++this.serial).padStart(6, '0')}`
        this.tables.get(name)!.set(id, record)
        const diff = Object.fromEntries(
            Object.entries(fields).map(([k, v]) => [k, [null, v] as [unknown, unknown]]),
        )
        this.startClocks(record, at)
        this.write(this.entry(person, record, 'create', { to: record.state, diff }), record)
        return record
    }

    private entry(person: Person, record: RecordItem, action: string, more: Partial<JournalEntry>) {
        return {
            actor: person.login,
            actor_name: person.name,
            role: person.role,
            type: record.type,
            id: record.id,
            action,
            ...more,
        }
    }

    readonly clocks = new Map<string, Clock[]>()
    startClocks(record: RecordItem, at = Date.now()) {
        const key = `${record.type}/${record.id}`
        const clocks = this.clocks.get(key) ?? []
        for (const clock of clocks) if (clock.state !== 'done') clock.state = 'done'
        for (const clock of this.type(record.type).clocks ?? []) {
            if (clock.start.state !== record.state) continue
            const until = clock.until && record[clock.until]
            const days = Number(/^\d+/.exec(clock.limit ?? '1')?.[0] ?? 1)
            const due = until
                ? String(until).length === 10
                    ? Date.parse(`${String(until)}T23:59:59+08:00`)
                    : toMs(until)!
                : at + days * 86400_000
            clocks.push({
                name: clock.name,
                title: clock.title,
                state: 'open',
                started_at: rfc(at),
                due_at: rfc(due),
                step: 0,
                next_at: rfc(due),
            })
        }
        this.clocks.set(key, clocks)
    }
    clocksOf(record: RecordItem): Clock[] {
        return (this.clocks.get(`${record.type}/${record.id}`) ?? []).map((c) => ({
            ...c,
            overdue: c.state === 'open' && toMs(c.due_at)! < Date.now(),
        }))
    }

    edit(record: RecordItem, given: Row, person: Person) {
        const type = this.type(record.type)
        this.checkGiven(type, given)
        const next = { ...record, ...given }
        this.check(type, next, person)
        this.change(record, next, person, 'edit', {})
    }

    private change(
        record: RecordItem,
        next: RecordItem,
        person: Person,
        action: string,
        more: Partial<JournalEntry>,
    ) {
        const diff: Record<string, [unknown, unknown]> = {}
        for (const name of Object.keys(next))
            if (
                !['state', 'version', 'updated_at', '_labels'].includes(name) &&
                JSON.stringify(record[name]) !== JSON.stringify(next[name])
            )
                diff[name] = [record[name] ?? null, next[name] ?? null]
        const from = record.state
        Object.assign(record, next, { version: record.version + 1, updated_at: rfc(Date.now()) })
        for (const name of Object.keys(record))
            if (record[name] === null || record[name] === undefined) delete record[name]
        if (record.state !== from) this.startClocks(record)
        this.write(this.entry(person, record, action, { from, to: record.state, diff, ...more }), record)
    }

    mayMove(person: Person, record: RecordItem, move: PackMove) {
        if (!move.from.includes(record.state ?? '')) return false
        if (person.role === 'engine') return move.by === 'engine'
        if (!allowed(move.who, person.role) || !this.inScope(person, record)) return false
        const journal = this.journals.get(`${record.type}/${record.id}`) ?? []
        for (const name of move.not ?? []) {
            const last = [...journal].reverse().find((e) => e.action === `move:${name}`)
            if (last?.actor === person.login) return false
        }
        if (move.name === 'to_hazard' && record['hazard']) return false
        return true
    }

    moves(person: Person, record: RecordItem) {
        const flow = this.type(record.type).flow
        return (flow?.moves ?? [])
            .filter((move) => this.mayMove(person, record, move))
            .map(({ name, title, accepts, require }) => ({
                name,
                title,
                accepts: accepts ?? [],
                require: require ?? [],
            }))
    }

    move(record: RecordItem, name: string, given: Row, comment: string, person: Person) {
        const type = this.type(record.type)
        const move = type.flow?.moves.find((m) => m.name === name)
        if (!move) throw new Refusal(404, 'move.unknown', `没有动作 ${name}`)
        if (!move.from.includes(record.state ?? ''))
            throw new Refusal(409, 'move.state', `“${move.title.zh}”在当前状态下不能进行`, {
                detail_en: 'Not possible in this state',
            })
        if (!this.mayMove(person, record, move))
            throw new Refusal(403, 'move.forbidden', '您没有办理此事项的权限', {
                detail_en: 'Not your right',
            })
        const extra = Object.keys(given).find((k) => !move.accepts?.includes(k))
        if (extra) throw new Refusal(422, 'field.not_accepted', `此事项不接受字段 ${extra}`, { field: extra })
        this.checkGiven(type, given)
        const next: RecordItem = { ...record, ...given }
        for (const need of move.require ?? []) {
            if (
                need === 'comment'
                    ? !comment
                    : next[need] === undefined || next[need] === null || next[need] === ''
            )
                throw this.must(type, need)
        }
        if (move.guard && holds(move.guard.when, this.env(type, next, person)) !== true)
            throw new Refusal(422, 'move.guard', move.guard.message.zh, {
                detail_en: move.guard.message.en,
                field: move.guard.field,
            })
        for (const [k, v] of Object.entries(move.set ?? {}))
            next[k] = v === '$now' ? rfc(Date.now()) : v === '$actor' ? person.login : v
        const env = this.env(type, next, person)
        if (typeof move.to === 'string') next.state = move.to === 'same' ? record.state! : move.to
        else
            next.state = move.to.find(
                (to) =>
                    !to.when ||
                    holds(to.when, {
                        ...env,
                        field: (n) => (n === 'state' ? record.state! : env.field(n)),
                    }) === true,
            )!.state
        this.check(type, next, person)
        for (const { raise, notify } of move.effects ?? []) {
            if (raise) next[raise.link] = this.raise(raise, record, person).id
            if (notify)
                this.notices.push({
                    seq: this.seq + 1,
                    time: rfc(Date.now()),
                    title: this.template(notify.title.zh, record),
                    title_en: this.template(notify.title.en ?? notify.title.zh, record),
                    type: record.type,
                    id: record.id,
                    who: notify.who,
                    record,
                })
        }
        this.change(record, next, person, `move:${name}`, comment ? { comment } : {})
    }

    private template(text: string, record: Row) {
        return text.replace(/\{(\w+)(:title)?\}/g, (_, name: string, title?: string) =>
            title
                ? (this.packs.codes['alarm_level']?.items.find((i) => i.code === record[name])?.title.zh ??
                  '')
                : String(record[name] ?? ''),
        )
    }
    private raise(
        raise: { type: string; fields: Record<string, string> },
        record: RecordItem,
        person: Person,
    ) {
        const fields: Row = {}
        for (const [k, v] of Object.entries(raise.fields)) {
            if (v === '$id') fields[k] = record.id
            else if (v === '$enterprise') fields[k] = this.enterpriseOf(record)
            else if (v.startsWith('$')) fields[k] = record[v.slice(1)]
            else fields[k] = this.template(v, record)
        }
        return this.create(raise.type, fields, person)
    }

    /** With labels for what it refers to. */
    view(record: RecordItem): RecordItem {
        const labels: Record<string, string> = {}
        for (const field of this.type(record.type).fields) {
            const value = record[field.name]
            if (typeof value !== 'string' || (field.kind !== 'ref' && field.kind !== 'region')) continue
            const target = this.find(field.kind === 'region' ? 'region' : field.type!, value)
            const label = target && this.type(target.type).label
            if (label) labels[field.name] = String(target[label] ?? target.id)
        }
        return { ...record, _labels: labels }
    }
}
