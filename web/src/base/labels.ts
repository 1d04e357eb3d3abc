// Where the names on the map go: each at the first free side of its mark, the gravest place choosing first. A name that fits
// nowhere is left out; it stands in the list beside the map and under the pointer.

export interface Mark {
    code: string
    /** Pixels, y downwards. */
    x: number
    y: number
    /** Half the size of the mark; 0 when there is none and the name stands in its place. */
    radius: number
    name: string
    /** A second line that may be dropped. */
    note: string
}

export type Side = 'centre' | 'below' | 'above' | 'right' | 'left'
export interface Label {
    side: Side
    note: boolean
}

interface Box {
    left: number
    top: number
    right: number
    bottom: number
}

export const fontPx = 12.5
export const lineHeight = 1.45
export const gapPx = 4
const sides: Side[] = ['below', 'right', 'left', 'above']

/** Close enough to tell what collides: Chinese characters are square, others about half as wide. */
const widthOf = (text: string) =>
    [...text].reduce((sum, c) => sum + (c.charCodeAt(0) > 0x2e7f ? fontPx : fontPx * 0.58), 0)
const overlap = (a: Box, b: Box) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom

function boxAt(mark: Mark, { side, note }: Label): Box {
    const width = Math.max(widthOf(mark.name), note ? widthOf(mark.note) : 0)
    const height = fontPx * lineHeight * (note ? 2 : 1)
    const away = mark.radius + gapPx
    const across = side === 'right' ? away : side === 'left' ? -away - width : -width / 2
    const down = side === 'below' ? away : side === 'above' ? -away - height : -height / 2
    const [left, top] = [mark.x + across, mark.y + down]
    return { left, top, right: left + width, bottom: top + height }
}

/** `marks` in the order in which they may choose. */
export function placeLabels(marks: Mark[]): Map<string, Label> {
    const taken = marks
        .filter((mark) => mark.radius > 0)
        .map(({ x, y, radius: r }) => ({ left: x - r, top: y - r, right: x + r, bottom: y + r }))
    const labels = new Map<string, Label>()
    for (const mark of marks) {
        const label = choices(mark).find((choice) => {
            const box = boxAt(mark, choice)
            return !taken.some((other) => overlap(box, other))
        })
        if (!label) continue
        labels.set(mark.code, label)
        taken.push(boxAt(mark, label))
    }
    return labels
}

function choices(mark: Mark): Label[] {
    const where: Side[] = mark.radius ? sides : ['centre']
    const short = where.map((side) => ({ side, note: false }))
    return mark.note ? [...where.map((side) => ({ side, note: true })), ...short] : short
}
