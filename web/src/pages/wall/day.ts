// The alarms of the day by hour and priority. An hour that is over is asked once; the running one each time.
import { formatTime, fromWallText, todayText } from '../../base/clock'
import { api } from '../../model/api'

export interface Hour {
    hour: number
    /** By priority 1 … 4. */
    counts: [number, number, number, number]
}

const two = (n: number) => String(n).padStart(2, '0')
const moment = (day: string, hour: number) => {
    const next = hour === 24
    return `TIMESTAMP('${fromWallText(next ? `${day} 23:59:59.999` : `${day} ${two(hour)}:00:00`)}')`
}

export class Day {
    private date = ''
    private done = new Map<number, Hour>()

    async hours(now: number, ask = askHour): Promise<Hour[]> {
        const date = todayText(now)
        if (date !== this.date) {
            this.date = date
            this.done.clear()
        }
        const running = Number(formatTime(now).slice(11, 13))
        const all: Hour[] = []
        for (let hour = 0; hour <= running; hour++) {
            const known = this.done.get(hour) ?? { hour, counts: await ask(date, hour) }
            if (hour < running) this.done.set(hour, known)
            all.push(known)
        }
        return all
    }
}

async function askHour(date: string, hour: number): Promise<Hour['counts']> {
    const filter = `onset >= ${moment(date, hour)} AND onset < ${moment(date, hour + 1)}`
    const page = await api.list('alarm', { filter, limit: 1, facets: 'priority' })
    const count = (p: string) => page.facets?.['priority']?.find((f) => f.value === p)?.count ?? 0
    return [count('1'), count('2'), count('3'), count('4')]
}
