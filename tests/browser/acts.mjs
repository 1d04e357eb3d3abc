// The acts beside the main story: shelve and unshelve, comment, acknowledge a selection, a hazard from the form, an edit on a stale
// version, the switch to English, a record that is not there, and a server that dies and comes back.
// The last one needs someone who can kill the server: with CONTROL=1 this process writes "@kill" and "@start" to its output and
// waits for a line on its input; without CONTROL the step is left out.
import { createInterface } from 'node:readline'
import {
    base,
    choose,
    enter,
    expecting,
    fill,
    findPeople,
    inState,
    must,
    open,
    run,
    shoot,
    step,
    until,
} from './people.mjs'

const alarmWaitMs = Number(process.env.ALARM_WAIT_S ?? 60) * 1000

const answers = process.env.CONTROL ? createInterface({ input: process.stdin })[Symbol.asyncIterator]() : null
async function control(word) {
    console.log(`@${word}`)
    await answers.next()
}

/** What the API answers to the person at this page. */
const call = (page, method, path, body, version) =>
    page.evaluate(
        async ([method, path, body, version]) => {
            const headers = { 'Content-Type': 'application/json' }
            if (version) headers['If-Match'] = `"${version}"`
            const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
            if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
            return answer.json()
        },
        [method, path, body, version],
    )
const alarmOf = (page, id) => call(page, 'GET', `/api/records/alarm/${id}`)

async function openShelvable(page) {
    await open(page, '/alarms')
    const row = page.locator('.row[data-state=unacknowledged], .row[data-state=acknowledged]').first()
    await row.waitFor({ timeout: alarmWaitMs })
    const id = await row.getAttribute('data-id')
    await open(page, `/alarms?state=all&open=${id}`)
    await page.waitForSelector('.detail [data-act=shelve]')
    return id
}

async function shelve(page) {
    const id = await openShelvable(page)
    await page.click('.detail [data-act=shelve]')
    const form = page.locator('form[data-move=shelve]')
    await form.locator('[type=submit]').click()
    await form.locator('.fault').waitFor() // no shelf without a reason
    await form.locator('.choices label').nth(2).click()
    await form.locator('#shelve-reason').fill('探头检修，有人值守')
    await shoot(page, 'shelve')
    await form.locator('[type=submit]').click()
    await page.waitForSelector('.detail .shelf')
    const alarm = await alarmOf(page, id)
    must(alarm.state === 'shelved', `the shelved alarm is ${alarm.state}`)
    must(alarm.shelve_reason === '探头检修，有人值守', `the reason is “${alarm.shelve_reason}”`)
    const minutes = (Date.parse(alarm.shelved_until) - Date.now()) / 60_000
    must(minutes > 115 && minutes <= 120, `shelved for ${minutes} minutes instead of 2 hours`)
    await open(page, '/alarms?state=shelved')
    await page.waitForSelector(`.row[data-id="${id}"]`)
    await shoot(page, 'shelved')
    return id
}

async function unshelve(page, id) {
    await page.locator(`.row[data-id="${id}"] .title`).click()
    await page.click('.detail [data-act=unshelve]')
    await page.waitForSelector('.detail .shelf', { state: 'detached' })
    const { state } = await alarmOf(page, id)
    must(state !== 'shelved', 'the alarm is still shelved')
}

async function comment(page, id) {
    await open(page, `/alarms?state=all&open=${id}`)
    await page.click('.detail [data-act=comment]')
    const form = page.locator('form[data-move=comment]')
    await form.locator('#f-comment').fill('已电话核实，现场无泄漏')
    await form.locator('[type=submit]').click()
    await page
        .locator('.detail .journal, .detail ol, .detail ul')
        .getByText('已电话核实，现场无泄漏')
        .waitFor()
    await page.waitForSelector('.detail [data-live] dd:first-of-type')
    await shoot(page, 'comment')
}

async function acknowledgeSelection(page) {
    await open(page, '/alarms')
    const boxes = page.locator('.row .check input:not(:disabled)')
    await boxes.first().waitFor({ timeout: alarmWaitMs })
    const ids = []
    for (const box of (await boxes.all()).slice(0, 2)) {
        await box.check()
        ids.push(await box.evaluate((input) => input.closest('.row').dataset.id))
    }
    await shoot(page, 'selection')
    await page.click('[data-act=acknowledge-selected]')
    await page.waitForSelector('[data-act=acknowledge-selected]', { state: 'detached' })
    for (const id of ids)
        await until(
            async () => (await alarmOf(page, id)).acknowledged === true,
            `alarm ${id} of the selection is not acknowledged`,
        )
    return ids.length
}

async function createHazard(page, enterprise) {
    await open(page, `/records/hazard/new?enterprise=${encodeURIComponent(enterprise)}`)
    const form = page.locator('form[data-form=create]')
    await form.locator('[type=submit]').click()
    await form.locator('[data-field=title] .fault').waitFor()
    must((await form.locator('#f-escalation').count()) === 0, 'the form asks for what only moves may give')
    const focused = await page.evaluate(() => document.activeElement?.id)
    must(focused === 'f-title', `after a refusal the focus is at “${focused}”, not at the first fault`)
    await shoot(page, 'hazard-form')
    await choose(page, 'source')
    await choose(page, 'grade', '一般')
    await fill(form, { title: '罐区防火堤穿管处未封堵' })
    await inState(page, 'reported')
    return must(/records\/hazard\/([^?]+)/.exec(page.url())?.[1], 'the hazard is not in the address')
}

async function editStale(page, id) {
    const path = `/api/records/hazard/${id}`
    await page.click('[data-act=edit]')
    const form = page.locator('form[data-form=edit]')
    await form.locator('#f-description').fill('现场照片已留存')
    const { version } = await call(page, 'GET', path)
    await call(page, 'PATCH', path, { place: '二号罐区东侧' }, version)
    await expecting(/status of 412/, async () => {
        await form.locator('[type=submit]').click()
        await form.locator('.stale').getByText('二号罐区东侧').waitFor()
    })
    await shoot(page, 'stale')
    await form.locator('.stale .btn').click()
    await form.locator('.stale').waitFor({ state: 'detached' })
    await form.locator('[type=submit]').click()
    await form.waitFor({ state: 'detached' })
    const saved = await call(page, 'GET', path)
    must(saved.description === '现场照片已留存', 'what was typed is lost')
    must(saved.place === '二号罐区东侧', 'the change of the other person was overwritten')
}

async function english(page) {
    await open(page, '/todo')
    const language = () => page.evaluate(() => document.documentElement.lang)
    must((await language()) === 'zh-CN', 'the page does not say that it is Chinese')
    await page.locator('nav').getByRole('button', { name: 'English' }).click()
    await page.getByRole('link', { name: 'Alarm desk' }).waitFor()
    must((await language()) === 'en', 'the page does not say that it is English')
    for (const address of [
        '/map',
        '/alarms?state=all',
        '/todo',
        '/enterprises',
        '/records/hazard',
        '/more',
    ]) {
        await open(page, address)
        await page.waitForSelector('main h1:visible, main h2:visible')
    }
    await shoot(page, 'english')
    await page.locator('nav').getByRole('button', { name: '中文' }).click()
    await page.getByRole('link', { name: '报警台' }).waitFor()
    must((await language()) === 'zh-CN', 'the language attribute does not follow back')
}

async function notThere(page) {
    await expecting(/status of 404/, async () => {
        await open(page, '/records/hazard/NOT-THERE')
        const link = page.getByRole('link', { name: '回到列表' })
        await link.waitFor()
        await shoot(page, 'not-there')
        await link.click()
        await page.waitForURL(/#\/records\/hazard$/)
    })
}

async function streams() {
    const text = await (await fetch(`${base}/metrics`)).text()
    return Number(/^anlan_stream_listeners (\d+)/m.exec(text)?.[1])
}

/** A browser has six connections to a host: with a stream in each, a seventh tab would wait for ever. */
async function sevenTabs(page, id) {
    await open(page, `/records/hazard/${id}`)
    await page.waitForSelector('.live.live')
    const before = await streams()
    const tabs = [page]
    while (tabs.length < 7) {
        const tab = await page.context().newPage()
        await open(tab, `/records/hazard/${id}`)
        await tab.waitForSelector('.live.live')
        tabs.push(tab)
    }
    must((await streams()) === before, `${await streams()} live streams instead of ${before}`)
    return tabs
}

async function seenByAll(tabs, id, place) {
    const path = `/api/records/hazard/${id}`
    const { version } = await call(tabs[0], 'GET', path)
    await call(tabs[0], 'PATCH', path, { place }, version)
    for (const tab of tabs) await tab.locator('.fields').getByText(place).waitFor()
}

async function dieAndComeBack(page, id) {
    const tabs = await sevenTabs(page, id)
    await seenByAll(tabs, id, '二号罐区南侧')
    await expecting(/ERR_|status of 50/, async () => {
        await control('kill')
        await page.waitForSelector('.banner')
        await shoot(page, 'lost')
        await control('start')
        await page.waitForSelector('.banner', { state: 'detached', timeout: 30_000 })
        for (const tab of tabs) await tab.waitForSelector('.live.live')
    })
    const [first, ...others] = tabs
    await seenByAll(tabs, id, '二号罐区西侧')
    await first.goto('about:blank') // the tab that opened the stream goes; the others keep it
    await seenByAll(others, id, '二号罐区北侧')
    for (const tab of others) await tab.close()
}

await run(async (browser) => {
    const people = await findPeople()
    const safety = await step('safety officer signs in', () => enter(browser, people.safety))
    const alarm = await step('shelves an alarm for two hours, with a reason', () => shelve(safety))
    await step('takes it off the shelf', () => unshelve(safety, alarm))
    await step('comments it; the value of now stands there', () => comment(safety, alarm))
    const inspector = await step('inspector signs in', () => enter(browser, people.inspector))
    await step('acknowledges a selection', () => acknowledgeSelection(inspector))
    const hazard = await step('creates a hazard from the form', () =>
        createHazard(inspector, people.operator.enterprise ?? '320412001'),
    )
    await step('an edit on a stale version is shown and mended', () => editStale(inspector, hazard))
    await step('English and back', () => english(inspector))
    await step('a record that is not there', () => notThere(inspector))
    if (answers) await step('the server dies and comes back', () => dieAndComeBack(inspector, hazard))
})
process.exit()
