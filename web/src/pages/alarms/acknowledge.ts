// Acknowledging many alarms: each on the version that was seen. When one changed meanwhile it is acknowledged again only if it is
// still the same danger; a higher level must be looked at first.
import { Problem } from '../../base/http'
import { api } from '../../model/api'
import { afterStale } from '../../model/group'
import type { Alarm } from '../../model/types'

export interface AckOutcome {
    done: Alarm[]
    byOthers: Alarm[]
    look: Alarm[]
    failed: Problem | null
}

type Acknowledge = (alarm: Alarm) => Promise<Alarm>
type Fetch = (id: string) => Promise<Alarm>

const post: Acknowledge = (alarm) => api.move<Alarm>('alarm', alarm.id, alarm.version, 'acknowledge')
const get: Fetch = (id) => api.get<Alarm>('alarm', id)
const triesOnChange = 3

async function one(seen: Alarm, outcome: AckOutcome, acknowledge: Acknowledge, fetch: Fetch) {
    let alarm = seen
    for (let tries = 0; tries < triesOnChange; tries++) {
        try {
            outcome.done.push(await acknowledge(alarm))
            return
        } catch (error) {
            if (!(error instanceof Problem) || (error.status !== 412 && error.status !== 409)) throw error
            const current = (error.body.current as Alarm | undefined) ?? (await fetch(alarm.id))
            const next = afterStale(seen, current)
            if (next === 'done') return void outcome.byOthers.push(current)
            if (next === 'look') return void outcome.look.push(current)
            if (error.status === 409) throw error
            alarm = current
        }
    }
    outcome.look.push(alarm)
}

export async function acknowledgeAll(alarms: Alarm[], acknowledge = post, fetch = get): Promise<AckOutcome> {
    const outcome: AckOutcome = { done: [], byOthers: [], look: [], failed: null }
    const waiting = [...alarms]
    const worker = async () => {
        for (let alarm = waiting.shift(); alarm && !outcome.failed; alarm = waiting.shift()) {
            try {
                await one(alarm, outcome, acknowledge, fetch)
            } catch (error) {
                outcome.failed ??=
                    error instanceof Problem
                        ? error
                        : new Problem({ id: 'client', status: 0, detail: String(error) })
            }
        }
    }
    await Promise.all([worker(), worker(), worker(), worker()])
    return outcome
}
