// Ticking values and alarms: random walks round each point's mean; now and then one is pushed over its limit.
import { toRfc3339 } from '../src/base/clock'
import type { Alarm, LivePoint, RecordItem, Step } from '../src/model/types'
import { engine, type Office } from './office'
import { points, shape } from './world'

interface Signal {
    value: number
    push: number
    pushedAt: number
    quality: LivePoint['quality']
    state: LivePoint['state']
}

export class Plant {
    readonly signals = new Map<string, Signal>()
    private serial = 0

    constructor(private readonly office: Office) {
        for (const point of points) {
            const { mean } = shape.get(String(point['code']))!
            this.signals.set(String(point['code']), {
                value: mean,
                push: 0,
                pushedAt: 0,
                quality: 'good',
                state: 'normal',
            })
        }
        this.signals.get('320412002.PI101')!.quality = 'none'
        this.signals.get('320412002.PI101')!.state = 'F'
    }

    /** A value for any moment, so that history and the present agree roughly. */
    curve(code: string, ms: number) {
        const { mean, spread } = shape.get(code)!
        const phase = [...code].reduce((n, c) => n + c.charCodeAt(0), 0)
        const t = ms / 60_000
        return (
            mean +
            spread *
                0.5 *
                (Math.sin(t / 11 + phase) +
                    0.4 * Math.sin(t / 1.7 + phase * 3) +
                    0.25 * Math.sin(t * 3.1 + phase))
        )
    }

    tick(now: number) {
        for (const point of points) {
            const code = String(point['code'])
            const signal = this.signals.get(code)!
            if (signal.quality === 'none') continue
            const h = (point['limit_high'] ?? point['limit_high_high']) as number
            signal.value = this.curve(code, now) + signal.push * (h - shape.get(code)!.mean) * 1.12
            if (signal.push > 0 && Math.random() < 0.006) signal.push = 0
            const state = this.judge(point, signal.value)
            if (state !== signal.state) this.changed(point, signal, state, now)
            signal.state = state
        }
    }

    private judge(point: Record<string, unknown>, value: number): LivePoint['state'] {
        const limit = (name: string) => point[name] as number | undefined
        if (value >= (limit('limit_high_high') ?? Infinity)) return 'HH'
        if (value >= (limit('limit_high') ?? Infinity)) return 'H'
        if (value <= (limit('limit_low_low') ?? -Infinity)) return 'LL'
        if (value <= (limit('limit_low') ?? -Infinity)) return 'L'
        return 'normal'
    }

    push(code: string, strength = 1, at = Date.now()) {
        const signal = this.signals.get(code)
        if (!signal) return
        if (signal.push === 0) signal.pushedAt = at
        signal.push = strength
    }
    pushSome() {
        const point = points[Math.floor(Math.random() * points.length)]!
        this.push(String(point['code']), Math.random() < 0.3 ? 1.5 : 1)
    }

    private changed(point: Record<string, unknown>, signal: Signal, state: LivePoint['state'], now: number) {
        const code = String(point['code'])
        const open = this.office.all('alarm').find((a) => a['point'] === code && a['active'] === true) as
            | (Alarm & RecordItem)
            | undefined
        const value = Math.round(signal.value * 1000) / 1000
        if (state === 'normal') {
            if (open) this.office.move(open, 'return', { returned_at: toRfc3339(now) }, '', engineWithMoves)
            return
        }
        const limitName = { HH: 'limit_high_high', H: 'limit_high', L: 'limit_low', LL: 'limit_low_low' }[
            state as 'H'
        ]
        const priority =
            state === 'HH' || state === 'LL'
                ? String(Math.max(1, Number(point['priority']) - 1))
                : String(point['priority'])
        if (open) {
            const acknowledged = open.acknowledged && Number(priority) >= Number(open.priority)
            this.office.move(
                open,
                'raise_level',
                {
                    level: state,
                    worst_level: state,
                    worst_value: value,
                    priority,
                    limit: point[limitName],
                    acknowledged,
                    level_at: toRfc3339(now),
                },
                '',
                engineWithMoves,
            )
        } else this.raise(point, state, value, priority, point[limitName] as number, now)
    }

    raise(
        point: Record<string, unknown>,
        level: string,
        value: number,
        priority: string,
        limit: number,
        at: number,
        condition?: string,
    ) {
        return this.office.create(
            'alarm',
            {
                point: point['code'],
                point_name: point['name'],
                enterprise: point['enterprise'],
                condition:
                    condition ?? (level.startsWith('H') ? 'high' : level.startsWith('L') ? 'low' : 'stale'),
                level,
                worst_level: level,
                priority,
                value,
                worst_value: value,
                limit,
                unit: point['unit'],
                onset: toRfc3339(at),
                active: true,
                acknowledged: false,
                engine_seq: ++this.serial,
            },
            engine,
            at,
        )
    }

    live(enterprise: string): LivePoint[] {
        const now = Date.now()
        return points
            .filter((p) => p['enterprise'] === enterprise)
            .map((p) => {
                const s = this.signals.get(String(p['code']))!
                const gone = s.quality === 'none'
                const {
                    code,
                    name,
                    measure,
                    unit,
                    range_low,
                    range_high,
                    limit_low_low,
                    limit_low,
                    limit_high,
                    limit_high_high,
                } = p as unknown as LivePoint
                return {
                    code,
                    name,
                    measure,
                    ...(unit ? { unit } : {}),
                    equipment: '',
                    range_low,
                    range_high,
                    limit_low_low,
                    limit_low,
                    limit_high,
                    limit_high_high,
                    value: gone ? null : Math.round(s.value * 1000) / 1000,
                    time: toRfc3339(gone ? now - 734_000 : now),
                    quality: s.quality,
                    state: s.state,
                } as LivePoint
            })
    }

    history(code: string, from: number, to: number, stepS: number): Step[] {
        const step = stepS * 1000
        const items: Step[] = []
        const { spread } = shape.get(code)!
        for (let t = Math.floor(from / step) * step; t < to; t += step) {
            if (this.signals.get(code)!.quality === 'none' && t > Date.now() - 734_000) break
            if (Math.floor(t / 3600_000) % 17 === 5 && stepS > 100) continue
            const signal = this.signals.get(code)!
            const point = points.find((p) => p['code'] === code)!
            const high = (point['limit_high'] ?? point['limit_high_high']) as number
            const pushed =
                signal.push > 0 && t >= signal.pushedAt
                    ? signal.push * (high - shape.get(code)!.mean) * 1.12
                    : 0
            const mean = this.curve(code, t) + pushed
            items.push([t, 10, mean - spread * 0.18, mean, mean + spread * 0.22, mean])
        }
        return items
    }
}

const engineWithMoves = { ...engine, role: 'engine' }
