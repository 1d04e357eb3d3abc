// Endurance of the wall board: at `pace` times its speed, what it keeps in memory after each garbage collection. A wall must not grow.
//   BASE_URL=http://127.0.0.1:8080 node bench/wall.mjs [pace=60] [seconds=120]
import { signedIn } from './browser.mjs'

const [pace = 60, seconds = 120] = process.argv.slice(2).map(Number)
const { browser, context, page, open } = await signedIn('province', {
    width: 1920,
    height: 1080,
})
await open(`/wall?pace=${pace}`)
await page.waitForSelector('.wall .strip b')
const devtools = await context.newCDPSession(page)
await devtools.send('Performance.enable')
for (let done = 0; done <= seconds; done += seconds / 8) {
    await page.waitForTimeout((1000 * seconds) / 8)
    await devtools.send('HeapProfiler.collectGarbage')
    const { metrics } = await devtools.send('Performance.getMetrics')
    const of = (name) => metrics.find((metric) => metric.name === name).value
    console.log(
        JSON.stringify({
            minutes_of_wall: Math.round(((done + seconds / 8) * pace) / 60),
            turns: Number(await page.getAttribute('.wall', 'data-turns')),
            heap_mib: Math.round(of('JSHeapUsedSize') / 104857.6) / 10,
            nodes: of('Nodes'),
            listeners: of('JSEventListeners'),
        }),
    )
}
await browser.close()
