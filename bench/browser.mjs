// What the browser benches share: a page of the client, signed in, in the Chromium of the machine. BASE_URL is a server in demo mode.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(fileURLToPath(new URL('../web/package.json', import.meta.url)))
const { chromium } = require('playwright-core')

export const base = process.env.BASE_URL ?? 'http://127.0.0.1:8080'

/** Opens a page as `login`; `prepare(page)` runs before anything is loaded. */
export async function signedIn(login, viewport, prepare = async () => {}) {
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--js-flags=--expose-gc']
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args,
    })
    const context = await browser.newContext({ viewport, locale: 'zh-CN' })
    const { logins } = await (await context.request.get(`${base}/api/demo`)).json()
    const { password } = logins.find((entry) => entry.login === login)
    await context.request.post(`${base}/api/session`, {
        data: { login, password },
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => console.error('page:', error.message))
    await prepare(page, context)
    return {
        browser,
        context,
        page,
        open: (address) => page.goto(`${base}/#${address}`),
    }
}

/** Counts frames and the time between them for `ms`, in the page. */
export const frames = (page, ms) =>
    page.evaluate(
        (span) =>
            new Promise((resolve) => {
                const gaps = []
                const start = performance.now()
                let last = start
                const step = (now) => {
                    gaps.push(now - last)
                    last = now
                    if (now - start < span) return requestAnimationFrame(step)
                    gaps.sort((a, b) => a - b)
                    const at = (p) => Math.round(gaps[Math.floor(p * (gaps.length - 1))] * 10) / 10
                    resolve({
                        fps: Math.round((10_000 * gaps.length) / (now - start)) / 10,
                        median_ms: at(0.5),
                        p99_ms: at(0.99),
                        longest_ms: at(1),
                    })
                }
                requestAnimationFrame(step)
            }),
        ms,
    )
