// How long the first view of a page takes on a cheap phone with a slow network: an empty cache, 1.6 Mbit/s down, 0.75 up, 150 ms to
// and fro, a processor four times slower. Counted from the address being entered to the first row of the list on the screen; and how
// many bytes came over the network until then. The second view is the same with what the browser kept.
//   BASE_URL=http://127.0.0.1:8080 node bench/first_view.mjs [page=/todo] [login=county] [selector=.page .item] [runs=5]
import { base, signedIn } from './browser.mjs'

const [page = '/todo', login = 'county', selector = '.page .item', runs = '5'] = process.argv.slice(2)
const limits = { first_ms: 1500, first_kib: 300 }
const slowNetwork = {
    offline: false,
    latency: 150,
    downloadThroughput: 1_600_000 / 8,
    uploadThroughput: 750_000 / 8,
}

/** In the page: the moment at which the frame that first had `wanted` was given to the screen. */
function watchFor(wanted) {
    const look = () =>
        document.querySelector(wanted)
            ? requestAnimationFrame(() => setTimeout(() => (window.firstView = performance.now())))
            : requestAnimationFrame(look)
    look()
}

async function view(context) {
    const tab = await context.newPage()
    const cdp = await context.newCDPSession(tab)
    const loads = new Map()
    cdp.on('Network.requestWillBeSent', ({ requestId, request, timestamp }) =>
        loads.set(requestId, {
            url: request.url.replace(base, ''),
            start: timestamp,
            bytes: 0,
        }),
    )
    cdp.on('Network.loadingFinished', ({ requestId, timestamp, encodedDataLength }) =>
        Object.assign(loads.get(requestId) ?? {}, {
            end: timestamp,
            bytes: encodedDataLength,
        }),
    )
    await cdp.send('Network.enable')
    await cdp.send('Network.emulateNetworkConditions', slowNetwork)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    await tab.addInitScript(watchFor, selector)
    // What a browser that was signed in before has kept (model/session.ts); signedIn() only has the cookie.
    await tab.addInitScript(() => localStorage.setItem('anlan.in', '1'))
    await tab.goto(`${base}/#${page}`, { waitUntil: 'commit' })
    const handle = await tab.waitForFunction(() => window.firstView, null, {
        timeout: 60_000,
    })
    const ms = Math.round(await handle.jsonValue())
    const all = [...loads.values()]
    const began = Math.min(...all.map((load) => load.start))
    const before = all.filter((load) => load.end !== undefined && (load.end - began) * 1000 <= ms)
    await tab.close()
    return {
        ms,
        kib: before.reduce((sum, load) => sum + load.bytes, 0) / 1024,
        loads: before,
        began,
    }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
const first = []
const second = []
for (let run = 0; run < Number(runs); run++) {
    const { browser, context } = await signedIn(login, {
        width: 390,
        height: 844,
    })
    await (await context.newPage()).close()
    first.push(await view(context))
    second.push(await view(context))
    await browser.close()
}
const told = first.reduce((a, b) =>
    Math.abs(a.ms - median(first.map((v) => v.ms))) < Math.abs(b.ms - median(first.map((v) => v.ms))) ? a : b,
)
for (const { url, start, end, bytes } of told.loads.sort((a, b) => a.start - b.start))
    console.log(
        `${String(Math.round((start - told.began) * 1000)).padStart(6)} – ${String(Math.round((end - told.began) * 1000)).padStart(5)} ms  ${(bytes / 1024).toFixed(1).padStart(7)} KiB  ${url}`,
    )
const result = {
    page,
    first_ms: median(first.map((v) => v.ms)),
    first_kib: Math.round(median(first.map((v) => v.kib))),
    second_ms: median(second.map((v) => v.ms)),
    second_kib: Math.round(median(second.map((v) => v.kib))),
    requests: told.loads.length,
}
console.log(JSON.stringify(result))
for (const [name, limit] of Object.entries(limits))
    if (result[name] > limit) {
        console.error(`${name} ${result[name]} is over ${limit}`)
        process.exitCode = 1
    }
