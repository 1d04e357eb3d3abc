// What changed between two arrays of rows, for reading: rows that came, went, or differ in some cells.
import { isEmpty } from './form'
import type { Field, Row } from './types'

export interface RowChange {
    kind: 'added' | 'removed' | 'changed'
    /** Place in the new array; of a removed row in the old one. */
    index: number
    cells: { field: Field; old: unknown; now: unknown }[]
}

const text = (row: Row) => JSON.stringify(Object.entries(row).sort())

/** Equal rows are matched in order (longest common subsequence); what is left between two matches changed pairwise. */
export function rowDiff(fields: Field[], old: Row[], now: Row[]): RowChange[] {
    const [a, b] = [old.map(text), now.map(text)]
    const longest = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
    for (let i = a.length - 1; i >= 0; i--)
        for (let j = b.length - 1; j >= 0; j--)
            longest[i]![j] =
                a[i] === b[j]
                    ? longest[i + 1]![j + 1]! + 1
                    : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!)
    const changes: RowChange[] = []
    let gone: number[] = []
    let come: number[] = []
    const settle = () => {
        changes.push(...pairs(fields, old, now, gone, come))
        gone = []
        come = []
    }
    for (let i = 0, j = 0; i < a.length || j < b.length; ) {
        if (i < a.length && j < b.length && a[i] === b[j]) {
            settle()
            i++
            j++
        } else if (j >= b.length || (i < a.length && longest[i + 1]![j]! >= longest[i]![j + 1]!))
            gone.push(i++)
        else come.push(j++)
    }
    settle()
    return changes
}

function pairs(fields: Field[], old: Row[], now: Row[], gone: number[], come: number[]): RowChange[] {
    const both = Math.min(gone.length, come.length)
    const differ = (before: Row, after: Row) =>
        fields
            .map((field) => ({ field, old: before[field.name], now: after[field.name] }))
            .filter((cell) => JSON.stringify(cell.old) !== JSON.stringify(cell.now))
            .filter((cell) => !(isEmpty(cell.old) && isEmpty(cell.now)))
    return [
        ...come.slice(0, both).map((at, i) => ({
            kind: 'changed' as const,
            index: at,
            cells: differ(old[gone[i]!]!, now[at]!),
        })),
        ...gone
            .slice(both)
            .map((at) => ({ kind: 'removed' as const, index: at, cells: differ(old[at]!, {}) })),
        ...come.slice(both).map((at) => ({ kind: 'added' as const, index: at, cells: differ({}, now[at]!) })),
    ]
}
