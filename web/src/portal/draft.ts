// What has been typed and not sent yet, kept on this device only, so that a lost network loses nothing.
import { newKey } from '../base/http'
import type { Value } from '../model/types'

export interface Draft {
    values: Record<string, Value>
    /** Photos by field, as data: addresses. */
    photos: Record<string, string[]>
    /** Photos that the server has already, by the end of their data: a second attempt sends the same report. */
    sent: Record<string, string>
    /** Under which the report is sent, so that it is filed once however often the button is pressed. */
    key: string
    /** Whether the reporter wants to be known. */
    named: boolean
}
const keyOf = (type: string) => `anlan.report.${type}`

export const emptyDraft = (): Draft => ({ values: {}, photos: {}, sent: {}, key: newKey(), named: false })

/** The end of a picture tells it from others. */
export const photoMark = (photo: string) => photo.slice(-80)

export function readDraft(type: string): Draft {
    try {
        return {
            ...emptyDraft(),
            ...(JSON.parse(localStorage.getItem(keyOf(type)) ?? '{}') as Partial<Draft>),
        }
    } catch {
        return emptyDraft()
    }
}

/** False: there was no room, not even without the photos. */
export function keepDraft(type: string, draft: Draft): boolean {
    for (const kept of [draft, { ...draft, photos: {} }])
        try {
            localStorage.setItem(keyOf(type), JSON.stringify(kept))
            return kept === draft
        } catch {
            continue
        }
    return false
}
export const dropDraft = (type: string) => localStorage.removeItem(keyOf(type))

/** What is sent: without what is empty, and without who it is when he does not want to be known. */
export function reportOf(draft: Draft, fields: { name: string; secret?: boolean }[]): Record<string, Value> {
    return Object.fromEntries(
        fields
            .filter((field) => !field.secret || draft.named)
            .map((field) => [field.name, draft.values[field.name]] as const)
            .filter(
                (pair): pair is [string, Value] =>
                    pair[1] !== undefined && pair[1] !== null && pair[1] !== '',
            ),
    )
}
