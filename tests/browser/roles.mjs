// The desks that the other stories do not sit at: a grid worker on a phone, an accident in its first hour (spot, head of the unit, county, city),
// the view of a city and of the province, the administrator.
import { createRecord, makeMove } from './forms.mjs'
import {
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
} from './people.mjs'

const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
)
const stamp = inTime(0).slice(11)

async function gridWorker(browser) {
    const page = await enter(browser, await findRole('grid_worker'), phone)
    const inspector = await enter(browser, await findRole('county_inspector'))
    await open(page, '/more')
    await page.click('[data-new=hazard]')
    const title = `沿街店铺气瓶放在室内（${stamp}）`
    const id = await createRecord(page, null, {
        title,
        enterprise: '安澜',
        source: '网格巡查',
        grade: '一般隐患',
        photos: { name: '现场.png', mimeType: 'image/png', buffer: png },
    })
    await inState(page, 'reported')
    await page.locator('[data-value=photos] img').waitFor()
    await shoot(page, 'grid')
    await open(inspector, '/todo')
    await inspector.locator(`.item[data-id="${id}"]`, { hasText: title }).click()
    await makeMove(inspector, 'assign', { owner: '店主', due: inTime(5 * 24 * 60).slice(0, 10) })
    await inState(page, 'rectifying') // what he reported is at work: seen on the phone without asking
    await page.context().close()
    await inspector.context().close()
}

async function accident(browser) {
    const operator = await findRole('enterprise_operator')
    const spot = await enter(browser, operator, phone)
    await open(spot, '/more')
    await spot.click('[data-new=accident]')
    const title = `二号泵房闪爆（${stamp}）`
    const id = await createRecord(spot, null, {
        title,
        occurred_at: inTime(-20),
        informed_at: inTime(-15),
        sector: ['工矿商贸', '化工和危险化学品'],
        course: '检修时闪爆，火已扑灭',
    })
    const head = await enter(browser, await findRole('enterprise_head', operator.enterprise))
    await open(head, '/todo')
    await head.click(`.item[data-type=accident][data-id="${id}"]`)
    await inState(head, 'noticed')
    await head.locator('.clocks', { hasText: '依据' }).waitFor()
    await shoot(head, 'hour')
    await makeMove(head, 'report', { deaths: 0, serious: 1, measures: '已停车、疏散，伤员送医' })
    const duty = await enter(browser, await findRole('county_duty'))
    await open(duty, '/todo')
    await duty.click(`.item[data-type=accident][data-id="${id}"]`)
    await inState(duty, 'responding')
    await duty.locator('[data-part=documents] a', { hasText: '快报' }).waitFor()
    await makeMove(duty, 'forward_city')
    await shoot(duty, 'forwarded')
    const record = await read(duty, `/api/records/accident/${id}`)
    must(record.unit_late === false, 'reported 20 minutes after it happened and yet late')
    must(
        record.grade_basis === 'lower_bound',
        `who is missing is unknown, the grade is ${record.grade_basis}`,
    )
    const city = await enter(browser, await findRole('city_duty'))
    await open(city, '/todo?tab=notices')
    await city.locator('.notice', { hasText: title }).first().waitFor()
    await shoot(city, 'city-notices')
    await open(city, `/records/accident/${id}`)
    await inState(city, 'responding')
    for (const page of [spot, head, duty]) await page.context().close()
    return city
}

/** From the city to a county to a plant, then the figures and the clocks. */
async function lookFromAbove(city) {
    await open(city, '/map')
    await city.locator('.list li').first().waitFor()
    await shoot(city, 'city')
    await city.locator('.list a').first().click()
    await city.waitForURL(/#\/map\/\d{6}/)
    await city.locator('.list li').first().waitFor()
    await city.locator('.list a[href*="/enterprise/"]').first().click()
    await city.waitForURL(/#\/enterprise\//)
    await open(city, '/figures')
    await city.locator('[data-figure], main table tr, main .panel li').first().waitFor()
    await shoot(city, 'figures')
    await open(city, '/clocks')
    await city.locator('main table tr, main .panel li').first().waitFor()
    await shoot(city, 'clocks')
}

async function province(browser) {
    const page = await enter(browser, await findRole('province_duty'))
    await page.locator('.list li').first().waitFor()
    await shoot(page, 'province')
    await open(page, '/wall')
    await page.locator('.wall .map path').first().waitFor({ state: 'attached' })
    await page.locator('.wall .strip').waitFor()
    await page.locator('.wall .clocks li, .wall .clocks .calm').first().waitFor()
    await shoot(page, 'wall')
    await page.context().close()
}

async function administrator(browser) {
    const page = await enter(browser, await findRole('admin'))
    await open(page, '/admin')
    for (const tab of ['state', 'users', 'devices', 'packs', 'reveals']) {
        await page.click(`[data-tab=${tab}]`)
        await page.locator(`[data-tab=${tab}].on`).waitFor()
        if (tab === 'users') await page.locator('[data-user]').first().waitFor()
        await shoot(page, `admin-${tab}`)
    }
    await page.click('[data-tab=users]')
    await page.fill('.find', 'rescue')
    await page.press('.find', 'Enter')
    const row = page.locator('[data-user=rescue]')
    await until(async () => (await page.locator('[data-user]').count()) === 1, 'one person is found')
    page.once('dialog', (dialog) => dialog.accept())
    await row.locator('[data-act=reset]').click()
    const secret = (await page.locator('[data-secret]').textContent()).trim()
    must(secret.length >= 8, 'no password for one log-in is shown')
    await page.context().close()
}

await run(async (browser) => {
    await step('a grid worker reports with a phone; it is at work', () => gridWorker(browser))
    const city = await step('an accident within the hour: spot, unit, county, city', () => accident(browser))
    await step('from the city to a plant, figures, clocks', () => lookFromAbove(city))
    await step('the province and its wall', () => province(browser))
    await step('the administrator', () => administrator(browser))
})
