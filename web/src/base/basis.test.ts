import { afterEach, describe, expect, it } from 'vitest'
import { basisText } from './basis'
import { setLang } from './words'

describe('the basis of a rule', () => {
    afterEach(() => setLang('zh'))
    it('reads as Chinese law is cited', () => {
        setLang('zh')
        expect(basisText('行政处罚法 art. 61: 7 wd')).toBe('行政处罚法第61条：7 个工作日')
        expect(basisText('国务院令493 art. 10, 11')).toBe('国务院令493第10、11条')
        expect(basisText('安全生产法 art. 113; 5 wd project choice')).toBe(
            '安全生产法第113条；5 个工作日 系统设定',
        )
        expect(basisText('10 working days (project choice)')).toBe('10 个工作日（系统设定）')
        expect(basisText('GB 30871-2022 5.2')).toBe('GB 30871-2022 5.2')
    })
    it('stays as it is in English, without notes on our own files', () => {
        setLang('en')
        expect(basisText('国务院令493 art. 9 (governance.md 11)')).toBe('国务院令493 art. 9')
    })
})
