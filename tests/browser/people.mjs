// What every browser test shares: a browser, people who sign in through the log-in page, steps with a name, complaints.
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core')

export const base = (process.env.BASE_URL ?? 'http://127.0.0.1:8080').replace(/\/$/, '')
const shots = process.env.SHOTS
const stepMs = 15_000
const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--lang=zh-CN',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
]
export const wide = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

const faults = []
/** A console line that the present step is meant to cause. */
let expected = null
let stepName = 'start'
let picture = 0

export async function step(name, work) {
    stepName = name
    const began = Date.now()
    const result = await work()
    console.log(`ok   ${name} (${Date.now() - began} ms)`)
    return result
}

/** Runs `work`; console errors that match `pattern` are what it is about. */
export async function expecting(pattern, work) {
    expected = pattern
    try {
        return await work()
    } finally {
        expected = null
    }
}

export function must(value, message) {
    if (!value) throw new Error(message)
    return value
}

export function mustBeCalm() {
    must(faults.length === 0, `the browser complained:\n  ${faults.join('\n  ')}`)
}

/** The first true value of `work()`, polled. */
export async function until(work, message, ms = stepMs) {
    const end = Date.now() + ms
    for (;;) {
        const value = await work()
        if (value) return value
        must(Date.now() < end, `${message} (waited ${ms / 1000} s)`)
        await new Promise((done) => setTimeout(done, 50))
    }
}

export async function shoot(page, name) {
    if (shots)
        await page.screenshot({
            path: join(shots, `${String(++picture).padStart(2, '0')}-${name}.png`),
        })
}

/** The demo people, by role; an older server gives only titles. */
export async function findPeople() {
    const response = await fetch(`${base}/api/demo`)
    must(response.ok, `GET /api/demo answered ${response.status}: is the server in demo mode?`)
    const { logins } = await response.json()
    const titles = {
        enterprise_operator: '操作员|中控',
        enterprise_safety: '安全员',
        county_inspector: '县级|监管员',
        province_duty: '省级',
    }
    const textOf = (login) => (typeof login.title === 'string' ? login.title : (login.title?.zh ?? ''))
    const find = (role, enterprise) => {
        const mine = logins.filter(
            (l) => l.role === role || (!l.role && new RegExp(titles[role]).test(textOf(l))),
        )
        return must(
            mine.find((l) => !enterprise || !l.enterprise || l.enterprise === enterprise),
            `no demo login with the role ${role}`,
        )
    }
    const operator = find('enterprise_operator')
    return {
        operator,
        safety: find('enterprise_safety', operator.enterprise),
        inspector: find('county_inspector'),
        province: find('province_duty'),
    }
}

/** The first demo login of a role, of an enterprise if one is named. */
export async function findRole(role, enterprise) {
    const { logins } = await (await fetch(`${base}/api/demo`)).json()
    return must(
        logins.find((l) => l.role === role && (!enterprise || l.enterprise === enterprise)),
        `no demo login with the role ${role}`,
    )
}

/** What the API gives to the person at this page. */
export const read = (page, path) =>
    page.evaluate(async (path) => {
        const answer = await fetch(path)
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
        return answer.json()
    }, path)

/** A browser of one's own, not signed in. */
export async function visit(browser, viewport = wide) {
    const context = await browser.newContext({
        viewport,
        locale: 'zh-CN',
        hasTouch: viewport === phone,
    })
    const page = await context.newPage()
    page.setDefaultTimeout(stepMs)
    page.on('pageerror', (error) => faults.push(`${stepName}: ${error.message}`))
    page.on('console', (message) => {
        if (message.type() === 'error' && !expected?.test(message.text()))
            faults.push(`${stepName}: ${message.text()} ${message.location().url}`)
    })
    return page
}

/** A browser of one's own for each person, signed in through the log-in page. */
export async function enter(browser, person, viewport = wide) {
    const page = await visit(browser, viewport)
    await open(page, '/login')
    await page.click(`[data-login="${person.login}"]`)
    await page.waitForSelector('nav')
    return page
}

export const open = (page, address) => page.goto(`${base}/#${address}`)
export const inState = (page, state) => page.waitForSelector(`.page-head [data-state="${state}"]`)

/** Opens the form of a move, fills its inputs by field name and submits. */
export async function make(page, move, fields) {
    await page.click(`[data-move-button="${move}"]`)
    await fill(page.locator(`form[data-move="${move}"]`), fields)
}

export async function fill(form, fields) {
    await form.waitFor()
    for (const [name, value] of Object.entries(fields)) {
        const input = form.locator(`#f-${name}`)
        await input.fill(value)
        if (/^\d{4}-\d\d-\d\d$/.test(value)) await input.press('Enter')
    }
    await form.locator('[type=submit]').click()
}

/** Chooses in a select that is drawn from a type: by text, or the first that the search finds. */
export async function choose(page, name, text, search) {
    const input = page.locator(`#f-${name}`)
    await input.click()
    if (search) await input.fill(search)
    const option = page
        .locator('.el-select-dropdown__item:visible', text ? { hasText: text } : undefined)
        .first()
    await option.click()
}

export function inDays(days) {
    return new Date(Date.now() + 8 * 3600_000 + days * 86_400_000).toISOString().slice(0, 10)
}

/** A time some minutes from now as a form takes it, in +08:00. */
export const inTime = (minutes) =>
    new Date(Date.now() + 8 * 3600_000 + minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')

/** Runs one test file's story in a fresh Chromium; the process ends with 1 when a step fails. */
export async function run(story) {
    if (shots) mkdirSync(shots, { recursive: true })
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: flags,
    })
    try {
        await story(browser)
        mustBeCalm()
    } catch (error) {
        console.error(`FAILED at “${stepName}”: ${error.message}`)
        for (const context of browser.contexts())
            for (const page of context.pages()) await shoot(page, 'failed').catch(() => {})
        process.exitCode = 1
    } finally {
        await browser.close()
    }
}
