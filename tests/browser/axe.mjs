// axe-core with the rules of WCAG 2.2 A and AA, on the page as it stands.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Serious and critical findings as lines of text; the colours are judged again in the dark look. */
export async function findings(page, name) {
    await page.evaluate(`window.axe || (() => { ${source} })()`)
    // a colour half way between two looks is nobody's choice
    await page.addStyleTag({ content: '* { transition: none !important; animation: none !important }' })
    const light = await judge(page, { runOnly: { type: 'tag', values: tags } })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.waitForSelector('html.dark', { state: 'attached' })
    const dark = await judge(page, {
        runOnly: { type: 'rule', values: ['color-contrast'] },
    })
    await page.emulateMedia({ colorScheme: 'light' })
    await page.waitForSelector('html:not(.dark)', { state: 'attached' })
    return [...light.map((f) => `${name}: ${f}`), ...dark.map((f) => `${name}, dark: ${f}`)]
}

const judge = (page, options) =>
    page.evaluate(async (options) => {
        const { violations } = await window.axe.run(document, {
            ...options,
            resultTypes: ['violations'],
        })
        return violations
            .filter((v) => v.impact === 'serious' || v.impact === 'critical')
            .flatMap((v) =>
                v.nodes.map(
                    (n) =>
                        `${v.id} ${n.target.join(' ')} ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ''}`,
                ),
            )
    }, options)
