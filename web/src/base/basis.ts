// How the legal basis of a rule reads in Chinese. Packs write it with international abbreviations: "行政处罚法 art. 61: 7 wd".
import { lang } from './words'

const units: [RegExp, string][] = [
    [/wd|working days?/, '个工作日'],
    [/d|days?/, '日'],
    [/h|hours?/, '小时'],
    [/min|minutes?/, '分钟'],
    [/m|months?/, '个月'],
    [/y|years?/, '年'],
]
const inChinese = (text: string) =>
    units.reduce(
        (so, [unit, word]) => so.replace(new RegExp(`(\\d+)\\s*(?:${unit.source})\\b`, 'g'), `$1 ${word}`),
        text,
    )

/** The same in English; what it does not know stays as it is. */
export function basisText(text: string): string {
    const known = text.replace(/\s*\([^)]*\.md[^)]*\)/g, '')
    if (lang.value !== 'zh') return known
    return inChinese(known)
        .replace(
            /\s*\bart\.\s*([\d]+(?:\s*[-,、]\s*\d+)*)/g,
            (_, n: string) => `第${n.replace(/,\s*/g, '、')}条`,
        )
        .replace(/\bas commonly known\b( of)?/g, '通行做法')
        .replace(/\s*\(project choice\)/g, '（系统设定）')
        .replace(/\bproject choice\b/g, '系统设定')
        .replace(/:\s*(?=[\d\u4e00-\u9fff])/g, '：')
        .replace(/;\s*/g, '；')
}
