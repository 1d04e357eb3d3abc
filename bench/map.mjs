// The map with many enterprises: drags it to and fro and zooms, and says how long the longest pause between two frames was and how long
// the server took for the marks.
//   BASE_URL=http://127.0.0.1:8080 node bench/map.mjs [seconds=20]
import { frames, signedIn } from './browser.mjs'

const [seconds = 20] = process.argv.slice(2).map(Number)
const { browser, page, open } = await signedIn('province', { width: 1440, height: 900 })
const asked = []
page.on('requestfinished', async (request) => {
    if (!request.url().includes('/api/places/')) return
    const { requestStart, responseEnd } = request.timing()
    const { items } = await (await request.response()).json().catch(() => ({ items: [] }))
    asked.push({
        ms: responseEnd - requestStart,
        marks: items.length,
        records: items.reduce((n, item) => n + item.count, 0),
    })
})
await open('/map?layers=enterprise,alarm')
await page.waitForSelector('.ol-viewport canvas')
await page.waitForTimeout(4000)
const box = await page.locator('.ol-viewport').boundingBox()
const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
let done = false
async function hand() {
    for (let turn = 0; !done; turn++) {
        await page.mouse.move(x, y)
        await page.mouse.down()
        const [dx, dy] = [Math.cos(turn) * 220, Math.sin(turn) * 160]
        await page.mouse.move(x + dx, y + dy, { steps: 30 })
        await page.mouse.move(x, y, { steps: 30 })
        await page.mouse.up()
        if (turn % 3 === 2) await page.mouse.wheel(0, turn % 6 === 2 ? -300 : 300)
        await page.waitForTimeout(900)
    }
}
const moving = hand()
const figures = await frames(page, seconds * 1000)
done = true
await moving
asked.sort((a, b) => a.ms - b.ms)
console.log(
    JSON.stringify({
        ...figures,
        requests: asked.length,
        server_median_ms: Math.round(asked[asked.length >> 1]?.ms ?? 0),
        server_longest_ms: Math.round(asked.at(-1)?.ms ?? 0),
        most_records: Math.max(0, ...asked.map((a) => a.records)),
        most_marks: Math.max(0, ...asked.map((a) => a.marks)),
    }),
)
await browser.close()
