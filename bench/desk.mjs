// The alarm desk with many standing alarms and a burst of new ones: frames a second, still and while scrolling. The alarms are made
// here (the answers of /api/alarms and the live stream), so it is the client alone that is measured.
//   BASE_URL=http://127.0.0.1:8080 node bench/desk.mjs [standing=5000] [new a second=50] [seconds=20]
import { frames, signedIn } from './browser.mjs'

const [standing = 5000, rate = 50, seconds = 20] = process.argv.slice(2).map(Number)
const began = Date.now()
const text = (ms) => new Date(ms + 8 * 3600_000).toISOString().replace('Z', '+08:00')
function alarm(n) {
    return {
        id: `A${String(n).padStart(8, '0')}`,
        type: 'alarm',
        version: 1,
        state: n % 3 ? 'unacknowledged' : 'acknowledged',
        point: `P${n}`,
        point_name: `可燃气体探测器 G-${n}`,
        enterprise: `E${n % 120}`,
        _labels: { enterprise: `安澜示范企业 ${n % 120}` },
        condition: n % 7 ? 'high' : 'stale',
        level: n % 7 ? 'H' : 'F',
        priority: String(1 + (n % 4)),
        value: 25 + (n % 50),
        worst_value: 30 + (n % 50),
        limit: 25,
        unit: '%LEL',
        onset: text(began - n * 1000),
        active: true,
    }
}
const all = Array.from({ length: standing }, (_, n) => alarm(n))
const counts = {
    1: 1,
    2: 1,
    3: 1,
    4: 1,
    unacknowledged: standing,
    shelved: 0,
    suppressed: 0,
    out_of_service: 0,
    closing: 0,
}
const answer = (route, body) =>
    route.fulfill({
        contentType: 'application/json',
        body: JSON.stringify(body),
    })

async function prepare(page) {
    await page.route('**/api/alarms?*', (route) => {
        const query = new URL(route.request().url()).searchParams
        const from = Number(query.get('cursor') ?? 0)
        const limit = Number(query.get('limit') ?? 200)
        const next = from + limit < standing ? String(from + limit) : null
        return answer(route, {
            items: all.slice(from, from + limit),
            counts,
            next,
        })
    })
    await page.route('**/api/records/alarm/*', (route) => answer(route, { ...all[0], moves: [], clocks: [] }))
    await page.route('**/api/points/*/history?*', (route) => {
        const from = Number(new URL(route.request().url()).searchParams.get('from'))
        return answer(route, {
            step: 60,
            items: Array.from({ length: 60 }, (_, i) => [from + i * 60_000, 1, 1, i % 9, 9, 1]),
        })
    })
    // A stream that says what `push` is given.
    await page.addInitScript(() => {
        delete window.SharedWorker // or the stream would be out of reach
        window.EventSource = class {
            readyState = 1
            handlers = {}
            constructor() {
                window.push = (type, event) =>
                    (this.handlers[type] ?? []).forEach((h) =>
                        h({ data: JSON.stringify(event), lastEventId: String(event.seq) }),
                    )
                setTimeout(() => (this.handlers.open ?? []).forEach((h) => h({})), 10)
            }
            addEventListener(type, handler) {
                ;(this.handlers[type] ??= []).push(handler)
            }
            close() {}
        }
    })
}

const { browser, page, open } = await signedIn('province', { width: 1440, height: 900 }, prepare)
await open('/alarms')
await page.waitForSelector('.row')
await page.waitForFunction(
    (n) => document.querySelector('.slot')?.getAttribute('aria-setsize') === String(n),
    standing,
)
const elements = () => page.evaluate(() => document.querySelectorAll('*').length)
const report = (what, figures, more = {}) => console.log(JSON.stringify({ what, ...figures, ...more }))
report('standing only', await frames(page, 5000), {
    standing,
    elements: await elements(),
})

let n = standing
await page.evaluate(() => window.push && 0)
const burst = setInterval(() => {
    const five = Array.from({ length: 5 }, () => ({
        ...alarm(n++),
        onset: text(Date.now()),
    }))
    void page.evaluate(
        (list) =>
            list.forEach((record, i) =>
                window.push('alarm', {
                    seq: Date.now() * 10 + i,
                    type: 'alarm',
                    id: record.id,
                    to: record.state,
                    record,
                }),
            ),
        five,
    )
}, 5000 / rate)
report(`${rate} new a second`, await frames(page, seconds * 1000))
await page.evaluate(() => {
    const list = document.querySelector('.list')
    window.scrolling = setInterval(() => list.scrollBy(0, 40), 16)
})
report('the same, scrolling', await frames(page, seconds * 1000), {
    shown: await page.evaluate(() => document.querySelector('.slot')?.getAttribute('aria-setsize')),
    elements: await elements(),
})
clearInterval(burst)
await browser.close()
