// Lists and forms that draw themselves: a record with rows and money, a record with a picture, a draft that outlives the page, a sheet
// imported, a list saved as a view, a sealed value revealed. Needs the packs of tests/packs/kinds and tests/packs/sealed beside ours.
import {
    base,
    choose,
    enter,
    expecting,
    findPeople,
    must,
    open,
    phone,
    run,
    shoot,
    step,
    until,
} from './people.mjs'

const title = `检修核查 ${Date.now() % 100000}`
const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
)

const read = (page, path) =>
    page.evaluate(async (path) => {
        const answer = await fetch(path)
        if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
        return answer.json()
    }, path)
const idOf = (page) => decodeURIComponent(page.url().split('/').pop().split('?')[0])
const saved = (page) => page.waitForURL(/#\/records\/\w+\/(?!new)[^/]+$/)

async function createWithRows(page) {
    await open(page, '/records/survey/new')
    await page.fill('#f-title', title)
    await choose(page, 'enterprise', null, '安澜')
    await page.fill('#f-cost', '12000.5')
    await page.locator('#f-span').fill('1')
    await page.locator('#f-span').blur()
    await page.click('[data-act=add-row]')
    await page.click('[data-act=add-row]')
    const cell = (row, name) => page.locator(`[data-row="${row}"] [data-cell=${name}] input`)
    await cell(0, 'what').fill('阀门')
    await cell(0, 'amount').fill('2000')
    await cell(1, 'amount').fill('5')
    await page.click('[type=submit]')
    // What is missing stands in its cell: the reason for so much money, and the name of the second row.
    await page.locator('[data-row="0"] [data-cell=why] .fault').waitFor()
    await page.locator('[data-row="1"] [data-cell=what] .fault').waitFor()
    await shoot(page, 'rows')
    await cell(0, 'why').fill('停产检修')
    await cell(1, 'what').fill('垫片')
    await page.click('[type=submit]')
    await saved(page)
    const record = await read(page, `/api/records/survey/${idOf(page)}`)
    must(record.cost === 12000.5, `the cost is ${record.cost}`)
    must(record.items.length === 2, `${record.items.length} rows`)
    must(record.items[0].why === '停产检修' && record.items[1].amount === 5, JSON.stringify(record.items))
    await page.locator('[data-value=items] td', { hasText: '¥ 2,000.00' }).waitFor()
    return record.id
}

/** Rows differ in the history by what was changed in them. */
async function editRows(page, id) {
    await open(page, `/records/survey/${id}?edit=1`)
    const form = page.locator('form[data-form=edit]')
    await form.locator('[data-row="1"] [data-cell=amount] input').fill('8')
    await form.locator('[type=submit]').click()
    await page.locator('.journal li').first().locator('text=¥ 8.00').waitFor()
    const { items } = await read(page, `/api/records/survey/${id}`)
    must(items[1].amount === 8 && items[0].amount === 2000, JSON.stringify(items))
    await shoot(page, 'row-diff')
}

async function refusedInRow(page, id) {
    await open(page, `/records/survey/${id}?edit=1`)
    const form = page.locator('form[data-form=edit]')
    await form.locator('[data-row="1"] [data-cell=amount] input').fill('-1')
    await expecting(/422/, async () => {
        await form.locator('[type=submit]').click()
        await form.locator('[data-row="1"] [data-cell=amount] .fault').waitFor()
    })
    await form.locator('text=取消').click()
}

/** An area is drawn corner by corner; one that crosses itself is refused with the place; it is shown, and found by its box. */
async function drawArea(page) {
    await open(page, '/records/survey/new')
    await page.fill('#f-title', `${title} 范围`)
    await choose(page, 'enterprise', null, '安澜')
    await page.click('#f-zone')
    await page.locator('.place .canvas canvas').first().waitFor()
    const draw = async (corners) => {
        await page.locator('.place .bar .btn').first().click()
        const box = await page.locator('.place .canvas').boundingBox()
        for (const [x, y] of [...corners, corners[0]]) {
            await page.mouse.click(box.x + box.width / 2 + x, box.y + box.height / 2 + y)
            await page.waitForTimeout(400) // two clicks at once would be a double click
        }
        await page.locator('.place .pair', { hasText: `${corners.length}` }).waitFor()
    }
    await page.locator('.place .canvas').scrollIntoViewIfNeeded()
    await draw([
        [-50, -40],
        [50, 40],
        [50, -40],
        [-50, 40],
    ])
    await expecting(/422/, async () => {
        await page.click('[type=submit]')
        await page.locator('.fault', { hasText: '自相交' }).first().waitFor()
    })
    await page.locator('.place .bar .btn').last().click()
    await draw([
        [-50, -40],
        [50, -40],
        [50, 40],
        [-50, 40],
    ])
    await shoot(page, 'area-draw')
    await page.click('[type=submit]')
    await saved(page)
    const record = await read(page, `/api/records/survey/${idOf(page)}`)
    const [ring] = record.zone.coordinates
    must(record.zone.type === 'Polygon' && ring.length === 5, JSON.stringify(record.zone))
    await page.locator('[data-value=zone]', { hasText: 'km²' }).waitFor()
    await shoot(page, 'area')
    const lons = ring.map(([lon]) => lon)
    const lats = ring.map(([, lat]) => lat)
    const inside = [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)].join()
    const found = await read(page, `/api/records/survey?bbox=${inside}`)
    must(
        found.items.some(({ id }) => id === record.id),
        'the box does not find it',
    )
    const beside = await read(page, '/api/records/survey?bbox=0,0,1,1')
    must(beside.items.length === 0, 'a box far away finds something')
}

async function createWithPicture(page) {
    await open(page, '/records/hazard/new')
    await page.fill('#f-title', `${title} 隐患`)
    await choose(page, 'enterprise', null, '安澜')
    await choose(page, 'source', '执法检查')
    await choose(page, 'grade', '一般隐患')
    await page.setInputFiles('input#f-photos', { name: '现场 1.png', mimeType: 'image/png', buffer: png })
    await page.locator('.files img').waitFor()
    await page.click('[type=submit]')
    await saved(page)
    const { photos } = await read(page, `/api/records/hazard/${idOf(page)}`)
    must(photos?.[0]?.name === '现场 1.png', `the picture is ${JSON.stringify(photos)}`)
    await page.locator('[data-value=photos] img').waitFor()
    await shoot(page, 'picture')
}

async function draftOutlivesThePage(page) {
    await open(page, '/records/survey/new')
    await page.fill('#f-title', '没写完')
    await page.goto('about:blank')
    await open(page, '/records/survey/new')
    await page.waitForSelector('[data-act=discard-draft]')
    must((await page.inputValue('#f-title')) === '没写完', 'the draft is not there')
    await page.click('[data-act=discard-draft]')
    must((await page.inputValue('#f-title')) === '', 'the draft was not discarded')
}

const sheet = (...rows) => Buffer.from(['隐患名称,所属企业,来源,等级', ...rows].join('\n'))
async function importSheet(page, enterprise) {
    await open(page, '/records/hazard')
    await page.click('[data-menu=export] summary')
    await page.click('[data-act=import]')
    const form = page.locator('[data-form=import]')
    const choose = (buffer) =>
        form.locator('[name=sheet]').setInputFiles({ name: 'hazards.csv', mimeType: 'text/csv', buffer })
    const good = `${title} 导入,${enterprise},执法检查,一般隐患`
    await choose(sheet(good, `x,${enterprise},没有的来源,一般隐患`))
    await form.locator('[data-fault]').waitFor()
    must(
        (await form.locator('[data-fault] td').first().textContent()).trim() === '3',
        'the fault is in row 3',
    )
    must(await form.locator('[data-act=take]').isDisabled(), 'a sheet with faults can be taken')
    await shoot(page, 'import')
    await choose(sheet(good))
    await form.locator('.sum.good').waitFor()
    await form.locator('[data-act=take]').click()
    await form.waitFor({ state: 'detached' })
    await page.fill('.find[type=search]', `${title} 导入`)
    await page.locator('tbody tr', { hasText: `${title} 导入` }).waitFor()
}

async function saveView(page) {
    await open(page, '/records/hazard')
    await page.selectOption('select[name=grade]', 'major')
    await page.waitForURL(/grade=major/)
    await page.click('[data-menu=columns] summary')
    await page.check('[name=col-owner]')
    await page.waitForURL(/cols=/)
    await page.click('[data-act=save-view]')
    await page.fill('[data-form=view] input', '重大隐患')
    await page.click('[data-form=view] [type=submit]')
    await page.locator('.view', { hasText: '重大隐患' }).waitFor() // the server has it
    await open(page, '/records/hazard')
    await page.waitForURL((url) => !url.hash.includes('grade'))
    await page.click('.view button >> text=重大隐患')
    await page.waitForURL(/grade=major/)
    await page.locator('th', { hasText: '整改责任人' }).waitFor()
    await shoot(page, 'view')
}

async function reveal(inspector, keeper) {
    await open(inspector, '/records/whisper/new')
    await inspector.fill('#f-title', `${title} 线索`)
    await choose(inspector, 'enterprise', null, '安澜')
    await inspector.fill('#f-reporter', '张三')
    await inspector.click('[type=submit]')
    await inspector.waitForSelector('[data-receipt]')
    await inspector.click('[data-receipt] .primary')
    await saved(inspector)
    await inspector.waitForSelector('[data-sealed=reporter]')
    must((await inspector.locator('[data-act=reveal]').count()) === 0, 'somebody else may reveal')
    const id = idOf(inspector)

    await open(keeper, `/records/whisper/${id}`)
    await keeper.click('[data-sealed=reporter] [data-act=reveal]')
    await keeper.fill('[data-sealed=reporter] [name=reason]', '核实线索')
    await keeper.click('[data-sealed=reporter] [type=submit]')
    const shown = await keeper.locator('[data-sealed=reporter] [data-revealed]').textContent()
    must(shown.includes('张三'), `revealed: ${shown}`)
    await shoot(keeper, 'revealed')
    const { items } = await read(keeper, `/api/records/whisper/${id}/journal`)
    must(
        items.some((entry) => entry.action === 'reveal:reporter' && entry.comment === '核实线索'),
        'the journal does not have the reason',
    )
}

async function fitsOnAPhone(page, address) {
    await open(page, address)
    await page.waitForSelector('h1')
    const wide = await until(
        () => page.evaluate(() => ({ over: document.documentElement.scrollWidth - innerWidth })),
        'the page is there',
    )
    must(wide.over <= 0, `${address} is ${wide.over} px too wide`)
}

run(async (browser) => {
    const { inspector: person, operator } = await findPeople()
    const { logins } = await (await fetch(`${base}/api/demo`)).json()
    const officer = must(
        logins.find((login) => login.role === 'county_tips'),
        'no demo login with the role county_tips',
    )
    const inspector = await enter(browser, person)
    await step('an area is drawn', () => drawArea(inspector))
    const id = await step('a record with rows and money', () => createWithRows(inspector))
    await step('a change of a row', () => editRows(inspector, id))
    await step('a refusal inside a row', () => refusedInRow(inspector, id))
    await step('a record with a picture', () => createWithPicture(inspector))
    await step('a draft outlives the page', () => draftOutlivesThePage(inspector))
    await step('a sheet with a fault, then without', () => importSheet(inspector, operator.enterprise))
    await step('a view is saved', () => saveView(inspector))
    const keeper = await enter(browser, officer)
    await step('a sealed value is revealed with a reason', () => reveal(inspector, keeper))
    const small = await enter(browser, person, phone)
    for (const address of [
        '/records/survey/new',
        `/records/survey/${id}`,
        '/records/hazard',
        '/more',
        '/todo',
    ])
        await step(`${address} on a phone`, () => fitsOnAPhone(small, address))
})
