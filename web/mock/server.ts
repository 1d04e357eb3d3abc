// A stand-in for the server while pages are made: docs/api.md in memory, with ticking alarms and the server's CSP.
// npm run mock  → http://127.0.0.1:8089 ; serves dist/ too. Knows one password for everybody. Not for anything but development.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { holds } from '../src/model/condition'
import { toMs, toRfc3339 } from '../src/base/clock'
import { byUrgency, isOpen, isUnacknowledged } from '../src/model/group'
import type { Alarm, JournalEntry, RecordItem } from '../src/model/types'
import { Office, Refusal, engine, type Person } from './office'
import { allowed, loadPacks, served } from './packs'
import { Plant } from './plant'
import * as world from './world'

const web = join(fileURLToPath(import.meta.url), '..', '..')
const packs = loadPacks(join(web, '..', 'packs'))
const office = new Office(packs)
const plant = new Plant(office)
const password = 'anlan-demo'
const sessions = new Map<string, Person>()
const minute = 60_000

function seed() {
    const rows: [string, world.Row[]][] = [
        ['region', world.regions],
        ['enterprise', world.enterprises],
        ['installation', world.installations],
        ['point', world.points],
        ['user', world.users],
    ]
    for (const [type, list] of rows) for (const row of list) office.create(type, row, engine)
    const point = (code: string) => world.points.find((p) => p['code'] === code)!
    const now = Date.now()
    // A chattering point: four occurrences of one condition.
    for (const ago of [55, 41, 23]) {
        const old = plant.raise(point('320412001.AI301'), 'H', 26.1, '1', 25, now - ago * minute)
        office.move(old, 'return', { returned_at: toRfc3339(now - (ago - 4) * minute) }, '', engine)
    }
    plant.raise(point('320412002.PI101'), 'F', 0, '3', 0, now - 12 * minute, 'stale')
    for (const code of [
        '320412001.TI201',
        '320116001.TI101',
        '320582001.LI101',
        '320703001.TI101',
        '321283001.LI101',
    ])
        plant.push(code, code.endsWith('201') ? 2.2 : 1, now - 3 * minute)
    plant.push('320412001.AI301', 1.1, now - 3 * minute)
    plant.tick(now - 3 * minute)
    const shelved = office.all('alarm').find((a) => a['point'] === '320582001.LI101')
    const admin = world.users[0]!
    if (shelved)
        office.move(
            shelved,
            'shelve',
            { shelved_until: toRfc3339(now + 90 * minute), shelve_reason: '液位计校验' },
            '',
            admin,
        )
    const inspector = world.users[3]! as Person
    const hazard = (title: string, extra: world.Row, enterprise = '320412001') =>
        office.create(
            'hazard',
            {
                title,
                enterprise,
                source: 'inspection',
                grade: 'general',
                kind: 'equipment',
                place: '罐区',
                found_at: toRfc3339(now - 3 * 86400_000),
                ...extra,
            },
            inspector,
            now - 2 * 86400_000,
        )
    hazard('T-101 储罐呼吸阀阻火器堵塞', { description: '现场检查发现呼吸阀阻火器积尘严重，影响正常呼吸。' })
    const second = hazard('动火作业现场未配备灭火器材', { kind: 'management' })
    office.move(
        second,
        'assign',
        { owner: '王安', due: toRfc3339(now + 2 * 86400_000).slice(0, 10) },
        '请按期整改',
        inspector,
    )
    const third = hazard('可燃气体报警器超期未检定', {
        kind: 'instrument',
        grade: 'major',
        criterion: 'AQ 3035 4.2',
    })
    office.move(third, 'assign', { owner: '李慎', due: toRfc3339(now).slice(0, 10) }, '', inspector)
    office.move(
        third,
        'submit',
        {
            rectified: '已委托检定机构完成检定，合格。',
            measure: '送检',
            funds_wan: 1.2,
            plan: '临时增设便携式检测',
        },
        '',
        world.users[5]! as Person,
    )
    hazard('防火堤排水阀常开', { kind: 'equipment' }, '320412002')
    for (const h of office.all('hazard').slice(0, 1))
        for (const c of office.clocks.get(`hazard/${h.id}`) ?? []) c.due_at = toRfc3339(now - 26 * 3600_000)
}

function counters(regionPrefix: string, enterprise?: string) {
    const mine = (r: RecordItem) =>
        enterprise ? office.enterpriseOf(r) === enterprise : office.regionOf(r).startsWith(regionPrefix)
    const alarms = (office.all('alarm') as Alarm[]).filter((a) => isOpen(a) && mine(a))
    const hazards = office
        .all('hazard')
        .filter((h) => mine(h) && !['closed', 'dismissed'].includes(h.state ?? ''))
    const points = office.all('point').filter(mine)
    return {
        enterprises: office.all('enterprise').filter(mine).length,
        points: points.length,
        alarms_active: alarms.filter((a) => a.active).length,
        alarms_unacked: alarms.filter(isUnacknowledged).length,
        worst_priority: alarms.length ? Math.min(...alarms.map((a) => Number(a.priority))) : null,
        hazards_open: hazards.length,
        hazards_overdue: hazards.filter((h) => office.clocksOf(h).some((c) => c.overdue)).length,
        points_bad: points.filter((p) => plant.signals.get(p.id)?.quality !== 'good').length,
    }
}

function overview(code: string) {
    const region = office.find('region', code)
    if (!region) throw new Refusal(404, 'region.unknown', '没有这个区划', { detail_en: 'No such region' })
    const base = { region: code, name: region['name'], total: counters(code) }
    const children = office.all('region').filter((r) => r['parent'] === code)
    if (code.length < 6)
        return {
            ...base,
            enterprises: [],
            children: children.map(({ code: c, name, kind, lon, lat }) => ({
                code: c,
                name,
                kind,
                lon,
                lat,
                ...counters(String(c)),
            })),
        }
    const ents = office.all('enterprise').filter((e) => e['region'] === code)
    return {
        ...base,
        children: [],
        enterprises: ents.map((e) => ({
            code: e.id,
            name: e['name'],
            kind: e['kind'],
            ...(e['place'] as object),
            ...counters(code, e.id),
        })),
    }
}

function todo(person: Person) {
    const items: Record<string, unknown>[] = []
    for (const type of packs.types.values())
        for (const record of office.all(type.type)) {
            const state = type.flow?.states.find((s) => s.name === record.state)
            const mine = state?.todo?.some(
                (todo) =>
                    allowed(todo.who, person.role) &&
                    (!todo.when ||
                        holds(todo.when, {
                            now: 0,
                            today: '',
                            actor: '',
                            field: (n) => (record[n] as string) ?? null,
                        }) === true),
            )
            if (!mine || !office.inScope(person, record)) continue
            const clock = office.clocksOf(record).find((c) => c.state === 'open')
            const view = office.view(record)
            items.push({
                type: type.type,
                id: record.id,
                title: record[type.label!],
                state: record.state,
                type_title: type.title,
                state_title: state!.title,
                enterprise: record['enterprise'],
                enterprise_name: view._labels?.['enterprise'],
                number: record.number,
                priority: record['priority'] ?? null,
                due_at: clock?.due_at ?? null,
                overdue: clock?.overdue ?? false,
                clock_title: clock?.title ?? null,
                since: record.updated_at,
            })
        }
    items.sort((a, b) =>
        (String(a['priority'] ?? '9') + String(a['due_at'] ?? '~')).localeCompare(
            String(b['priority'] ?? '9') + String(b['due_at'] ?? '~'),
        ),
    )
    return { items, count: items.length }
}

function alarms(person: Person, query: URLSearchParams) {
    const state = query.get('state') ?? 'open'
    const seen = (office.all('alarm') as Alarm[]).filter(
        (a) =>
            office.sees(person, a) && (!query.get('enterprise') || a.enterprise === query.get('enterprise')),
    )
    const open = seen.filter(isOpen)
    const shown =
        state === 'all' ? seen : state === 'shelved' ? seen.filter((a) => a.state === 'shelved') : open
    const of = (p: string) => open.filter((a) => a.priority === p).length
    return {
        items: shown
            .sort(byUrgency)
            .slice(0, Number(query.get('limit') ?? 200))
            .map((a) => office.view(a)),
        counts: {
            1: of('1'),
            2: of('2'),
            3: of('3'),
            4: of('4'),
            unacknowledged: open.filter(isUnacknowledged).length,
            shelved: seen.filter((a) => a.state === 'shelved').length,
        },
    }
}

function list(person: Person, name: string, query: URLSearchParams) {
    const type = office.type(name)
    if (!allowed(type.rights.read, person.role))
        throw new Refusal(403, 'read.forbidden', '您不能查看这类记录')
    const q = (query.get('q') ?? '').toLowerCase()
    const filter = query.get('filter')
    const sort = (query.get('sort') ?? '-created_at').split(',')[0]!
    const [down, key] = sort.startsWith('-') ? [-1, sort.slice(1)] : [1, sort]
    const rows = office
        .all(name)
        .filter((r) => office.sees(person, r) && (!q || JSON.stringify(r).toLowerCase().includes(q)))
        .filter(
            (r) =>
                !filter ||
                holds(filter, {
                    now: Date.now(),
                    today: toRfc3339(Date.now()).slice(0, 10),
                    actor: person.login,
                    field: (n) => (r[n] as string) ?? null,
                }) === true,
        )
        .sort((a, b) => (String(a[key] ?? '') < String(b[key] ?? '') ? -down : down))
    const from = Number(query.get('cursor') ?? 0)
    const limit = Number(query.get('limit') ?? 50)
    return {
        items: rows.slice(from, from + limit).map((r) => office.view(r)),
        next: from + limit < rows.length ? String(from + limit) : null,
        ...(query.get('count') ? { count: rows.length } : {}),
    }
}

function detail(person: Person, record: RecordItem) {
    return {
        ...office.view(record),
        moves: office.moves(person, record),
        clocks: office.clocksOf(record),
        rights: { edit: allowed(office.type(record.type).rights.edit, person.role) },
    }
}

function checkVersion(request: IncomingMessage, person: Person, record: RecordItem) {
    const match = request.headers['if-match']
    if (!match) throw new Refusal(428, 'version.missing', '缺少 If-Match')
    if (match === `"${record.version}"`) return
    const seen = Number(match.replace(/"/g, ''))
    const journal = office.journals.get(`${record.type}/${record.id}`) ?? []
    const changed = Object.assign(
        {},
        ...journal
            .slice(seen)
            .map((e) => ({ ...e.diff, ...(e.from !== e.to ? { state: [e.from, e.to] } : {}) })),
    )
    throw new Refusal(412, 'version.stale', '记录已被他人修改', {
        detail_en: 'The record has changed',
        current: detail(person, record),
        changed,
    })
}

function me(person: Person) {
    const role = packs.roles.find((r) => r.name === person.role)!
    return {
        login: person.login,
        name: person.name,
        role: person.role,
        role_title: role.title,
        level: role.level,
        region: person.region,
        region_name: person.region && office.find('region', person.region)?.['name'],
        enterprise: person.enterprise,
        enterprise_name: person.enterprise && office.find('enterprise', person.enterprise)?.['name'],
    }
}

const types: Record<string, string> = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
    '.json': 'application/json',
}
const csp = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

function file(path: string, response: ServerResponse) {
    const target = join(web, 'dist', normalize(path === '/' ? '/index.html' : path))
    if (!target.startsWith(join(web, 'dist')) || !existsSync(target) || !statSync(target).isFile())
        return void response.writeHead(404).end()
    response.writeHead(200, {
        'Content-Type': types[extname(target)] ?? 'application/octet-stream',
        'Content-Security-Policy': csp,
    })
    createReadStream(target).pipe(response)
}

function stream(person: Person, request: IncomingMessage, response: ServerResponse, query: URLSearchParams) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(': hello\n\n')
    const send = (entry: JournalEntry, record: RecordItem) => {
        if (!office.sees(person, record)) return
        const { seq, time, type, id, action, from, to } = entry
        response.write(
            `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ seq, time, type, id, action, from, to, record })}\n\n`,
        )
    }
    const after = request.headers['last-event-id'] ?? query.get('after')
    if (after) for (const { entry, record } of office.log) if (entry.seq > Number(after)) send(entry, record)
    office.listeners.add(send)
    const beat = setInterval(() => response.write(': beat\n\n'), 15_000)
    request.on('close', () => {
        clearInterval(beat)
        office.listeners.delete(send)
    })
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
    let text = ''
    for await (const part of request) text += String(part)
    return text ? (JSON.parse(text) as Record<string, unknown>) : {}
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://x')
    const { pathname: path, searchParams: query } = url
    const method = request.method ?? 'GET'
    if (path === '/healthz') return {}
    if (!path.startsWith('/api/')) return file(path, response)
    if (method !== 'GET' && request.headers['content-type'] !== 'application/json')
        throw new Refusal(415, 'content.type', 'Content-Type')
    if (path === '/api/demo')
        return {
            logins: world.users.map((u) => ({
                login: u.login,
                password,
                title: u.name,
                role: u.role,
                enterprise: u.enterprise,
            })),
        }
    const token = /anlan_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
    if (path === '/api/session' && method === 'POST') {
        const { login, password: given } = await bodyOf(request)
        const person = world.users.find((u) => u.login === login) as Person | undefined
        if (!person || given !== password)
            throw new Refusal(401, 'login.failed', '登录名或密码不对', {
                detail_en: 'Wrong login or password',
            })
        const fresh = Math.random().toString(36).slice(2)
        sessions.set(fresh, person)
        response.setHeader('Set-Cookie', `anlan_session=${fresh}; HttpOnly; SameSite=Strict; Path=/`)
        response.statusCode = 201
        return { token: fresh, user: me(person) }
    }
    const person = sessions.get(token)
    if (!person) throw new Refusal(401, 'session.none', '请先登录', { detail_en: 'Please sign in' })
    if (path === '/api/session') return method === 'DELETE' ? void sessions.delete(token) : me(person)
    if (path === '/api/types')
        return {
            types: [...packs.types.values()]
                .filter((t) => allowed(t.rights.read, person.role))
                .map((t) => served(t, person.role)),
            codes: packs.codes,
            roles: packs.roles,
            packs: [{ pack: 'core', version: 1 }],
        }
    if (path === '/api/overview') return overview(query.get('region') ?? '32')
    if (path === '/api/todo') return todo(person)
    if (path === '/api/notices')
        return {
            items: office.notices
                .filter((n) => n.who.includes(person.role) && office.inScope(person, n.record))
                .map(({ seq, time, title, title_en, type, id }) => ({ seq, time, title, title_en, type, id }))
                .reverse(),
        }
    if (path === '/api/alarms') return alarms(person, query)
    if (path === '/api/points') return { items: plant.live(query.get('enterprise') ?? '') }
    if (path === '/api/stream') return stream(person, request, response, query)
    const history = /^\/api\/points\/([^/]+)\/history$/.exec(path)
    if (history) {
        const code = decodeURIComponent(history[1]!)
        const ms = (name: string) =>
            /^\d+$/.test(query.get(name) ?? '') ? Number(query.get(name)) : toMs(query.get(name))!
        const step = Number(query.get('step') ?? 60)
        return {
            code,
            unit: office.find('point', code)?.['unit'],
            step,
            from: ms('from'),
            to: ms('to'),
            items: plant.history(code, ms('from'), ms('to'), step),
        }
    }
    const [, , , typeName = '', rawId, rest, move] = path.split('/')
    if (!path.startsWith('/api/records/')) throw new Refusal(404, 'path.unknown', '没有这个地址')
    if (!rawId) {
        if (method === 'GET') return list(person, typeName, query)
        if (!allowed(office.type(typeName).rights.create, person.role))
            throw new Refusal(403, 'create.forbidden', '您不能新建这类记录')
        response.statusCode = 201
        return detail(person, office.create(typeName, await bodyOf(request), person))
    }
    const record = office.find(typeName, decodeURIComponent(rawId))
    if (!record || !office.sees(person, record))
        throw new Refusal(404, 'record.unknown', '没有这条记录，或不在您的管辖范围内', {
            detail_en: 'No such record in your sight',
        })
    if (rest === 'journal') return { items: office.journals.get(`${typeName}/${record.id}`) ?? [] }
    if (method === 'GET') {
        response.setHeader('ETag', `"${record.version}"`)
        return detail(person, record)
    }
    const body = await bodyOf(request)
    checkVersion(request, person, record)
    if (method === 'PATCH') office.edit(record, body, person)
    else
        office.move(
            record,
            move ?? '',
            (body['fields'] ?? {}) as world.Row,
            String(body['comment'] ?? ''),
            person,
        )
    return detail(person, record)
}

seed()
setInterval(() => plant.tick(Date.now()), 1000)
setInterval(() => plant.pushSome(), 25_000)

const port = Number(process.env['PORT'] ?? 8089)
createServer((request, response) => {
    answer(request, response).then(
        (body) => {
            if (response.headersSent || (body === undefined && request.method === 'GET')) return
            if (body === undefined) return void response.writeHead(204).end()
            response.setHeader('Content-Type', 'application/json')
            response.end(JSON.stringify(body))
        },
        (error: unknown) => {
            const refusal =
                error instanceof Refusal
                    ? error
                    : new Refusal(500, 'mock.error', String((error as Error).stack))
            if (response.headersSent) return void response.end()
            response.writeHead(refusal.status, { 'Content-Type': 'application/problem+json' })
            response.end(
                JSON.stringify({
                    type: `https://anlan.dev/errors/${refusal.id}`,
                    id: refusal.id,
                    status: refusal.status,
                    title: refusal.detail,
                    detail: refusal.detail,
                    ...refusal.more,
                }),
            )
        },
    )
}).listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}`))
