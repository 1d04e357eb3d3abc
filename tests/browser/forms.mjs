// Fills forms drawn from types as a person does, whatever their fields are: by what stands beside an input, not by its place.
//   fillIn(form, {title: '…', enterprise: '安澜', level: '一级动火', urgent: true, workers: [{name: '…'}], photos: {name, mimeType, buffer}})
// A code or a reference is chosen by its text (of a list with branches: one text per level), a date is 2026-11-23, a time 2026-11-23 09:30:00.

const optionOf = (page, text) =>
    page.locator('.el-select-dropdown__item:visible', text ? { hasText: text } : undefined).first()

async function select(cell, texts) {
    const page = cell.page()
    for (const [level, text] of [texts].flat().entries()) {
        const input = cell.locator('.el-select input').nth(level)
        await input.click()
        const option = optionOf(page, text)
        await option.click()
        await option.waitFor({ state: 'hidden' })
    }
}

async function search(cell, text) {
    const page = cell.page()
    const input = cell.locator('.el-select input').first()
    await input.click()
    if (text) await input.fill(text)
    const option = optionOf(page, text)
    await option.click()
    await option.waitFor({ state: 'hidden' })
}

async function write(cell, value) {
    const input = cell.locator('input, textarea').first()
    await input.fill(String(value))
}

const put = {
    code: select,
    role: select,
    ref: search,
    region: search,
    async bool(cell, value) {
        const radio = cell.locator('label', { hasText: value ? '是' : '否' }).locator('input[type=radio]')
        if (await radio.count()) return radio.check()
        const input = cell.locator('input[type=checkbox]')
        if ((await input.isChecked()) !== value) await cell.locator('.el-switch__core').click()
    },
    async date(cell, value) {
        await write(cell, value)
        await cell.locator('input').press('Enter')
    },
    async point(cell, { lon, lat }) {
        await cell.locator('input').nth(0).fill(String(lon))
        await cell.locator('input').nth(1).fill(String(lat))
    },
    async file(cell, files) {
        await cell.locator('input[type=file]').first().setInputFiles(files)
        await cell.locator('.files li').first().waitFor()
    },
    async duration(cell, [days, hours, minutes]) {
        for (const [i, n] of [days, hours, minutes].entries())
            if (n) await cell.locator('input').nth(i).fill(String(n))
    },
    async rows(cell, rows) {
        for (const [i, row] of rows.entries()) {
            const line = cell.locator(`[data-row="${i}"]`)
            if (!(await line.count())) await cell.locator('[data-act=add-row]').click()
            for (const [name, value] of Object.entries(row))
                await putInto(line.locator(`[data-cell="${name}"]`), value)
        }
    },
}
put.time = put.date

async function putInto(cell, value) {
    await cell.waitFor()
    const kind = await cell.getAttribute('data-kind')
    await (put[kind] ?? write)(cell, value)
}

/** Gives each field its value; opens the folded part when a field is in it. */
export async function fillIn(form, fields) {
    await form.waitFor()
    for (const [name, value] of Object.entries(fields)) {
        const row = form.locator(`[data-field="${name}"]`)
        if (name === 'comment') {
            await form.locator('#f-comment').fill(value)
            continue
        }
        const fold = form.locator('.fold[aria-expanded=false]')
        if (!(await row.count()) && (await fold.count())) await fold.click()
        await putInto(row, value)
    }
}

export const submit = (form) => form.locator('[type=submit]').click()

/** Opens a new record of the type by its address (null: it is open), fills it and saves; resolves to its id when its page is there. */
export async function createRecord(page, address, fields) {
    if (address) await page.goto(`${page.url().split('#')[0]}#${address}`)
    const form = page.locator('form[data-form=create]')
    await fillIn(form, fields)
    await submit(form)
    return idAfter(page, form)
}

/** The id in the address once the form is gone. */
export async function idAfter(page, form) {
    await form.waitFor({ state: 'detached' })
    await page.waitForSelector('.page-head h1')
    return decodeURIComponent(/records\/[a-z0-9_]+\/([^?/]+)$/.exec(page.url())?.[1] ?? '')
}

/** Makes a move of the open record through its dialog, which must close. */
export async function makeMove(page, move, fields = {}) {
    const form = await openMove(page, move, fields)
    await submit(form)
    await form.waitFor({ state: 'detached' })
}

/** Opens the dialog of a move and fills it; the form is still to be sent. */
export async function openMove(page, move, fields = {}) {
    await page.click(`[data-move-button="${move}"]`)
    const form = page.locator(`form[data-move="${move}"]`)
    await fillIn(form, fields)
    return form
}
