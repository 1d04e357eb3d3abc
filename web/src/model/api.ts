// The server's calls by name. Nothing here keeps state.
import { call, withQuery } from '../base/http'
import type { DeskList } from './group'
import type {
    Alarm,
    AlarmCounts,
    ClockItem,
    DocumentItem,
    Figure,
    History,
    JournalEntry,
    LivePoint,
    Notice,
    Overview,
    Page,
    Receipt,
    Related,
    RecordItem,
    Schema,
    TodoItem,
    User,
    Value,
} from './types'

const record = (type: string, id?: string) =>
    `/api/records/${encodeURIComponent(type)}${id === undefined ? '' : '/' + encodeURIComponent(id)}`

/** Addresses that the browser itself opens. */
export const links = {
    file: (id: string) => `/api/files/${encodeURIComponent(id)}`,
    thumbnail: (id: string, size: number) => `/api/files/${encodeURIComponent(id)}/thumbnail?size=${size}`,
    document: (id: string) => `/api/documents/${encodeURIComponent(id)}`,
    template: (type: string) => `${record(type)}/template.xlsx`,
    imports: (type: string) => `${record(type)}/import`,
    list: (type: string, query: Record<string, string | undefined>) => withQuery(record(type), query),
}

export interface DemoLogin {
    login: string
    password: string
    title: string | { zh: string; en?: string }
    role?: string
    level?: string
    enterprise?: string
}

export const api = {
    signIn: (login: string, password: string) =>
        call<{ user: User }>('POST', '/api/session', { body: { login, password } }),
    session: () => call<User>('GET', '/api/session'),
    signOut: () => call<void>('DELETE', '/api/session'),
    demo: () => call<{ logins: DemoLogin[] }>('GET', '/api/demo'),
    health: () => {
        const abort = new AbortController()
        const timer = setTimeout(() => abort.abort(), 5000)
        return call<User>('GET', '/api/session', { signal: abort.signal }).finally(() => clearTimeout(timer))
    },

    schema: () => call<Schema>('GET', '/api/types'),
    list: <T extends RecordItem = RecordItem>(
        type: string,
        query: {
            filter?: string
            sort?: string
            limit?: number
            cursor?: string
            q?: string
            count?: 1
            facets?: string
            bbox?: string
        } = {},
        signal?: AbortSignal,
    ) => call<Page<T>>('GET', record(type), signal ? { query, signal } : { query }),
    get: <T extends RecordItem = RecordItem>(type: string, id: string) => call<T>('GET', record(type, id)),
    create: (type: string, fields: Record<string, Value>, key: string) =>
        call<RecordItem & { receipt?: Receipt }>('POST', record(type), { body: fields, key }),
    edit: (type: string, id: string, version: number, fields: Record<string, Value>) =>
        call<RecordItem>('PATCH', record(type, id), { body: fields, version }),
    move: <T extends RecordItem = RecordItem>(
        type: string,
        id: string,
        version: number,
        move: string,
        fields: Record<string, Value> = {},
        comment = '',
        key?: string,
    ) =>
        call<T>('POST', `${record(type, id)}/moves/${encodeURIComponent(move)}`, {
            body: comment ? { fields, comment } : { fields },
            version,
            ...(key ? { key } : {}),
        }),
    reveal: (type: string, id: string, field: string, reason: string) =>
        call<{ field: string; value: Value }>('POST', `${record(type, id)}/reveal`, {
            body: { field, reason },
        }),
    documents: (type: string, id: string) =>
        call<{ items: DocumentItem[] }>('GET', `${record(type, id)}/documents`),
    journal: (type: string, id: string) =>
        call<{ items: JournalEntry[] }>('GET', `${record(type, id)}/journal`),

    related: (type: string, id: string) => call<{ items: Related[] }>('GET', `${record(type, id)}/related`),
    papers: (enterprise: string) =>
        call<{ items: DocumentItem[] }>('GET', '/api/documents', { query: { enterprise, limit: 100 } }),
    /** What happened to all records of an enterprise, newest first. */
    story: (query: { enterprise: string; type?: string; people?: 1; before?: string; limit?: number }) =>
        call<{ items: JournalEntry[]; next: number | null }>('GET', '/api/journal', { query }),

    overview: (region: string) => call<Overview>('GET', '/api/overview', { query: { region } }),
    todo: () => call<{ items: TodoItem[]; count: number }>('GET', '/api/todo'),
    notices: () => call<{ items: Notice[] }>('GET', '/api/notices'),
    alarms: (query: { state?: DeskList; enterprise?: string; limit?: number; cursor?: string }) =>
        call<{ items: Alarm[]; counts: AlarmCounts; next?: string | null }>('GET', '/api/alarms', { query }),
    indicators: (region: string) =>
        call<{ items: Figure[] }>('GET', '/api/indicators', { query: { region } }),
    clocks: (query: {
        overdue?: 1
        state?: string
        type?: string
        region?: string
        enterprise?: string
        limit?: number
        summary?: 1
    }) =>
        call<{ items: ClockItem[]; summary?: { open: number; overdue: number } }>('GET', '/api/clocks', {
            query,
        }),
    points: (enterprise: string) =>
        call<{ items: LivePoint[] }>('GET', '/api/points', { query: { enterprise } }),
    history: (point: string, from: number, to: number, step: number) =>
        call<History>('GET', `/api/points/${encodeURIComponent(point)}/history`, {
            query: { from, to, step },
        }),
}
