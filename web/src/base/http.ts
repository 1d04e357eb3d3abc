// One way to call the server: JSON in and out, errors as RFC 9457 problems.
import { learnServerTime } from './clock'

export interface ProblemBody {
    id: string
    status: number
    title?: string
    detail?: string
    detail_en?: string
    field?: string
    hint?: string
    hint_en?: string
    current?: unknown
    changed?: unknown
}

/** What the server refused, or `network` when it did not answer at all. */
export class Problem extends Error {
    constructor(readonly body: ProblemBody) {
        super(body.detail ?? body.title ?? body.id)
    }
    static network() {
        return new Problem({
            id: 'network',
            status: 0,
            detail: '连不上服务器，请检查网络',
            detail_en: 'The server cannot be reached',
        })
    }
    get id() {
        return this.body.id
    }
    get status() {
        return this.body.status
    }
    get field() {
        return this.body.field
    }
    text(lang: 'zh' | 'en') {
        const { detail, detail_en, title, id } = this.body
        return (lang === 'en' ? detail_en : detail) ?? detail ?? title ?? id
    }
    hint(lang: 'zh' | 'en') {
        const { hint, hint_en } = this.body
        return (lang === 'en' ? hint_en : hint) ?? hint
    }
}

export interface CallOptions {
    query?: Record<string, string | number | undefined | null>
    body?: unknown
    /** The version this change was made from; sent as If-Match. */
    version?: number | string
    /** What is sent twice under one key is done once; sent as Idempotency-Key. */
    key?: string
    signal?: AbortSignal
}

/** A key for one form: 128 random bits. */
export function newKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
        byte.toString(16).padStart(2, '0'),
    ).join('')
}

let onSignedOut: () => void = () => {}
/** `handler` runs whenever the server says that the session is gone. */
export function whenSignedOut(handler: () => void) {
    onSignedOut = handler
}

export function withQuery(path: string, query: CallOptions['query'] = {}) {
    const given = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== '')
    if (given.length === 0) return path
    return `${path}?${new URLSearchParams(given.map(([k, v]) => [k, String(v)]))}`
}

declare global {
    /** What early.ts has asked already, by address; null once the program is there. */
    var anlanEarly: Record<string, Promise<Response | null>> | null | undefined
}
const early = globalThis.anlanEarly ?? {}
globalThis.anlanEarly = null

/** The answer to a question that was asked before the program was there; once. */
function takeEarly(address: string): Promise<Response | null> | null {
    const answer = early[address] ?? null
    delete early[address]
    return answer
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json' }
    // Changes always say application/json, also without a body: the server refuses them otherwise.
    if (method !== 'GET') headers['Content-Type'] = 'application/json'
    if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`
    if (options.key) headers['Idempotency-Key'] = options.key
    const body =
        method === 'GET' ? undefined : options.body === undefined ? undefined : JSON.stringify(options.body)
    let response: Response
    try {
        const init: RequestInit = { method, headers, credentials: 'same-origin' }
        if (body !== undefined) init.body = body
        if (options.signal) init.signal = options.signal
        const address = withQuery(path, options.query)
        response = (method === 'GET' && (await takeEarly(address))) || (await fetch(address, init))
    } catch (error) {
        if (options.signal?.aborted) throw error
        throw Problem.network()
    }
    learnServerTime(response.headers.get('Date'))
    if (response.status === 204) return undefined as T
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok) return answer as T
    if (response.status === 401 && !(method === 'POST' && path === '/api/session')) onSignedOut()
    throw problemOf(response.status, response.headers.get('Retry-After'), answer)
}

export function problemOf(status: number, wait: string | null, answer: unknown) {
    const body = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<ProblemBody>
    const busy = status === 429 || status === 503
    return new Problem({
        ...body,
        id: body.id ?? `http.${status}`,
        status,
        detail: body.detail ?? body.title ?? `服务器拒绝了请求（${status}）`,
        detail_en: body.detail_en ?? `The server refused the request (${status})`,
        ...(busy && wait && !body.hint
            ? { hint: `请在 ${wait} 秒后重试`, hint_en: `Try again in ${wait} s` }
            : {}),
    })
}

export function asProblem(error: unknown): Problem {
    if (error instanceof Problem) return error
    return new Problem({ id: 'client', status: 0, detail: String(error), detail_en: String(error) })
}
