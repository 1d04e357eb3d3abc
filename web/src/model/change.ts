// One attempt to make or change a record from a form, with everything that can come back: missing inputs, a refusal, a stale version,
// no answer at all. What was typed is kept as a draft until it has been sent.
import { computed, ref, shallowRef } from 'vue'
import { asProblem, newKey, type Problem } from '../base/http'
import { api } from './api'
import { typed, useDraft } from './draft'
import {
    type FormEnv,
    type FormShape,
    type Values,
    changes,
    computedValues,
    fieldValues,
    missing,
} from './form'
import { user } from './session'
import type { RecordItem, RecordType, Value } from './types'

export interface ChangeOptions<Answer> {
    type: RecordType
    /** null: a new record, which begins with `start`. */
    record: RecordItem | null
    start?: Values
    /** Names the draft: the same form of the same record finds it again. */
    form: string
    env: FormEnv
    shape: (values: Values) => FormShape
    /** `key` stays the same until it has been sent, so that what had no answer is never done twice. */
    send: (
        record: RecordItem | null,
        fields: Record<string, Value>,
        comment: string,
        key: string,
    ) => Promise<Answer>
}

export function useChange<Answer>(options: ChangeOptions<Answer>) {
    const { type, env } = options
    const base = shallowRef(options.record)
    const before = () => (base.value ? fieldValues(type, base.value) : {})
    const began = () => (base.value ? before() : (options.start ?? {}))
    const given = ref<Values>(began())
    const comment = ref('')
    const shape = computed(() => options.shape(given.value))
    const values = computed<Values>({
        get: () => computedValues(type, shape.value.computed, given.value, env),
        set: (next) => (given.value = next),
    })
    const problem = shallowRef<Problem | null>(null)
    /** The record as it is now, after the server said that ours is stale. */
    const newer = shallowRef<RecordItem | null>(null)
    const empty = ref<string[]>([])
    const busy = ref(false)
    let sentAlready = false

    let key = newKey()
    const draft = useDraft(user.value?.login ?? '', options.form, type.fields, [given, comment], () => ({
        values: typed(began(), given.value),
        comment: comment.value,
        key,
    }))
    /** When what stands in the form was typed, if that was at another time. */
    const restored = ref<number | null>(null)
    if (draft.found) {
        given.value = { ...given.value, ...draft.found.values }
        comment.value = draft.found.comment
        key = draft.found.key ?? key
        restored.value = draft.found.at
    }
    function discardDraft() {
        given.value = began()
        comment.value = ''
        restored.value = null
        key = newKey()
        draft.again()
    }

    async function submit(): Promise<Answer | null> {
        if (busy.value || sentAlready) return null
        problem.value = null
        empty.value = missing(shape.value, values.value, env, comment.value)
        if (empty.value.length) return null
        busy.value = true
        try {
            const fields = changes(shape.value, before(), values.value)
            const answer = await options.send(base.value, fields, comment.value.trim(), key)
            sentAlready = true
            draft.drop()
            return answer
        } catch (error) {
            await refused(asProblem(error))
            return null
        } finally {
            busy.value = false
        }
    }

    async function refused(refusal: Problem) {
        if (refusal.status !== 412 || !base.value) {
            problem.value = refusal
            return
        }
        const current = refusal.body.current as RecordItem | undefined
        newer.value = current ?? (await api.get(type.name, base.value.id).catch(() => null))
        if (!newer.value) problem.value = refusal
    }

    /** Goes on from the newest record; what the user typed stays, everything else is taken over. */
    function takeNewer() {
        if (!newer.value) return
        const mine = typed(before(), given.value)
        base.value = newer.value
        given.value = { ...fieldValues(type, newer.value), ...mine }
        newer.value = null
    }

    return {
        base,
        values,
        comment,
        shape,
        problem,
        newer,
        empty,
        busy,
        restored,
        submit,
        takeNewer,
        discardDraft,
    }
}
