// From an inspection to the archive: the officer writes the scheme, the leader approves it, two officers enter, record what they found, order it
// put right and ask for a case; the leader files it, the enterprise signs for the notice with its own eyes on it and defends itself, legal
// review, discussion, decision, service, payment, closing, archive; what was published the public can read.
import { createRecord, fillIn, makeMove, openMove, submit } from './forms.mjs'
import {
    base,
    enter,
    expecting,
    findRole,
    inDays,
    inState,
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

const today = () => inDays(0)

async function inspect(officer, leader, enterprise) {
    await open(officer, '/more')
    await officer.click('[data-new=inspection]')
    const id = await createRecord(officer, null, {
        enterprise,
        kind: '举报核查',
        scheduled_on: today(),
        content: '储罐区可燃气体报警系统',
        officer_1: '执法员甲',
        officer_2: '执法员乙',
    })
    await shoot(officer, 'scheme')
    await fromTodo(leader, 'inspection', id)
    await makeMove(leader, 'approve')
    await inState(officer, 'approved') // seen without reloading
    const entering = await openMove(officer, 'enter', { shown: false })
    await expecting(/422/, async () => {
        await submit(entering)
        await entering.locator('.fault', { hasText: '出示' }).waitFor()
    })
    await shoot(officer, 'not-shown')
    await fillIn(entering, { shown: true })
    await submit(entering)
    await entering.waitFor({ state: 'detached' })
    await makeMove(officer, 'record', {
        site_leader: '陈主任',
        spot: '储罐区',
        items: [
            { what: '可燃气体探测器', result: '不符合', note: '两台停用未办手续' },
            { what: '应急器材', result: '符合' },
        ],
        findings: '两台可燃气体探测器停用，无审批记录',
        problems: 1,
    })
    await shoot(officer, 'recorded')
    await makeMove(officer, 'order', { demands: '恢复探测器并检定', rectify_by: inDays(10) })
    await makeMove(officer, 'open_case')
    await makeMove(officer, 'conclude')
    await inState(officer, 'concluded')
    const { case: made, order } = await read(officer, `/api/records/inspection/${id}`)
    must(order, 'no order was raised')
    return must(made, 'no case was raised')
}

async function fromTodo(page, type, id) {
    await open(page, '/todo')
    await page.click(`.item[data-type=${type}][data-id="${id}"]`)
    await page.waitForSelector('.page-head h1')
}

async function investigate(officer, leader, id) {
    await fromTodo(leader, 'enforcement_case', id)
    await makeMove(leader, 'file', { filing_opinion: '同意立案' })
    await fromTodo(officer, 'enforcement_case', id)
    await inState(officer, 'investigating')
    await officer.click('[data-new=case_paper]') // what may follow: the case and the enterprise are filled in
    const form = officer.locator('form[data-form=create]')
    await form.locator('[data-field=enforcement_case]', { hasText: '涉嫌安全生产违法' }).waitFor()
    await shoot(officer, 'paper')
    await createRecord(officer, null, {
        kind: '询问通知书',
        person: '陈主任',
        content: '请于三日内到场接受询问',
        officer_1: '执法员甲',
        officer_2: '执法员乙',
    })
    await makeMove(officer, 'submit')
    await open(officer, `/records/enforcement_case/${id}`)
    await makeMove(officer, 'report', {
        report: '当事人停用两台可燃气体探测器，未办理审批手续。',
        evidence_list: '询问笔录一份、现场照片四张',
        act: '设备、警示标志、监控报警不合规定',
        tier: '一般情形',
        basis: '安全生产法第三十六条、第九十九条',
        complex: true,
    })
    await inState(officer, 'reported')
}

async function notify(officer, head, id) {
    const form = await openMove(officer, 'notify', { fine: 60000 })
    await expecting(/422/, async () => {
        await submit(form)
        await form.locator('[data-field=fine] .fault', { hasText: '上限' }).waitFor()
    })
    await shoot(officer, 'too-high')
    await form.locator('#f-fine').fill('20000')
    await submit(form)
    await form.waitFor({ state: 'detached' })
    await inState(officer, 'notified')
    const { notice } = await read(officer, `/api/records/enforcement_case/${id}`)
    await fromTodo(head, 'case_service', notice)
    await makeMove(head, 'sign', { signer: '陈主任', consent: true })
    await shoot(head, 'served')
    await makeMove(head, 'claim', { claim: '探测器已恢复，请求从轻', wants_hearing: false })
    const seen = await expecting(/404/, () =>
        head.evaluate((id) => fetch(`/api/records/enforcement_case/${id}`).then((a) => a.status), id),
    )
    must(seen === 404, `the enterprise sees the case file (${seen})`)
    await makeMove(officer, 'serve_notice', { notice_served: today() })
    await makeMove(officer, 'record_defence', { defence: '探测器已恢复，请求从轻', defence_answer: '已考虑' })
    await makeMove(officer, 'submit')
    await inState(officer, 'legal_review')
}

async function decide(legal, leader, id) {
    await fromTodo(legal, 'enforcement_case', id)
    await makeMove(legal, 'review', { legal_opinion: '程序合法，适用法律正确' })
    await fromTodo(leader, 'enforcement_case', id)
    const form = await openMove(leader, 'decide', { decision_opinion: '同意' })
    await expecting(/422/, async () => {
        await submit(form)
        await leader.click('form[data-move=decide] [data-act=remedy]') // first the discussion
    })
    const discussing = leader.locator('form[data-move=discuss]')
    await discussing.waitFor()
    await discussing.locator('.actions [type=button]').click()
    await discussing.waitFor({ state: 'detached' })
    await makeMove(leader, 'discuss', {
        members: [
            { name: '局长', post: '局长', opinion: '同意' },
            { name: '副局长', post: '副局长', opinion: '同意' },
        ],
        discussion: '一致同意罚款两万元',
    })
    await makeMove(leader, 'decide', { decision_opinion: '同意' })
    await inState(leader, 'decided')
    await until(
        async () => (await leader.locator('[data-part=documents] a').count()) >= 7,
        'the papers of the case',
    )
    await shoot(leader, 'decided')
}

async function execute(officer, leader, id) {
    await inState(officer, 'decided')
    await makeMove(officer, 'publish')
    await makeMove(officer, 'serve', { served_on: today(), service_way: '直接送达', recipient: '陈主任' })
    await makeMove(officer, 'record_payment', { paid: 20000, paid_on: today() })
    await makeMove(officer, 'finish', { result: '罚款已全部缴清，探测器已恢复' })
    await fromTodo(leader, 'enforcement_case', id)
    await makeMove(leader, 'close')
    await inState(officer, 'to_archive')
    await makeMove(officer, 'archive', { volume: '2026-走查-1' })
    await inState(officer, 'archived')
    await shoot(officer, 'archived')
}

async function published(browser, number) {
    const guest = await visit(browser, phone)
    await guest.goto(`${base}/portal.html#/notices/enforcement_case`)
    await guest.getByText(number).first().waitFor()
    await shoot(guest, 'published')
    await guest.context().close()
}

await run(async (browser) => {
    const people = {}
    for (const [name, role] of Object.entries({
        officer: 'county_officer',
        leader: 'county_leader',
        legal: 'county_legal',
        head: 'enterprise_head',
    }))
        people[name] = await enter(browser, await findRole(role))
    const { officer, leader, legal, head } = people
    const { enterprise_name: enterprise } = await read(head, '/api/session')
    const id = await step('an inspection with its refusals becomes an order and a case', () =>
        inspect(officer, leader, enterprise),
    )
    await step('the case is filed, papers are made, the investigation ends', () =>
        investigate(officer, leader, id),
    )
    await step('notice: above the range is refused; the enterprise signs and defends itself', () =>
        notify(officer, head, id),
    )
    await step('legal review, discussion, decision', () => decide(legal, leader, id))
    await step('published, served, paid, closed, archived', () => execute(officer, leader, id))
    const { number } = await read(officer, `/api/records/enforcement_case/${id}`)
    await step('the public reads it', () => published(browser, number))
})
