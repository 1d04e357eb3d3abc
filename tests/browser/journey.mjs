// Walks the main story through the real pages of a running server, as four people would:
//   the operator acknowledges an alarm; the county inspector makes it a hazard and orders its rectification with owner and date;
//   the enterprise's safety officer submits; the inspector passes the check and strikes it off; all pages once at phone width.
// BASE_URL=http://127.0.0.1:8080 [SHOTS=dir] node tests/browser/journey.mjs
// Needs the demo logins (GET /api/demo), an alarm that waits at the operator's enterprise (or comes within ALARM_WAIT_S, 60), and
// `npm ci` in web/. Any step that fails ends the run with a message and exit code 1, and so does any console error.
import {
    enter,
    expecting,
    findPeople,
    inDays,
    inState,
    make,
    must,
    open,
    phone,
    run,
    shoot,
    step,
} from './people.mjs'

const alarmWaitMs = Number(process.env.ALARM_WAIT_S ?? 60) * 1000

async function acknowledgeOne(page) {
    await open(page, '/alarms')
    const button = page.locator('.row [data-act=acknowledge]').first()
    await button.waitFor({ timeout: alarmWaitMs }).catch(() => {
        throw new Error(`no alarm waited for acknowledgement within ${alarmWaitMs / 1000} s`)
    })
    await shoot(page, 'desk')
    await page.locator('.row:has([data-act=acknowledge]) .title').first().click()
    await page.waitForSelector('.detail [data-act=acknowledge]')
    const id = must(/open=([^&]+)/.exec(page.url())?.[1], 'the open alarm is not in the address')
    await page.waitForSelector('.detail canvas, .detail .note')
    await shoot(page, 'alarm')
    await page.click('.detail [data-act=acknowledge]')
    await page.waitForSelector('.detail [data-act=acknowledge]', { state: 'detached' })
    await shoot(page, 'acknowledged')
    return decodeURIComponent(id)
}

async function makeHazard(page, alarmId) {
    await open(page, `/alarms?state=all&open=${encodeURIComponent(alarmId)}`)
    await page.waitForSelector('.detail .figures')
    const make = page.locator('.detail [data-act=to_hazard]')
    const link = page.locator('.detail [data-act=hazard-link]')
    await make.or(link).first().waitFor()
    must(await make.isVisible(), 'the alarm has a hazard already; take a fresh demo database')
    await make.click()
    await link.click()
    await inState(page, 'reported')
    await shoot(page, 'hazard-reported')
    return must(/records\/hazard\/([^?]+)/.exec(page.url())?.[1], 'the hazard is not in the address')
}

async function openFromTodo(page, hazardId) {
    await open(page, '/todo')
    const item = page.locator(`.item[data-type=hazard][data-id="${hazardId}"]`)
    await item.waitFor()
    await shoot(page, 'todo')
    await item.click()
}

async function checkPhone(browser, person, enterprise) {
    const page = await enter(browser, person, phone)
    const pages = [
        ['map', '/map', '.list li'],
        ['alarms', '/alarms?state=all', '.row'],
        ['todo', '/todo', '.panel'],
        ['enterprises', '/enterprises', '.item'],
        ['enterprise', `/enterprise/${encodeURIComponent(enterprise)}`, '[data-part=profile] dl'],
        ['points', `/enterprise/${encodeURIComponent(enterprise)}?tab=points`, 'table.grid'],
        ['file', `/enterprise/${encodeURIComponent(enterprise)}?tab=file`, '.file [data-pack]'],
        ['story', `/enterprise/${encodeURIComponent(enterprise)}?tab=story&machine=1`, '.journal'],
        ['hazards', '/records/hazard', '.card'],
        ['hazard-new', '/records/hazard/new', 'form'],
        ['more', '/more', '.registers li'],
    ]
    for (const [name, address, landmark] of pages) {
        await open(page, address)
        await page.waitForSelector(`${landmark}:visible`).catch(() => {
            throw new Error(`phone: ${address} never showed ${landmark}`)
        })
        const box = await page.evaluate(() => ({
            page: document.documentElement.scrollWidth,
            main: document.querySelector('main').scrollWidth,
            screen: innerWidth,
            bar: document.querySelector('nav').getBoundingClientRect().bottom,
            height: innerHeight,
        }))
        await shoot(page, `phone-${name}`)
        must(
            box.page <= box.screen && box.main <= box.screen,
            `phone: ${address} is wider than the screen (${box.main} > ${box.screen})`,
        )
        must(Math.abs(box.bar - box.height) <= 1, `phone: ${address} has no bar at the bottom`)
    }
    await page.context().close()
}

async function journey(browser) {
    const people = await step('demo logins', findPeople)
    const operator = await step('operator signs in', () => enter(browser, people.operator))
    const alarmId = await step('operator acknowledges an alarm', () => acknowledgeOne(operator))
    const enterprise = await operator.evaluate(
        async (id) => (await (await fetch(`/api/records/alarm/${encodeURIComponent(id)}`)).json()).enterprise,
        alarmId,
    )

    const inspector = await step('inspector signs in', () => enter(browser, people.inspector))
    await inspector.waitForSelector('.list li')
    await shoot(inspector, 'map')
    const hazardId = await step('inspector makes it a hazard', () => makeHazard(inspector, alarmId))
    await step('a due date in the past is refused at its field', async () => {
        await expecting(/status of 422/, async () => {
            await make(inspector, 'assign', { owner: '王安', due: inDays(-1) })
            await inspector.waitForSelector('form[data-move=assign] [data-field=due] .fault')
        })
        await shoot(inspector, 'refused')
        await inspector.locator('form[data-move=assign] .actions [type=button]').click()
        await inspector.waitForSelector('form[data-move=assign]', { state: 'hidden' })
    })
    await step('inspector orders rectification', async () => {
        await make(inspector, 'assign', { owner: '王安', due: inDays(5) })
        await inState(inspector, 'rectifying')
        await shoot(inspector, 'rectifying')
    })

    const safety = await step('safety officer signs in', () => enter(browser, people.safety))
    await step('safety officer finds it in the to-do and submits', async () => {
        await openFromTodo(safety, hazardId)
        await inState(safety, 'rectifying')
        await make(safety, 'submit', { rectified: '已更换密封件并复测，数值恢复正常。' })
        await inState(safety, 'to_accept')
        await shoot(safety, 'submitted')
    })
    await step('the inspector’s open page follows live', () => inState(inspector, 'to_accept'))
    await step('inspector passes the check', async () => {
        await openFromTodo(inspector, hazardId)
        await make(inspector, 'accept', { opinion: '现场复查合格。' })
        await inState(inspector, 'accepted')
    })
    await step('inspector strikes it off', async () => {
        await make(inspector, 'close', {})
        await inState(inspector, 'closed')
        await shoot(inspector, 'closed')
    })
    await step('phone width', () => checkPhone(browser, people.inspector, enterprise))
}

await run(async (browser) => {
    await journey(browser)
    console.log('the journey is complete')
})
