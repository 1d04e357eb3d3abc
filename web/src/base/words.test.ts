import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { pick, setLang, t } from './words'
import { table } from './words.table'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()
afterEach(() => setLang('zh'))

describe('texts', () => {
    it.each(Object.entries(table))('%s stands in both languages with the same places', (_, [zh, en]) => {
        expect(zh.trim()).not.toBe('')
        expect(en.trim()).not.toBe('')
        expect(names(zh)).toEqual(names(en))
    })

    it('has no key that nothing uses, and pages have no Chinese of their own', () => {
        const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) =>
            /\.(vue|ts)$/.test(f),
        )
        const pages = files.filter((f) => !/\.test\.ts$|words\.table/.test(f))
        const source = pages.map((f) => readFileSync(join(root, f), 'utf8')).join('\n')
        const families = [...source.matchAll(/t\(`([\w.]+)\$\{/g)].map((m) => m[1]!)
        const unused = Object.keys(table).filter(
            (key) => !source.includes(`'${key}'`) && !families.some((f) => key.startsWith(f)),
        )
        expect(unused).toEqual([])
        const templates = pages
            .filter((f) => f.endsWith('.vue'))
            .flatMap((f) => {
                const template =
                    /<template>[\s\S]*<\/template>/.exec(readFileSync(join(root, f), 'utf8'))?.[0] ?? ''
                return [...template.replace(/<!--[\s\S]*?-->/g, '').matchAll(/[\u4e00-\u9fff]+/g)].map(
                    (m) => `${f}: ${m[0]}`,
                )
            })
        expect(templates).toEqual([])
    })

    it('fills in values and leaves unknown places alone', () => {
        expect(t('common.count', { n: 3 })).toBe('共 3 条')
        setLang('en')
        expect(t('common.count', { n: 3 })).toBe('3 in all')
        expect(t('common.count')).toBe('{n} in all')
    })

    it('falls back to Chinese for titles without English', () => {
        setLang('en')
        expect(pick({ zh: '企业' })).toBe('企业')
        expect(pick(undefined, 'x')).toBe('x')
    })
})
