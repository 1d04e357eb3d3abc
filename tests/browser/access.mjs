// Can everyone use it: axe on every page, wide and phone, light and dark; the keyboard alone; the language attribute.
import { findings } from './axe.mjs'
import { base, enter, findPeople, findRole, must, open, phone, run, step, visit, wide } from './people.mjs'

/** [name, address, what must stand there, what to click first]; ENTERPRISE and HAZARD are put in. */
const pages = [
    ['map', '/map', '.list li'],
    ['layers', '/map?layers=enterprise,alarm', '[data-act=layers]'],
    ['alarms', '/alarms?state=all', '.row'],
    ['by plant', '/alarms?state=all&by=plant', '.section'],
    ['trend', '/trend/ENTERPRISE?range=1h', '.readout'],
    ['wall', '/wall', '.wall .strip'],
    ['todo', '/todo', '.panel'],
    ['notices', '/todo?tab=notices', '.panel'],
    ['enterprises', '/enterprises', '.item'],
    ['enterprise', '/enterprise/ENTERPRISE', '[data-part=profile] dl'],
    ['points', '/enterprise/ENTERPRISE?tab=points', 'table.grid'],
    ['file', '/enterprise/ENTERPRISE?tab=file', '.file [data-pack]'],
    ['papers', '/enterprise/ENTERPRISE?tab=papers', '.page li, .page .box'],
    ['story', '/enterprise/ENTERPRISE?tab=story&machine=1', '.journal'],
    ['hazards', '/records/hazard', '.panel'],
    ['points', '/records/point?q=G-104', '.panel'],
    ['hazard-new', '/records/hazard/new', 'form'],
    ['more', '/more', '.registers li'],
    ['figures', '/figures', 'main .panel'],
    ['clocks', '/clocks', 'main .panel'],
    ['cases', '/records/enforcement_case', '.panel'],
    ['delegation-new', '/records/delegation/new', 'form'],
    ['password', '/password', 'form'],
    ['gateways', '/gateways', 'main .panel'],
    ['nothing', '/nowhere', 'main'],
]

/** The page as it stands, at both widths and in both looks. */
async function judge(page, name) {
    const found = []
    for (const [width, viewport] of [
        ['phone', phone],
        ['wide', wide],
    ]) {
        await page.setViewportSize(viewport)
        found.push(...(await findings(page, `${name}, ${width}`)))
    }
    return found
}

async function checkPages(page, enterprise) {
    const found = []
    for (const [name, address, landmark] of pages) {
        await open(page, address.replace('ENTERPRISE', enterprise))
        await page.waitForSelector(`${landmark}:visible`)
        found.push(...(await judge(page, name)))
    }
    await open(page, '/alarms?state=all')
    await page.locator('.row .title').first().click()
    await page.waitForSelector('.detail .figures')
    return [...found, ...(await judge(page, 'alarm'))]
}

/** The forms that lie over a page: a move with a refusal, an edit. */
async function checkForms(page) {
    const found = []
    const hazard = await page.evaluate(async () => {
        const answer = await fetch("/api/records/hazard?filter=state%3D'reported'&limit=1")
        return (await answer.json()).items[0]?.id
    })
    must(hazard, 'no reported hazard to open forms on')
    await open(page, `/records/hazard/${hazard}`)
    await page.waitForSelector('.page-head [data-state]')
    found.push(...(await judge(page, 'hazard')))
    await page.click('[data-move-button=assign]')
    await page.click('form[data-move=assign] [type=submit]')
    await page.waitForSelector('form[data-move=assign] .fault')
    found.push(...(await judge(page, 'move')))
    await page.keyboard.press('Escape')
    await page.waitForSelector('form[data-move=assign]', { state: 'detached' })
    await page.click('[data-act=edit]')
    await page.waitForSelector('form[data-form=edit]')
    return [...found, ...(await judge(page, 'edit'))]
}

/** The administrator's desk, tab by tab. */
async function checkAdmin(page) {
    const found = []
    for (const tab of ['state', 'users', 'devices', 'packs', 'reveals']) {
        await open(page, `/admin?tab=${tab}`)
        await page.locator(`[data-tab=${tab}].on`).waitFor()
        if (tab === 'users') await page.locator('[data-user]').first().waitFor()
        found.push(...(await judge(page, `admin ${tab}`)))
    }
    return found
}

/** What the public sees, without a log-in. */
async function checkPortal(page) {
    const found = []
    for (const [name, address, landmark] of [
        ['portal', '#/', '[data-report]'],
        ['portal report', '#/report/tip', '#f-title'],
        ['portal notices', '#/notices/enforcement_case', 'h1'],
    ]) {
        await page.goto('about:blank')
        await page.goto(`${base}/portal.html${address}`)
        await page.locator(landmark).first().waitFor()
        found.push(...(await judge(page, name)))
    }
    return found
}

/** A form with rows and the dialog of a move with a fault in a row: the permit. */
async function checkPermit(page) {
    await open(page, '/records/permit/new')
    const form = page.locator('form[data-form=create]')
    await form.locator('[data-field=workers] [data-act=add-row]').click()
    await form.locator('[data-field=measures] [data-act=add-row]').click()
    await form.locator('[type=submit]').click()
    await form.locator('.fault').first().waitFor()
    return judge(page, 'permit form')
}

async function checkShelf(page) {
    await open(page, '/alarms')
    const row = page.locator('.row[data-state=unacknowledged], .row[data-state=acknowledged]').first()
    await row.locator('.title').click()
    await page.click('.detail [data-act=shelve]')
    await page.waitForSelector('form[data-move=shelve]')
    return judge(page, 'shelve')
}

const focusIn = (page, selector) =>
    page.waitForFunction((s) => !!document.activeElement?.closest(s), selector)

/** From the log-in page to an alarm's form and back without a mouse; where the focus is can be seen. */
async function byKeyboard(browser, person) {
    const page = await visit(browser)
    await open(page, '/login')
    await page.focus('input[name=login]')
    await page.keyboard.type(person.login)
    await page.keyboard.press('Tab')
    await page.keyboard.type(person.password)
    await page.keyboard.press('Enter')
    await page.waitForSelector('nav')
    await open(page, '/alarms?state=all')
    await page.reload()
    await page.waitForSelector('.row')
    await page.keyboard.press('Tab')
    await focusIn(page, '.skip')
    await page.keyboard.press('Enter')
    await focusIn(page, 'main')

    await page.keyboard.press('j')
    await page.waitForSelector('.row.focused')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.detail .figures')
    await focusIn(page, '.detail')
    const comment = page.locator('.detail [data-act=comment]')
    for (let i = 0; i < 20 && !(await comment.evaluate((b) => b === document.activeElement)); i++)
        await page.keyboard.press('Tab')
    const outline = await comment.evaluate((b) => getComputedStyle(b).outlineStyle)
    must(outline === 'solid', 'the focus cannot be seen on a button')
    await page.keyboard.press('Enter')
    await page.waitForSelector('form[data-move=comment]')
    await focusIn(page, '.el-dialog')
    for (let i = 0; i < 8; i++) await page.keyboard.press('Tab')
    await focusIn(page, '.el-dialog') // it stays inside
    await page.keyboard.press('Escape')
    await page.waitForSelector('form[data-move=comment]', { state: 'detached' })
    await page.waitForFunction(() => document.activeElement?.dataset.act === 'comment')
    await page.keyboard.press('Escape')
    await page.waitForSelector('.detail', { state: 'detached' })
    await focusIn(page, '.row.focused')

    await page.click('.keys button') // letters off
    await page.keyboard.press('/')
    must(
        !(await page.evaluate(() => document.activeElement?.matches('.find'))),
        'letters still act when they are off',
    )
    await page.click('.keys button')
    return page
}

await run(async (browser) => {
    const people = await findPeople()
    const safety = await step('by keyboard alone', () => byKeyboard(browser, people.safety))
    const found = []
    const check = (what, work) => step(`axe: ${what}`, async () => found.push(...(await work())))
    await check('log-in', async () => {
        const door = await visit(browser)
        await open(door, '/login')
        await door.waitForSelector('[data-login]')
        return judge(door, 'login')
    })
    await check('shelf', () => checkShelf(safety))
    const inspector = await step('inspector signs in', () => enter(browser, people.inspector))
    await check('every page', () => checkPages(inspector, people.operator.enterprise ?? '320412001'))
    await check('forms', () => checkForms(inspector))
    await check('a form with rows', () => checkPermit(safety))
    await check('the administrator', async () => checkAdmin(await enter(browser, await findRole('admin'))))
    await check('the public portal', async () => checkPortal(await visit(browser)))
    must(found.length === 0, `axe found\n  ${found.join('\n  ')}`)
})
