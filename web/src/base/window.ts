// Which rows of a long list of known heights lie in its window: thousands of rows, a screenful of elements.
export interface RowWindow {
    first: number
    /** One after the last. */
    end: number
}

/** Where each row begins, and after the last one the height of all. */
export function offsetsOf(heights: Iterable<number>): number[] {
    const offsets = [0]
    let sum = 0
    for (const height of heights) offsets.push((sum += height))
    return offsets
}

/** The last row that begins at or before `y`. */
export function rowAt(offsets: number[], y: number): number {
    let low = 0
    let high = offsets.length - 2
    while (low < high) {
        const middle = (low + high + 1) >> 1
        if (offsets[middle]! <= y) low = middle
        else high = middle - 1
    }
    return Math.max(0, low)
}

/** The rows between `top` and `top + height`, and some beyond on either side, so that scrolling finds them drawn. */
export function windowOf(offsets: number[], top: number, height: number, beyond = 6): RowWindow {
    const rows = offsets.length - 1
    if (rows <= 0) return { first: 0, end: 0 }
    return {
        first: Math.max(0, rowAt(offsets, top) - beyond),
        end: Math.min(rows, rowAt(offsets, top + height) + 1 + beyond),
    }
}
