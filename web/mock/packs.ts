// Reads the real packs, so that the mock speaks of the same types as the server. Checks nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Title } from '../src/base/words'
import type { CodeList, Field, Role } from '../src/model/types'

export interface PackMove {
    name: string
    title: Title
    from: string[]
    who?: string[]
    by?: string
    not?: string[]
    accepts?: string[]
    require?: string[]
    guard?: { when: string; message: Title; field?: string }
    set?: Record<string, unknown>
    to: string | { when?: string; state: string }[]
    effects?: {
        raise?: { type: string; link: string; fields: Record<string, string> }
        notify?: { who: string[]; title: Title }
    }[]
}
export interface PackField extends Omit<Field, 'required' | 'default'> {
    required?: boolean | { when: string }
    default?: unknown
    unique?: boolean
    pattern?: string
}
export interface PackType {
    type: string
    title: Title
    key?: string
    label?: string
    scope?: { region?: string; enterprise?: string }
    number?: string
    fields: PackField[]
    checks?: { when: string; message: Title; field?: string }[]
    flow?: {
        initial: string
        states: { name: string; title: Title; final?: boolean; todo?: { who: string[]; when?: string }[] }[]
        moves: PackMove[]
    }
    clocks?: { name: string; title: Title; start: { state: string }; until?: string; limit?: string }[]
    rights: { read: string[]; create: string[]; edit: string[] }
}

export function loadPacks(root: string) {
    const types = new Map<string, PackType>()
    const codes: Record<string, CodeList> = {}
    let roles: Role[] = []
    for (const pack of readdirSync(root, { withFileTypes: true }).filter((d) => d.isDirectory()))
        for (const file of readdirSync(join(root, pack.name)).filter((f) => f.endsWith('.yaml'))) {
            const body = parse(readFileSync(join(root, pack.name, file), 'utf8')) as Record<string, unknown>
            if (body['type']) types.set(String(body['type']), body as unknown as PackType)
            if (body['codes']) Object.assign(codes, body['codes'])
            if (body['roles']) roles = body['roles'] as Role[]
        }
    return { types, codes, roles }
}

export function served(type: PackType, role: string) {
    return {
        name: type.type,
        title: type.title,
        key: type.key ?? null,
        label: type.label ?? null,
        has_flow: !!type.flow,
        fields: type.fields.map(({ name, kind, title, required, codes, type: to, unit, min, max }) => ({
            name,
            kind,
            title,
            required: typeof required === 'object' ? required.when : (required ?? false),
            codes,
            type: to,
            unit,
            min,
            max,
        })),
        states: type.flow?.states.map(({ name, title, final }) => ({ name, title, final: !!final })) ?? [],
        moves:
            type.flow?.moves.map(({ name, title, accepts, require }) => ({
                name,
                title,
                accepts: accepts ?? [],
                require: require ?? [],
            })) ?? [],
        rights: { create: allowed(type.rights.create, role) },
    }
}

export const allowed = (who: string[] | undefined, role: string) =>
    !!who && (who.includes(role) || who.includes('everyone'))
