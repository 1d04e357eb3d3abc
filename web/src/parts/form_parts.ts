// What a form hands to the inputs inside it, however deep they stand.
import type { ComputedRef, InjectionKey, Ref } from 'vue'
import type { Values } from '../model/form'
import type { Field } from '../model/types'

export interface Fault {
    text: string
    hint?: string | undefined
}
/** What is wrong at a place: `due`, `items[0].amount`. */
export const formFaults: InjectionKey<(path: string) => Fault | null> = Symbol('faults')
export const formValues: InjectionKey<{ fields: ComputedRef<Field[]>; values: Ref<Values> }> =
    Symbol('values')
