// A danger reported by anybody: a guest with a phone and a photo, no name; the keeper accepts and hands over, the inspector finds it true, it
// becomes a hazard, the leader signs, the keeper answers, and the guest reads the answer by the code of his receipt.
import { makeMove } from './forms.mjs'
import {
    base,
    enter,
    findRole,
    inState,
    inTime,
    must,
    open,
    phone,
    read,
    run,
    shoot,
    step,
    until,
    visit,
} from './people.mjs'

const what = `安全出口被锁（${inTime(0).slice(11)}）`
const answer = '已核实，安全出口当日打开，正在整改。'

/** A picture as a phone would take it. */
const photo = async (page) => {
    const data = await page.evaluate(() => {
        const canvas = document.createElement('canvas')
        ;[canvas.width, canvas.height] = [800, 600]
        const paint = canvas.getContext('2d')
        paint.fillStyle = '#35607f'
        paint.fillRect(0, 0, 800, 600)
        paint.fillStyle = '#e8b24a'
        paint.fillRect(300, 120, 200, 400)
        return canvas.toDataURL('image/jpeg', 0.8).split(',')[1]
    })
    return { name: '现场.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(data, 'base64') }
}

async function report(page) {
    await page.goto(`${base}/portal.html`)
    await shoot(page, 'portal')
    await page.click('[data-report=tip]')
    await page.fill('#f-title', what)
    await page.selectOption('#f-kind', 'hazard')
    await page.fill('#f-description', '二楼车间东侧安全出口上锁，夜班三十人。')
    const region = page.locator('.field', { has: page.locator('#f-region') })
    for (const name of ['常州', '武进']) {
        const select = region.locator('select').last()
        await until(
            async () => (await select.locator('option', { hasText: name }).count()) > 0,
            `no division ${name}`,
        )
        await select.selectOption({
            label: (await select.locator('option', { hasText: name }).first().textContent()).trim(),
        })
    }
    await page.fill('#f-place', '某路 8 号二楼')
    await page.setInputFiles('#f-photos', await photo(page))
    await page.locator('.photos img').waitFor()
    await shoot(page, 'report')
    await page.click('form [type=submit]')
    const code = (await page.locator('[data-receipt]').textContent()).trim()
    await shoot(page, 'receipt')
    return code
}

async function follow(page, code) {
    await page.goto(`${base}/portal.html`)
    await page.fill('#follow-code', code)
    await page.press('#follow-code', 'Enter')
    await page.locator('[data-state]').waitFor()
}

async function fromTodo(page, text) {
    await open(page, '/todo')
    await page.locator('.item[data-type=tip]', { hasText: text }).click()
    await page.waitForSelector('.page-head h1')
}

await run(async (browser) => {
    const guest = await visit(browser, phone)
    const code = await step('a guest reports with a photo and no name', () => report(guest))
    const keeper = await enter(browser, await findRole('county_tips'))
    const inspector = await enter(browser, await findRole('county_inspector'), phone)
    const leader = await enter(browser, await findRole('county_leader'))
    const id = await step('the keeper accepts and hands over', async () => {
        await fromTodo(keeper, what)
        await keeper.locator('[data-value=photos] img').waitFor()
        await shoot(keeper, 'filed')
        await makeMove(keeper, 'accept', { subject: '安澜' })
        await makeMove(keeper, 'transfer', { transfer_to: '应急部门监管科室' })
        await inState(keeper, 'verifying')
        return must(/records\/tip\/([^?]+)/.exec(keeper.url())?.[1], 'the tip is not in the address')
    })
    const hazard = await step('the inspector, on a phone, finds it true: a hazard', async () => {
        await fromTodo(inspector, what)
        await makeMove(inspector, 'find_true', {
            finding: '属实',
            report: '安全出口确已上锁，现场责令打开。',
            verifiers: '甲、乙',
        })
        await inState(inspector, 'handling')
        await shoot(inspector, 'true')
        const tip = await read(inspector, `/api/records/tip/${id}`)
        await makeMove(inspector, 'finish', { result: '责令改正，转隐患跟踪整改' })
        return must(tip.hazard, 'no hazard was raised')
    })
    await step('the leader signs, the keeper answers', async () => {
        await fromTodo(leader, what)
        await makeMove(leader, 'sign')
        await inState(keeper, 'to_answer')
        await makeMove(keeper, 'answer', { feedback: answer })
        await inState(keeper, 'answered')
        await shoot(keeper, 'answered')
    })
    await step('the guest reads the answer by his receipt', async () => {
        await follow(guest, code)
        await guest.locator('[data-shows=feedback]', { hasText: answer }).waitFor()
        await shoot(guest, 'answer')
    })
    await step('the hazard stands in the register; who reported is nowhere', async () => {
        await open(inspector, `/records/hazard/${hazard}`)
        await inState(inspector, 'reported')
        const { items } = await read(keeper, `/api/records/tip/${id}/journal`)
        must(
            items[0].actor === 'guest' && !items[0].actor_name?.includes('127'),
            JSON.stringify(items[0]).slice(0, 200),
        )
    })
})
