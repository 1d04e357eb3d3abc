// Figures of the alarm system, and other limits of a point tried over what is stored; axe at both widths.
import { findings } from './axe.mjs'
import {
    enter,
    expecting,
    findPeople,
    must,
    open,
    phone,
    read,
    run,
    shoot,
    step,
    until,
    wide,
} from './people.mjs'

async function judge(page, name) {
    const found = []
    for (const [width, viewport] of [
        ['phone', phone],
        ['wide', wide],
    ]) {
        await page.setViewportSize(viewport)
        await shoot(page, `${name}-${width}`)
        found.push(...(await findings(page, `${name}, ${width}`)))
    }
    return found
}

/** A measured point of the plant with a value, and a high limit below what it measures. */
async function liveliest(page, enterprise) {
    const points = (await read(page, `/api/points?enterprise=${enterprise}`)).items
    const point = points.find(
        (p) => typeof p.value === 'number' && p.value > 1 && typeof p.limit_high === 'number',
    )
    must(point, 'no point with a value and a high limit')
    return point
}

await run(async (browser) => {
    const people = await findPeople()
    const page = await step('inspector signs in', () => enter(browser, people.inspector))
    const enterprise = people.operator.enterprise
    const found = []
    await step('figures by week', async () => {
        await open(page, '/kpis')
        await page.waitForSelector('[data-kpi=per_day] .num')
        must((await page.locator('tbody tr').count()) === 15, 'not all figures are there')
        found.push(...(await judge(page, 'kpis')))
    })
    await step('a limit below all values gives an alarm', async () => {
        const point = await liveliest(page, enterprise)
        await open(page, `/kpis/try/${encodeURIComponent(point.code)}?days=1`)
        await page.waitForSelector('input[name=limit_high]')
        await until(
            async () => (await page.inputValue('input[name=limit_high]')) === String(point.limit_high),
            'the limits of the record are not shown',
        )
        const history = await read(
            page,
            `/api/points/${encodeURIComponent(point.code)}/history?from=${Date.now() - 86_400_000}&step=86400`,
        )
        const low = Math.min(...history.items.map((s) => s[2])) - 1
        for (const name of ['limit_low_low', 'limit_low', 'limit_high_high', 'on_delay_s'])
            await page.fill(`input[name=${name}]`, '')
        await page.fill('input[name=limit_high]', String(low))
        await page.click('form.tried button[type=submit]')
        await page.waitForSelector('[data-counts] .tag')
        must((await page.locator('[data-side=now] .bars i').count()) > 0, 'no alarm as tried')
        found.push(...(await judge(page, 'try')))
    })
    await step('what cannot be is refused with its field', async () => {
        await page.fill('input[name=limit_high]', 'x')
        await expecting(/status of 400/, async () => {
            await page.click('form.tried button[type=submit]')
            await page.waitForSelector('.box.problem')
        })
    })
    must(found.length === 0, `axe found\n  ${found.join('\n  ')}`)
})
