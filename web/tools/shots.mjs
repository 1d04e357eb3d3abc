// Pictures of every page, wide and narrow, from a running server or mock; complains about console errors and CSP violations.
// BASE_URL=http://127.0.0.1:8089 node tools/shots.mjs [name…]   → shots/*.png
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const base = process.env.BASE_URL ?? 'http://127.0.0.1:8089'
const out = process.env.SHOTS ?? 'shots'
const only = process.argv.slice(2)
mkdirSync(out, { recursive: true })

/** [name, role, address, what to do once it is there] */
const pages = [
    ['login', null, '#/login'],
    ['map', 'province_duty', '#/map'],
    ['map-dark', 'province_duty', '#/map', { dark: true }],
    ['map-city', 'province_duty', '#/map/3204'],
    ['map-county', 'county_inspector', '#/map'],
    ['map-layers', 'province_duty', '#/map?layers=enterprise,alarm', { click: '[data-act=layers]' }],
    ['wall', 'province_duty', '#/wall', { wait: '.wall .map path' }],
    ['trend', 'enterprise_safety', '#/trend/320412001?range=1h', { wait: '.plot canvas' }],
    ['alarms-plant', 'province_duty', '#/alarms?by=plant', { wait: '.section' }],
    ['alarms', 'enterprise_operator', '#/alarms', { wait: '.row' }],
    ['alarms-province', 'province_duty', '#/alarms', { wait: '.row' }],
    [
        'alarms-open',
        'enterprise_safety',
        '#/alarms',
        { wait: '.row', click: '.row .title', then: '.detail canvas' },
    ],
    [
        'alarms-open-dark',
        'enterprise_safety',
        '#/alarms',
        { dark: true, wait: '.row', click: '.row .title', then: '.detail canvas' },
    ],
    [
        'alarms-shelve',
        'enterprise_safety',
        '#/alarms',
        {
            wait: '.row',
            click: '.row .title',
            then: '.detail [data-act=shelve]',
            click2: '.detail [data-act=shelve]',
            then2: '#shelve-reason',
        },
    ],
    ['todo', 'county_inspector', '#/todo', { wait: '.item' }],
    ['notices', 'county_inspector', '#/todo?tab=notices'],
    ['enterprises', 'county_inspector', '#/enterprises', { wait: '.item' }],
    ['enterprise', 'county_inspector', '#/enterprise/320412001', { wait: '.page dl' }],
    ['enterprise-points', 'county_inspector', '#/enterprise/320412001?tab=points', { wait: 'canvas' }],
    ['enterprise-file', 'county_inspector', '#/enterprise/320412001?tab=file', { wait: '.file' }],
    ['enterprise-papers', 'county_inspector', '#/enterprise/320412001?tab=papers'],
    ['enterprise-story', 'county_inspector', '#/enterprise/320412001?tab=story', { wait: '.panel' }],
    [
        'enterprise-24h',
        'county_inspector',
        '#/enterprise/320412001?range=24h&point=320412001.TI101',
        { wait: 'canvas' },
    ],
    ['enterprise-dark', 'county_inspector', '#/enterprise/320412001', { dark: true, wait: '.page dl' }],
    ['enterprise-alarms', 'county_inspector', '#/enterprise/320412001?tab=alarms', { wait: '.item' }],
    ['hazards', 'county_inspector', '#/records/hazard', { wait: '.tag' }],
    [
        'hazard',
        'county_inspector',
        '#/records/hazard',
        { wait: '.tag', click: 'a:visible:has-text("呼吸阀")', then: '.journal' },
    ],
    [
        'hazard-move',
        'county_inspector',
        '#/records/hazard',
        {
            wait: '.tag',
            click: 'a:visible:has-text("呼吸阀")',
            then: '[data-move-button=assign]',
            click2: '[data-move-button=assign]',
            then2: 'form[data-move=assign]',
            click3: 'form[data-move=assign] [type=submit]',
        },
    ],
    ['hazard-new', 'county_inspector', '#/records/hazard/new', { wait: 'form' }],
    ['points', 'county_inspector', '#/records/point', { wait: '.tag, td, .card' }],
    ['more', 'county_inspector', '#/more'],
    ['alarms-en', 'enterprise_operator', '#/alarms', { lang: 'en', wait: '.row' }],
    [
        'hazard-en',
        'county_inspector',
        '#/records/hazard',
        { lang: 'en', wait: '.tag', click: 'a:visible:has-text("呼吸阀")', then: '.journal' },
    ],
]
const sizes = [
    ['wide', { width: 1440, height: 900 }],
    ['phone', { width: 390, height: 844 }],
]
const flags =
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags.split(' ') })
const { logins } = await (await fetch(`${base}/api/demo`)).json()
let faults = 0

for (const [name, role, address, options = {}] of pages) {
    if (only.length && !only.includes(name)) continue
    for (const [size, viewport] of sizes) {
        const context = await browser.newContext({
            viewport,
            colorScheme: options.dark ? 'dark' : 'light',
            locale: 'zh-CN',
            hasTouch: size === 'phone',
        })
        const page = await context.newPage()
        const complain = (text) => {
            faults++
            console.error(`${name}-${size}: ${text}`)
        }
        page.on('pageerror', (error) => complain(error.message))
        page.on(
            'console',
            (message) => ['error', 'warning'].includes(message.type()) && complain(message.text()),
        )
        if (options.lang)
            await page.addInitScript((lang) => localStorage.setItem('anlan.lang', lang), options.lang)
        try {
            if (role) {
                const { login, password } = logins.find((l) => l.role === role)
                await context.request.post(`${base}/api/session`, { data: { login, password } })
            }
            await page.goto(`${base}/${address}`)
            if (options.wait) await page.waitForSelector(options.wait, { state: 'attached', timeout: 8000 })
            for (const n of ['', '2', '3']) {
                if (options['click' + n])
                    await page
                        .locator(options['click' + n])
                        .first()
                        .click({ timeout: 5000 })
                if (options['then' + n]) await page.waitForSelector(options['then' + n], { timeout: 8000 })
            }
            await page.waitForTimeout(1200)
            const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
            if (wide) complain('the page is wider than the screen')
        } catch (error) {
            complain(String(error.message).split('\n')[0])
        }
        await page.screenshot({ path: join(out, `${name}-${size}.png`) })
        await context.close()
    }
}
await browser.close()
if (faults) process.exit(1)
