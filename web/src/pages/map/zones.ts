// Areas of a layer's records, drawn once the map is near enough: filled with the risk colour of the record, which also stands there
// as a word and as a pattern of its own, so that nobody needs to tell the colours apart.
import type { CodeList, RecordType } from '../../model/types'

export type RiskColour = 'red' | 'orange' | 'yellow' | 'blue'
export const riskColours: RiskColour[] = ['red', 'orange', 'yellow', 'blue']
const variables: Record<RiskColour, string> = { red: '--p1', orange: '--p2', yellow: '--p3', blue: '--p4' }
export const variableOf = (colour: RiskColour) => variables[colour]

/** The field that says the risk colour: its list knows these four and no other. */
export const colourField = (type: RecordType, codes: Record<string, CodeList>) =>
    type.fields.find((field) => {
        const items = field.kind === 'code' ? codes[field.codes ?? '']?.items : undefined
        return (
            items?.length === riskColours.length &&
            items.every(({ code }) => riskColours.includes(code as RiskColour))
        )
    })
export const hasZones = (type: RecordType | undefined) =>
    type?.fields.some((field) => field.kind === 'area') ?? false

const tile = 12
/** What is drawn into a tile of the pattern, as lines from x, y to x, y: the graver, the denser. */
const strokes: Record<RiskColour, [number, number, number, number][]> = {
    red: [
        [0, 0, tile, tile],
        [0, tile, tile, 0],
    ],
    orange: [[0, tile, tile, 0]],
    yellow: [[0, tile / 2, tile, tile / 2]],
    blue: [[tile / 2, tile / 2 - 1, tile / 2, tile / 2 + 1]],
}

export function patternOf(colour: RiskColour, ink: string): CanvasPattern | string {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = tile
    const pen = canvas.getContext('2d')
    if (!pen) return ink
    pen.globalAlpha = 0.28
    pen.fillStyle = ink
    pen.fillRect(0, 0, tile, tile)
    pen.globalAlpha = 0.9
    pen.strokeStyle = ink
    pen.lineWidth = colour === 'blue' ? 2.5 : 1.2
    for (const [x1, y1, x2, y2] of strokes[colour]) {
        pen.beginPath()
        pen.moveTo(x1, y1)
        pen.lineTo(x2, y2)
        pen.stroke()
    }
    return pen.createPattern(canvas, 'repeat') ?? ink
}
