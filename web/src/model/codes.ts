// Code lists: what may be chosen today, and the levels of a list with branches.
import type { CodeItem } from './types'

/** Codes that are in force on a day; the present value stays, so that it keeps its title. */
export const inForce = (items: CodeItem[], day: string, present?: unknown): CodeItem[] =>
    items.filter(
        (item) =>
            item.code === present ||
            ((!item.valid_from || item.valid_from <= day) && (!item.valid_to || day <= item.valid_to)),
    )

/** The codes below one, as a list of their own, and those of the list that belong to no branch. */
export function branchItems(items: CodeItem[], above: string): CodeItem[] {
    const parents = new Set(items.map((item) => item.parent))
    const below = items.flatMap(({ parent, ...item }) => (parent === above ? [item] : []))
    const alone = items.filter((item) => !item.parent && !parents.has(item.code))
    return below.length ? [...below, ...alone] : items
}

export interface CodeLevel {
    items: CodeItem[]
    chosen: string | null
}

/** One level for each step down to the chosen code, and one more while that has branches. */
export function codeLevels(items: CodeItem[], chosen: unknown): CodeLevel[] {
    const byCode = new Map(items.map((item) => [item.code, item]))
    const path: string[] = []
    for (let at = byCode.get(String(chosen)); at && !path.includes(at.code); at = byCode.get(at.parent ?? ''))
        path.unshift(at.code)
    const below = (parent: string | undefined) =>
        items.filter((item) =>
            parent === undefined ? !item.parent || !byCode.has(item.parent) : item.parent === parent,
        )
    const levels: CodeLevel[] = []
    for (let i = 0; i <= path.length; i++) {
        const here = below(i === 0 ? undefined : path[i - 1])
        if (here.length) levels.push({ items: here, chosen: path[i] ?? null })
    }
    return levels
}
