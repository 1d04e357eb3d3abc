// Conditions and expressions of packs (CQL2-text, docs/packs.md), worked out here only to show a form as it will be judged: what is
// required, what is shown, what a computed field comes to. The server decides; what this reader does not understand, or cannot know
// (tables, fields of other records), is unknown.
import { durationMs } from '../base/duration'
import { folds, functions } from './functions'

export type Truth = boolean | null
export type Plain = string | number | boolean | null

export interface ConditionEnv {
    /** Value of a field by name: text, number (times and durations in ms), bool or null. */
    field: (name: string) => Plain
    /** The rows of a field of kind rows, each as a world of its own. */
    rows?: (name: string) => ConditionEnv[]
    /** Of a row: the record it stands in. */
    record?: ConditionEnv
    /** Is `code` of the list of field `name` the code `above` or one below it? */
    under?: (name: string, above: string) => Truth
    now: number
    /** "2026-11-23" in +08:00 */
    today: string
    actor: string
}

type Term = (env: ConditionEnv) => Plain
type Test = (env: ConditionEnv) => Truth

const tokenPattern =
    /\s*(?:('(?:[^']|'')*')|(\d+(?:\.\d+)?)([hd])?|("[A-Za-z_]\w*")|(\$?[A-Za-z_][\w.]*)|(<>|<=|>=|[=<>(),+*/-]))/y

function tokensOf(text: string): string[] {
    const tokens: string[] = []
    tokenPattern.lastIndex = 0
    while (tokenPattern.lastIndex < text.trimEnd().length) {
        const found = tokenPattern.exec(text)
        if (!found) throw new Error(`unreadable: ${text}`)
        tokens.push(found[0].trim())
    }
    return tokens
}

const dayMs = 86_400_000
const shiftDate = (date: string, ms: number) =>
    new Date(Date.parse(date + 'T00:00:00Z') + ms).toISOString().slice(0, 10)
const unquote = (token: string) => token.slice(1, -1).replace(/''/g, "'")

function compare(op: string, a: Plain, b: Plain): Truth {
    if (a === null || b === null || typeof a !== typeof b) return null
    switch (op) {
        case '=':
            return a === b
        case '<>':
            return a !== b
        case '<':
            return a < b
        case '<=':
            return a <= b
        case '>':
            return a > b
        default:
            return a >= b
    }
}

function reckon(op: string, a: Plain, b: Plain): Plain {
    if (typeof a !== 'number' || typeof b !== 'number') return null
    const value = op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : a / b
    return Number.isFinite(value) ? value : null
}

const not = (a: Truth): Truth => (a === null ? null : !a)
const and = (a: Truth, b: Truth): Truth =>
    a === false || b === false ? false : a === null || b === null ? null : true
const or = (a: Truth, b: Truth): Truth =>
    a === true || b === true ? true : a === null || b === null ? null : false

function like(text: Plain, pattern: Plain): Truth {
    if (typeof text !== 'string' || typeof pattern !== 'string') return null
    const source = pattern
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        .replace(/%/g, '.*')
        .replace(/_/g, '.')
    return new RegExp(`^${source}$`, 's').test(text)
}

function foldRows(fold: (values: number[]) => number, worlds: ConditionEnv[], term: Term): Plain {
    const values = worlds.map(term)
    if (!values.length || values.some((value) => typeof value !== 'number')) return null
    return fold(values as number[])
}

class Parser {
    private at = 0
    /** False once something stands there that only the server knows. */
    sure = true
    constructor(private readonly tokens: string[]) {}

    test(): Test {
        const test = this.either()
        this.end()
        return test
    }
    value(): Term {
        const term = this.term()
        this.end()
        return term
    }
    private end() {
        if (this.at < this.tokens.length) throw new Error('text behind the end')
    }

    private peek() {
        return this.tokens[this.at] ?? ''
    }
    private next() {
        return this.tokens[this.at++] ?? ''
    }
    private word(word: string) {
        if (this.peek().toUpperCase() !== word) return false
        this.at++
        return true
    }
    private expect(word: string) {
        if (!this.word(word)) throw new Error(`expected ${word}`)
    }

    private either(): Test {
        let left = this.both()
        while (this.word('OR')) {
            const [a, b] = [left, this.both()]
            left = (env) => or(a(env), b(env))
        }
        return left
    }

    private both(): Test {
        let left = this.single()
        while (this.word('AND')) {
            const [a, b] = [left, this.single()]
            left = (env) => and(a(env), b(env))
        }
        return left
    }

    private single(): Test {
        if (this.word('NOT')) {
            const test = this.single()
            return (env) => not(test(env))
        }
        const start = this.at
        if (this.word('(')) {
            // A bracket holds a condition, or a value that is then compared.
            try {
                const test = this.either()
                this.expect(')')
                if (!/^(=|<>|<|<=|>|>=|[+*/-])$/.test(this.peek())) return test
            } catch {
                // read again as a value
            }
            this.at = start
        }
        return this.comparison()
    }

    private comparison(): Test {
        const name = this.peek()
        const left = this.term()
        if (this.word('IS')) {
            const negated = this.word('NOT')
            this.expect('NULL')
            return (env) => (left(env) === null) !== negated
        }
        if (this.word('UNDER')) {
            const above = unquote(this.next())
            return (env) => env.under?.(name, above) ?? null
        }
        const negated = this.word('NOT')
        const test = this.membership(left)
        return negated ? (env) => not(test(env)) : test
    }

    private membership(left: Term): Test {
        if (this.word('IN')) {
            this.expect('(')
            const items = [this.term()]
            while (this.word(',')) items.push(this.term())
            this.expect(')')
            return (env) => items.map((item) => compare('=', left(env), item(env))).reduce(or)
        }
        if (this.word('LIKE')) {
            const pattern = this.term()
            return (env) => like(left(env), pattern(env))
        }
        if (this.word('BETWEEN')) {
            const low = this.term()
            this.expect('AND')
            const high = this.term()
            return (env) => and(compare('>=', left(env), low(env)), compare('<=', left(env), high(env)))
        }
        const op = this.next()
        if (!/^(=|<>|<|<=|>|>=)$/.test(op)) {
            // A bool field may stand alone.
            this.at--
            return (env) => {
                const value = left(env)
                return typeof value === 'boolean' ? value : null
            }
        }
        const right = this.term()
        return (env) => compare(op, left(env), right(env))
    }

    private term(): Term {
        let left = this.product()
        while (this.peek() === '+' || this.peek() === '-') {
            const [op, before] = [this.next(), left]
            const span = /^(\d+(?:\.\d+)?)([hd])$/.exec(this.peek())
            if (span) {
                this.at++
                left = shifted(before, Number(span[1]), span[2] === 'd', op === '-')
                continue
            }
            const right = this.product()
            left = (env) => reckon(op, before(env), right(env))
        }
        return left
    }

    private product(): Term {
        let left = this.simple()
        while (this.peek() === '*' || this.peek() === '/') {
            const [op, before, right] = [this.next(), left, this.simple()]
            left = (env) => reckon(op, before(env), right(env))
        }
        return left
    }

    private simple(): Term {
        const token = this.next()
        if (token.startsWith("'")) return () => unquote(token)
        if (token.startsWith('"')) return (env) => env.field(token.slice(1, -1))
        if (/^\d/.test(token)) return () => Number(token)
        if (token === '-') {
            const term = this.simple()
            return (env) => reckon('-', 0, term(env))
        }
        if (token === '(') {
            const term = this.term()
            this.expect(')')
            return term
        }
        return this.named(token)
    }

    private named(token: string): Term {
        switch (token.toUpperCase()) {
            case 'TRUE':
                return () => true
            case 'FALSE':
                return () => false
            case 'NULL':
                return () => null
            case '$NOW':
                return (env) => env.now
            case '$TODAY':
                return (env) => env.today
            case '$ACTOR':
                return (env) => env.actor
            case 'DATE':
            case 'TIMESTAMP':
            case 'DURATION':
                return this.literal(token.toUpperCase())
        }
        if (!/^[A-Za-z_]/.test(token)) throw new Error(`unexpected “${token}”`)
        if (this.word('(')) return this.call(token.toLowerCase())
        if (token.startsWith('record.')) {
            const name = token.slice('record.'.length)
            return (env) => env.record?.field(name) ?? null
        }
        if (!token.includes('.')) return (env) => env.field(token)
        return this.unknown() // a field of another record
    }

    private unknown(): Term {
        this.sure = false
        return () => null
    }

    private literal(kind: string): Term {
        this.expect('(')
        const text = unquote(this.next())
        this.expect(')')
        if (kind === 'DATE') return () => text
        const ms = kind === 'TIMESTAMP' ? Date.parse(text) : durationMs(text)
        return () => ms
    }

    private call(name: string): Term {
        if (name === 'count') return this.count()
        const fold = folds[name]
        if (fold) return this.fold(fold)
        if (name === 'choose') return this.choose()
        const values = [this.term()]
        while (this.word(',')) values.push(this.term())
        this.expect(')')
        const work = functions[name]
        return work ? (env) => work(values.map((value) => value(env))) : this.unknown()
    }

    private count(): Term {
        const rows = this.next()
        const test = this.word(',') ? this.either() : () => true
        this.expect(')')
        return (env) => env.rows?.(rows).filter((row) => test(row) === true).length ?? null
    }

    private fold(fold: (values: number[]) => number): Term {
        const [rows = '', field] = this.next().split('.')
        const term: Term = field ? (env) => env.field(field) : (this.expect(','), this.term())
        this.expect(')')
        return (env) => foldRows(fold, env.rows?.(rows) ?? [], term)
    }

    private choose(): Term {
        const test = this.either()
        this.expect(',')
        const yes = this.term()
        this.expect(',')
        const no = this.term()
        this.expect(')')
        return (env) => {
            const truth = test(env)
            return truth === null ? null : truth ? yes(env) : no(env)
        }
    }
}

function shifted(base: Term, n: number, days: boolean, back: boolean): Term {
    const ms = n * (days ? dayMs : 3_600_000) * (back ? -1 : 1)
    return (env) => {
        const value = base(env)
        if (typeof value === 'number') return value + ms
        return typeof value === 'string' ? shiftDate(value, ms) : null
    }
}

interface Read<T> {
    work: T
    sure: boolean
}
const tests = new Map<string, Read<Test> | null>()
const terms = new Map<string, Read<Term> | null>()

function remembered<T>(
    known: Map<string, Read<T> | null>,
    text: string,
    read: (parser: Parser) => T,
): Read<T> | null {
    const before = known.get(text)
    if (before !== undefined) return before
    let found: Read<T> | null = null
    try {
        const parser = new Parser(tokensOf(text))
        found = { work: read(parser), sure: parser.sure }
    } catch {
        // not understood: unknown
    }
    known.set(text, found)
    return found
}
const testOf = (text: string) => remembered(tests, text, (parser) => parser.test())
const termOf = (text: string) => remembered(terms, text, (parser) => parser.value())

/** True, false, or null when it cannot be told (also for a text that is not understood). */
export const holds = (condition: string, env: ConditionEnv): Truth => testOf(condition)?.work(env) ?? null

/** Is everything in the text known here? If not, null of `holds` does not mean that the server says no. */
export const understood = (condition: string) => testOf(condition)?.sure ?? false

/** What an expression comes to; undefined when only the server can tell. */
export function worth(expression: string, env: ConditionEnv): Plain | undefined {
    const term = termOf(expression)
    return term?.sure ? term.work(env) : undefined
}
