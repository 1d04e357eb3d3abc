// Who is signed in, and the types that this person may see. Every page but the log-in may assume the first, and every page that is
// not marked `early` in router.ts the second.
import { computed, ref, shallowRef } from 'vue'
import { serverNow, todayText } from '../base/clock'
import { type Key, pick, t } from '../base/words'
import { api } from './api'
import type { FormEnv } from './form'
import type { Field, JournalEntry, Labels, Move, RecordItem, RecordType, Schema, State, User } from './types'

export const user = ref<User | null>(null)
export const schema = shallowRef<Schema>({ types: [], codes: {}, roles: [] })

const typesByName = computed(() => new Map(schema.value.types.map((type) => [type.name, type])))
export const typeOf = (name: string): RecordType | undefined => typesByName.value.get(name)

/** Says to early.ts at the next start whether it is worth asking before the program is there. */
const signedInKey = 'anlan.in'

/** Resolves true when there is a session. */
export async function resumeSession(): Promise<boolean> {
    if (user.value) return true
    try {
        user.value = await api.session()
        localStorage.setItem(signedInKey, '1')
        return true
    } catch {
        return false
    }
}

let loading: Promise<void> | null = null
/** Loads the types when they are not there yet. Who must choose a password first is refused them. */
export function needSchema(): Promise<void> {
    const asked = (loading ??= api.schema().then(
        (answer) => {
            if (loading === asked) schema.value = answer
        },
        (error: unknown) => {
            if (loading === asked) loading = null
            throw error
        },
    ))
    return asked
}

export async function signIn(login: string, password: string) {
    await api.signIn(login, password)
    await resumeSession()
}

export function forgetSession() {
    user.value = null
    loading = null
    schema.value = { types: [], codes: {}, roles: [] }
    localStorage.removeItem(signedInKey)
}

/** Where this person's day starts. */
export function homePath(): string {
    if (!user.value) return '/login'
    if (user.value.password_once) return '/password'
    return user.value.level === 'enterprise' ? '/alarms' : '/map'
}

export const formEnv = (state?: string): FormEnv => ({
    now: serverNow(),
    today: todayText(),
    actor: user.value?.login ?? '',
    state,
    codes: schema.value.codes,
})

export function codeTitle(list: string | undefined, code: unknown): string {
    const item = schema.value.codes[list ?? '']?.items.find((i) => i.code === String(code))
    return pick(item?.title, code === undefined || code === null ? '' : String(code))
}

export const roleTitle = (name: string | undefined) =>
    pick(schema.value.roles.find((role) => role.name === name)?.title, name ?? '')

export const stateOf = (type: RecordType | undefined, name: string | undefined): State | undefined =>
    type?.states?.find((state) => state.name === name)
export const stateTitle = (type: RecordType | undefined, name: string | undefined) =>
    pick(stateOf(type, name)?.title, name ?? '')

export const fieldOf = (type: RecordType | undefined, name: string): Field | undefined =>
    type?.fields.find((field) => field.name === name)

/** A journal action in words: "create", "edit", "move:NAME", "clock:NAME", "watch:NAME", "propose:NAME", "reveal:FIELD" … */
export function actionTitle(type: RecordType | undefined, action: string): string {
    const [kind = '', name = ''] = action.split(':')
    if (kind === 'create') return t('journal.create')
    if (kind === 'edit') return t('journal.edit')
    if (kind === 'reveal') return t('journal.reveal', { title: pick(fieldOf(type, name)?.title, name) })
    if (kind === 'watch') {
        const watch = type?.watches?.find((w) => w.name === name)
        return t('journal.watch', { title: pick(watch?.title, name) })
    }
    if (kind === 'clock') {
        const clock = type?.clocks?.find((c) => c.name === name)
        return t('journal.clock', { title: pick(clock?.title, name) })
    }
    if (kind === 'key') return t('journal.key')
    const move: Move | undefined = type?.moves?.find((m) => m.name === name)
    const title = pick(move?.title, name || action)
    if (kind === 'propose') return t('journal.propose', { title })
    if (kind === 'confirm') return t('journal.confirm', { title })
    if (kind === 'turn_down') return t('journal.turn_down', { title })
    return title
}

const machines = ['engine', 'clock', 'system', 'guest', 'receipt', 'watch']
/** Who did it: a person by name, what is no person ("engine", "watch:gas") in words. */
export function actorTitle({ actor, actor_name: name, role }: Partial<JournalEntry>): string {
    const kind = (actor ?? '').split(':')[0]!
    if ((!role || role === 'engine') && machines.includes(kind)) return t(`journal.by.${kind}` as Key)
    return name || actor || ''
}

/** The name of what a ref in `field` names, when the record brought it. */
export const labelOf = (labels: Labels | undefined, name: string): string | undefined => {
    const label = labels?.[name]
    return typeof label === 'string' ? label : undefined
}
/** The labels inside the rows of a field. */
export const rowLabels = (labels: Labels | undefined, name: string): Record<string, string>[] => {
    const rows = labels?.[name]
    return Array.isArray(rows) ? rows : []
}

/** How a record is called where there is room for one name. */
export function recordTitle(type: RecordType | undefined, record: RecordItem): string {
    const field = type?.label ? fieldOf(type, type.label) : undefined
    const value = field && record[field.name]
    if (!field || !value) return String(record.number || record.id)
    if (field.kind === 'code') return codeTitle(field.codes, value)
    return labelOf(record._labels, field.name) ?? String(value)
}

/** The page of a record; types with a page of their own come first. */
export function recordPath(type: string, id: string): string {
    const code = encodeURIComponent(id)
    if (type === 'enterprise') return `/enterprise/${code}`
    if (type === 'alarm') return `/alarms?state=all&open=${code}`
    return `/records/${type}/${code}`
}
