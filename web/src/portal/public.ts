// What anybody may ask of the server, as docs/api.md says under /api/public and /api/receipts.
import { shallowRef } from 'vue'
import { call, Problem } from '../base/http'
import { moneyText } from '../base/number'
import { pick, t, type Title } from '../base/words'
import type { CodeList, Field, State } from '../model/types'

export interface PublicType {
    name: string
    title: Title
    /** What may be read; absent: nothing. A name without kind is one of the record itself (number, state, created_at …). */
    published?: (Partial<Field> & { name: string })[]
    states?: State[]
    /** What the holder of a receipt is shown. */
    shows?: Field[]
    /** What may be reported; absent: nothing. */
    given?: (Omit<Field, 'kind'> & { kind: string; secret?: boolean })[]
}
export interface PublicRecord {
    id: string
    region?: { code: string; name?: string }
    /** What references are called. */
    _labels?: Record<string, string>
    [field: string]: unknown
}
export interface HolderMove {
    name: string
    title: Title
    require: string[]
    fields: (Omit<Field, 'kind'> & { kind: string })[]
}
export interface Receipt {
    code: string
    type: string
    title?: Title
    filed_at: string
    state?: Title
    shows?: Record<string, unknown>
    /** What the holder may do now. */
    moves?: HolderMove[]
    content?: string
    commitment?: string
    seal?: unknown
    [member: string]: unknown
}
export interface Filed {
    type: string
    number?: string
    receipt?: Receipt
}

export const types = shallowRef<PublicType[]>([])
const codes = shallowRef<Record<string, CodeList>>({})
export const typeOf = (name: string | undefined) => types.value.find((type) => type.name === name)
export const codesOf = (list: string | undefined) => codes.value[list ?? '']?.items ?? []

export async function loadTypes() {
    const answer = await call<{ types: PublicType[]; codes: Record<string, CodeList> }>(
        'GET',
        '/api/public/types',
    )
    types.value = answer.types
    codes.value = answer.codes
}

const path = (type: string, id?: string) =>
    `/api/public/${encodeURIComponent(type)}${id === undefined ? '' : '/' + encodeURIComponent(id)}`

export const listOf = (type: string, query: { filter?: string; cursor?: string; limit?: number } = {}) =>
    call<{ items: PublicRecord[]; next: string | null }>('GET', path(type), { query })
export const recordOf = (type: string, id: string) => call<PublicRecord>('GET', path(type, id))
export const fileReport = (type: string, fields: Record<string, unknown>, key: string) =>
    call<Filed>('POST', path(type), { body: fields, key })
export const moveByReceipt = (code: string, move: string, fields: Record<string, unknown>, key: string) =>
    call<Receipt>('POST', `/api/receipts/${encodeURIComponent(code)}/moves/${encodeURIComponent(move)}`, {
        body: { fields },
        key,
    })
export const receiptOf = (code: string) => call<Receipt>('GET', `/api/receipts/${encodeURIComponent(code)}`)

/** Sends a photo; the server draws it anew, so nothing but what it shows is kept. */
export async function sendPhoto(photo: Blob): Promise<string> {
    let response: Response
    try {
        response = await fetch('/api/public/files', {
            method: 'POST',
            body: photo,
            headers: { 'Content-Type': photo.type },
            credentials: 'omit',
        })
    } catch {
        throw new Problem({
            id: 'network',
            status: 0,
            detail: '连不上服务器，请检查网络',
            detail_en: 'The server cannot be reached',
        })
    }
    const answer = (await response.json().catch(() => ({}))) as Record<string, string>
    if (response.ok && answer['file']) return answer['file']
    throw new Problem({ ...answer, id: answer['id'] ?? `http.${response.status}`, status: response.status })
}

type Told = { name: string; title?: Title; codes?: string; kind?: string; unit?: string }
const fieldsOf = (type: PublicType | undefined): Told[] => [
    ...(type?.shows ?? []),
    ...(type?.published ?? []),
    ...(type?.given ?? []),
]

/** A value in words, for reading. */
export function wordOf(type: PublicType | undefined, name: string, value: unknown): string {
    const field = fieldsOf(type).find((f) => f.name === name)
    if (value === undefined || value === null) return ''
    if (name === 'state' && type?.states)
        return pick(type.states.find((s) => s.name === value)?.title, String(value))
    if (field?.codes) return pick(codesOf(field.codes).find((c) => c.code === value)?.title, String(value))
    if (typeof value === 'boolean') return t(value ? 'common.yes' : 'common.no')
    if (field?.kind === 'money') return `¥ ${moneyText(Number(value))}`
    if (typeof value === 'object') {
        const place = value as { lon?: number; lat?: number }
        return place.lon === undefined ? '' : `${place.lat}, ${place.lon}`
    }
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(String(value))) return String(value).slice(0, 16).replace('T', ' ')
    return field?.unit ? `${String(value)} ${field.unit}` : String(value)
}
export function titleOf(type: PublicType | undefined, name: string): Title | undefined {
    return fieldsOf(type).find((field) => field.name === name && field.title)?.title
}
