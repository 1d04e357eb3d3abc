// One attempt to change a record from a form, with everything that can come back: missing inputs, a refusal, a stale version.
import { computed, ref, shallowRef } from 'vue'
import { asProblem, type Problem } from '../base/http'
import { api } from './api'
import { type FormShape, type Values, changes, fieldValues, missing } from './form'
import type { RecordItem, RecordType, Value } from './types'

export interface ChangeOptions {
    type: RecordType
    record: RecordItem
    shape: (values: Values) => FormShape
    send: (record: RecordItem, fields: Record<string, Value>, comment: string) => Promise<RecordItem>
}

export function useChange({ type, record, shape: shapeOf, send }: ChangeOptions) {
    const base = shallowRef(record)
    const values = ref<Values>(fieldValues(type, record))
    const comment = ref('')
    const shape = computed(() => shapeOf(values.value))
    const problem = shallowRef<Problem | null>(null)
    /** The record as it is now, after the server said that ours is stale. */
    const newer = shallowRef<RecordItem | null>(null)
    const empty = ref<string[]>([])
    const busy = ref(false)

    async function submit(): Promise<RecordItem | null> {
        problem.value = null
        empty.value = missing(shape.value, values.value, comment.value)
        if (empty.value.length || busy.value) return null
        busy.value = true
        try {
            const fields = changes(shape.value, fieldValues(type, base.value), values.value)
            return await send(base.value, fields, comment.value.trim())
        } catch (error) {
            await refused(asProblem(error))
            return null
        } finally {
            busy.value = false
        }
    }

    async function refused(refusal: Problem) {
        if (refusal.status !== 412) {
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
        const typed = changes(shape.value, fieldValues(type, base.value), values.value)
        base.value = newer.value
        values.value = { ...fieldValues(type, newer.value), ...typed }
        newer.value = null
    }

    return { base, values, comment, shape, problem, newer, empty, busy, submit, takeNewer }
}
