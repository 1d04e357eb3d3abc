import { describe, expect, it } from 'vitest'
import type { Counters, Place } from './types'
import { badgeNumber, byGravity, severity } from './severity'

const none: Counters = {
    enterprises: 1,
    points: 1,
    alarms_active: 0,
    alarms_unacked: 0,
    worst_priority: null,
    hazards_open: 0,
    hazards_overdue: 0,
    points_bad: 0,
}
const place = (code: string, counters: Partial<Counters>): Place => ({
    ...none,
    ...counters,
    code,
    name: code,
    kind: '',
})

describe('how grave a place is', () => {
    it('never looks calm while an alarm waits, even without a known priority', () => {
        expect(severity({ ...none, alarms_unacked: 1 })).toBe(4)
        expect(severity({ ...none, alarms_unacked: 1, worst_priority: 1 })).toBe(1)
        expect(severity({ ...none, hazards_overdue: 1 })).toBe('hazard')
        expect(severity(none)).toBe('calm')
    })
    it('counts what waits; when nothing waits, what is still active', () => {
        expect(badgeNumber({ ...none, alarms_active: 5, alarms_unacked: 2 })).toBe(2)
        expect(badgeNumber({ ...none, alarms_active: 5 })).toBe(5)
    })
    it('puts first what waits for acknowledgement, then the graver', () => {
        const places = [
            place('calm', {}),
            place('hazard', { hazards_overdue: 3 }),
            place('acked1', { alarms_active: 1, worst_priority: 1 }),
            place('unacked2', { alarms_unacked: 1, worst_priority: 2 }),
            place('unacked1', { alarms_unacked: 1, worst_priority: 1 }),
        ]
        expect(places.sort(byGravity).map((p) => p.code)).toEqual([
            'unacked1',
            'unacked2',
            'acked1',
            'hazard',
            'calm',
        ])
    })
})
