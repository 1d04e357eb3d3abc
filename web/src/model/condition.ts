// Conditions of packs (CQL2-text, docs/packs.md), evaluated here only to mark fields as required while the user types.
// The server decides; a condition this reader does not understand counts as unknown.

export type Truth = boolean | null
type Plain = string | number | boolean | null

export interface ConditionEnv {
    /** Value of a field by name: text, number (times in ms), bool or null. */
    field: (name: string) => Plain
    now: number
    /** "2026-11-23" in +08:00 */
    today: string
    actor: string
}

type Term = (env: ConditionEnv) => Plain
type Test = (env: ConditionEnv) => Truth

const tokenPattern =
    /\s*(?:('(?:[^']|'')*')|(\d+(?:\.\d+)?)([hd])?|(\$?[A-Za-z_][A-Za-z0-9_]*)|(<>|<=|>=|[=<>(),+-]))/y

function tokensOf(text: string): string[] {
    const tokens: string[] = []
    tokenPattern.lastIndex = 0
    while (tokenPattern.lastIndex < text.trimEnd().length) {
        const found = tokenPattern.exec(text)
        if (!found) throw new Error(`unreadable condition: ${text}`)
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

class Parser {
    private at = 0
    constructor(private readonly tokens: string[]) {}

    parse(): Test {
        const test = this.either()
        if (this.at < this.tokens.length) throw new Error('text after the condition')
        return test
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
        if (this.word('(')) {
            const test = this.either()
            this.expect(')')
            return test
        }
        return this.comparison()
    }

    private comparison(): Test {
        const left = this.term()
        if (this.word('IS')) {
            const negated = this.word('NOT')
            this.expect('NULL')
            return (env) => (left(env) === null) !== negated
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
        const base = this.simpleTerm()
        const sign = this.peek()
        if (sign !== '+' && sign !== '-') return base
        this.at++
        const span = /^(\d+(?:\.\d+)?)([hd])$/.exec(this.next())
        if (!span) throw new Error('expected a span such as 1d')
        const ms = Number(span[1]) * (span[2] === 'd' ? dayMs : 3_600_000) * (sign === '-' ? -1 : 1)
        return (env) => {
            const value = base(env)
            if (typeof value === 'number') return value + ms
            return typeof value === 'string' ? shiftDate(value, ms) : null
        }
    }

    private simpleTerm(): Term {
        const token = this.next()
        if (token.startsWith("'")) return () => unquote(token)
        if (/^\d/.test(token)) return () => Number(token)
        if (token === '-')
            return (
                (n: number) => () =>
                    -n
            )(Number(this.next()))
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
            case 'TIMESTAMP': {
                this.expect('(')
                const text = unquote(this.next())
                this.expect(')')
                return token.toUpperCase() === 'DATE' ? () => text : () => Date.parse(text)
            }
        }
        if (!/^[A-Za-z_]/.test(token)) throw new Error(`unexpected “${token}”`)
        return (env) => env.field(token)
    }
}

const parsed = new Map<string, Test>()

/** True, false, or null when it cannot be told (also for a text that is not understood). */
export function holds(condition: string, env: ConditionEnv): Truth {
    let test = parsed.get(condition)
    if (!test) {
        try {
            test = new Parser(tokensOf(condition)).parse()
        } catch {
            test = () => null
        }
        parsed.set(condition, test)
    }
    return test(env)
}
