// A figure as /api/indicators gives it, in words.
import type { Title } from '../../base/words'

export interface Figure {
    type: string
    name: string
    title: Title
    basis?: string[]
    unit?: string
    value: number | null
    former?: number | null
    part?: number
    whole?: number
    from?: string
    to?: string
    target?: { at_most?: number; at_least?: number }
    met?: boolean
    by?: string[]
    filter: string
}
export interface Part {
    key: string | null
    title?: Title
    value: number | null
    part?: number
    whole?: number
}

const round = (value: number) => String(Math.round(value * 100) / 100)

/** A share (it has a whole) is in per cent unless the pack names another unit. Nothing to divide by: a dash. */
export function figureText(figure: Pick<Figure, 'unit' | 'whole'>, value: number | null | undefined): string {
    if (value === null || value === undefined) return '—'
    const unit = figure.unit ?? (figure.whole === undefined ? '' : '%')
    return unit ? `${round(value)} ${unit}` : round(value)
}
export function targetText(figure: Pick<Figure, 'target'>): string {
    const { at_most, at_least } = figure.target ?? {}
    if (at_most !== undefined) return `≤ ${round(at_most)}`
    return at_least === undefined ? '' : `≥ ${round(at_least)}`
}
export const metWord = (met: boolean) => (met ? 'figures.met_yes' : 'figures.met_no')
