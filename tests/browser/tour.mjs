// The pictures of README's tour, from the server at BASE_URL; called by tests/tour.py.
import { createRequire } from 'node:module'
import { join } from 'node:path'
const require = createRequire(new URL('../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')

const { BASE_URL: base, SHOTS: out, PASSWORD: password, ONLY: only, HAZARD: hazard } = process.env
const pages = {
    pressure: ['county-a', '/#/enterprise/TEP?point=TEP.XMEAS7&range=24h', 'canvas'],
    hazard: ['county-a', `/#/records/hazard/${hazard}`, '.page'],
}

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
})
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
const faults = []
page.on('pageerror', (error) => faults.push(error.message))
page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))

const [login, address, ready] = pages[only]
await page.goto(base + '/')
await page.locator('input').first().fill(login)
await page.locator('input[type=password]').fill(password)
await page.keyboard.press('Enter')
await page.waitForURL(/#\/(map|todo|alarms)/)
await page.goto(base + address)
await page.locator(ready).first().waitFor()
await page.waitForLoadState('networkidle').catch(() => {})
await page.waitForTimeout(1500) // charts draw themselves in steps
await page.screenshot({ path: join(out, `tour-${only}.png`) })
await browser.close()
// /api/demo answers 404 on a server that is no demo: the browser tells that as an error
const real = faults.filter((text) => !text.includes('404'))
if (real.length) {
    console.error(real.join('\n'))
    process.exit(1)
}
