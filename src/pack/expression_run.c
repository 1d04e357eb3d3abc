/* The functions of expressions, in memory: empty in, empty out. Those that SQL knows must agree
 * with condition_sql.c. */
#include "base/clock.h"
#include "base/hash.h"
#include "pack/condition_node.h"
#include "pack/pack_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Term nothing = {.kind = TERM_NONE};

static Term number_term(double number) {
    return (Term){.kind = isfinite(number) ? TERM_NUMBER : TERM_NONE, .number = number};
}

/* A value inside a call. */
static Term argument_term(Run *run, const Operand *argument) {
    Term term = operand_term(run, argument);
    if (term.kind != TERM_NUMBER || argument->kind == OPERAND_CALL)
        return term;
    if (fabs(term.number) < EXPRESSION_SMALLEST)
        term.number = 0;
    return fabs(term.number) <= EXPRESSION_LARGEST ? term : nothing;
}

static Term nth(Run *run, const Operand *call, guint i) {
    return argument_term(run, operand_at(call->arguments, i));
}

/* ---- arithmetic ---- */

static Term plus(double a, double b) { return number_term(a + b); }
static Term minus(double a, double b) { return number_term(a - b); }
static Term times(double a, double b) { return number_term(a * b); }
static Term divide(double a, double b) { return b == 0 ? nothing : number_term(a / b); }

static Term reckon(Run *run, const Operand *call) {
    static Term (*const signs[])(double, double) = {[FUNCTION_PLUS] = plus,
                                                    [FUNCTION_MINUS] = minus,
                                                    [FUNCTION_TIMES] = times,
                                                    [FUNCTION_DIVIDE] = divide};
    Term a = nth(run, call, 0), b = nth(run, call, 1);
    return a.kind && b.kind ? signs[call->function](a.number, b.number) : nothing;
}

static Term negate(Run *run, const Operand *call) {
    Term a = nth(run, call, 0);
    a.number = -a.number;
    return a;
}

/* Half away from zero, as people round: 2.675 to two decimals is 2.68 though no double is 2.675. */
static Term rounded(Run *run, const Operand *call) {
    const double half = 0.500000001;
    Term a = nth(run, call, 0);
    double scale =
        call->arguments->len > 1 ? pow(10, operand_at(call->arguments, 1)->term.number) : 1;
    if (a.kind)
        a.number = a.number < 0 ? -(floor(-a.number * scale + half) / scale)
                                : floor(a.number * scale + half) / scale;
    return a;
}

/* ---- choices ---- */

static Term extreme(Run *run, const Operand *call) {
    int wanted = call->function == FUNCTION_LEAST ? -1 : 1;
    Term best = nth(run, call, 0);
    for (guint i = 1; best.kind && i < call->arguments->len; i++) {
        Term next = nth(run, call, i);
        if (next.kind == TERM_NONE || terms_order(&next, &best) == wanted)
            best = next;
    }
    return best;
}

static Term coalesce(Run *run, const Operand *call) {
    Term first = nothing;
    for (guint i = 0; first.kind == TERM_NONE && i < call->arguments->len; i++)
        first = nth(run, call, i);
    return first;
}

/* A condition that is neither true nor false chooses nothing. */
static Term choose(Run *run, const Operand *call) {
    Truth truth = node_truth(run, call->condition);
    return truth == TRUTH_UNKNOWN ? nothing : nth(run, call, truth == TRUTH_TRUE ? 0 : 1);
}

/* ---- dates ---- */

static gboolean term_day(const Term *term, gint64 *day) {
    if (term->kind == TERM_DATE)
        return day_parse(term->text, day);
    *day = day_of(term->time_ms);
    return term->kind == TERM_TIME;
}

static Term days(Run *run, const Operand *call) {
    Term a = nth(run, call, 0), b = nth(run, call, 1);
    gint64 from, to;
    return term_day(&a, &from) && term_day(&b, &to) ? number_term((double)(to - from)) : nothing;
}

static Term age(Run *run, const Operand *call) {
    const int month = 5; /* where MM-DD begins */
    Term from = nth(run, call, 0), on = nth(run, call, 1);
    if (!from.kind || !on.kind)
        return nothing;
    int years = atoi(on.text) - atoi(from.text);
    return number_term(years - (strcmp(on.text + month, from.text + month) < 0));
}

static Term year(Run *run, const Operand *call) {
    Term a = nth(run, call, 0);
    gint64 day;
    return term_day(&a, &day) ? number_term(day_year(day)) : nothing;
}

/* Hours since 00:00 +08:00, with decimals. */
static Term hour(Run *run, const Operand *call) {
    const double hour_ms = 3600 * 1000;
    Term a = nth(run, call, 0);
    return a.kind ? number_term((double)(a.time_ms - day_start(day_of(a.time_ms))) / hour_ms)
                  : nothing;
}

static Term workday(Run *run, const Operand *call) {
    Term a = nth(run, call, 0);
    gint64 day;
    return term_day(&a, &day)
               ? (Term){.kind = TERM_BOOL, .truth = calendar_is_workday(call->calendar, day)}
               : nothing;
}

static const Span *call_span(Run *run, const Operand *call) {
    if (call->span.n)
        return &call->span;
    const Operand *argument = operand_at(call->arguments, 1);
    Term code = operand_term(run, argument);
    const CodeItem *item =
        code.kind ? g_hash_table_lookup(argument->codes->by_code, code.text) : NULL;
    return item && item->span.n ? &item->span : NULL;
}

/* Days and times that a later parser would refuse are no values. */
static gboolean is_written_year(gint64 day) {
    enum { YEAR_FIRST = 1, YEAR_LAST = 9999 };
    return day_year(day) >= YEAR_FIRST && day_year(day) <= YEAR_LAST;
}

static Term add_span(Run *run, const Operand *call) {
    char buffer[TIME_TEXT];
    Term from = nth(run, call, 0);
    const Span *span = call_span(run, call);
    gint64 day;
    if (span == NULL || !term_day(&from, &day))
        return nothing;
    if (from.kind == TERM_TIME) {
        from.time_ms = span_add(call->calendar, from.time_ms, *span, NULL);
        return is_written_year(day_of(from.time_ms)) ? from : nothing;
    }
    day = span_add_days(call->calendar, day, *span);
    if (!is_written_year(day))
        return nothing;
    return (Term){.kind = TERM_DATE, .text = run_text(run, day_format(day, buffer))};
}

/* ---- texts and codes ---- */

static void append_term(GString *out, const Term *term) {
    if (term->kind == TERM_NUMBER) {
        char buffer[G_ASCII_DTOSTR_BUF_SIZE];
        g_string_append(out, g_ascii_formatd(buffer, sizeof buffer, "%.15g", term->number));
    } else {
        g_string_append(out, term->text);
    }
}

static Term concat(Run *run, const Operand *call) {
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < call->arguments->len; i++) {
        Term term = nth(run, call, i);
        if (term.kind == TERM_NONE)
            return nothing;
        append_term(out, &term);
    }
    return (Term){.kind = TERM_TEXT, .text = run_text(run, out->str)};
}

/* In hexadecimal digits. */
static Term digest(Run *run, const Operand *call) {
    guint8 hash[HASH_BYTES];
    char hex[HASH_HEX];
    Term term = nth(run, call, 0);
    if (term.kind == TERM_NONE)
        return nothing;
    HashState *state = hash_sm3_new();
    hash_add(state, term.text, strlen(term.text));
    hash_end(state, hash);
    return (Term){.kind = TERM_TEXT, .text = run_text(run, hex_encode(hash, HASH_BYTES, hex))};
}

/* Whether `a` is worse than `b`; both stand in the list. */
static gboolean is_worse(const CodeList *codes, const CodeItem *a, const CodeItem *b) {
    return codes->worst_last ? a->index > b->index : a->index < b->index;
}

/* Takes the worse of `worst` (NULL: none yet) and the code; false when the code has no place. */
static gboolean take_worse(const CodeList *codes, const Term *code, const CodeItem **worst) {
    const CodeItem *item = code->kind ? g_hash_table_lookup(codes->by_code, code->text) : NULL;
    if (item && (*worst == NULL || is_worse(codes, item, *worst)))
        *worst = item;
    return item != NULL;
}

static Term code_term(const CodeItem *item) {
    return item ? (Term){.kind = TERM_TEXT, .text = item->code} : nothing;
}

static Term worst(Run *run, const Operand *call) {
    const CodeItem *found = NULL;
    for (guint i = 0; i < call->arguments->len; i++) {
        Term code = nth(run, call, i);
        if (!take_worse(call->codes, &code, &found))
            return nothing;
    }
    return code_term(found);
}

/* ---- tables ---- */

static Term lookup(Run *run, const Operand *call) {
    Term keys[ARGUMENTS_MAX];
    const PackTable *table = table_on(call->table, run->env->law_day);
    for (guint i = 0; i < call->arguments->len; i++)
        keys[i] = nth(run, call, i);
    return table ? table_lookup(table, call->column, keys) : nothing;
}

static Term band(Run *run, const Operand *call) {
    const PackTable *table = table_on(call->table, run->env->law_day);
    Term number = nth(run, call, 0);
    return table && number.kind ? table_band(table, call->column, number.number) : nothing;
}

/* ---- over rows ---- */

/* Puts the run at row i; `before` is put back by the caller. */
static guint rows_begin(Run *run, const Operand *call) {
    const ConditionEnv *env = run->env;
    run->rows = call->rows;
    run->row = 0;
    return env->row_count(env->data, call->rows);
}

static Term count(Run *run, const Operand *call) {
    guint n = rows_begin(run, call), found = 0;
    for (; run->row < n; run->row++)
        found += call->condition == NULL || node_truth(run, call->condition) == TRUTH_TRUE;
    return number_term(found);
}

/* An empty value among them leaves the whole unknown; so do no rows at all. */
static Term sum(Run *run, const Operand *call) {
    double total = 0;
    guint n = rows_begin(run, call);
    for (; run->row < n; run->row++) {
        Term term = nth(run, call, 0);
        if (term.kind == TERM_NONE)
            return nothing;
        total += term.number;
    }
    if (n == 0)
        return nothing;
    return number_term(call->function == FUNCTION_AVG ? total / n : total);
}

static Term extreme_row(Run *run, const Operand *call) {
    int wanted = call->function == FUNCTION_MIN ? -1 : 1;
    Term best = nothing;
    guint n = rows_begin(run, call);
    for (; run->row < n; run->row++) {
        Term next = nth(run, call, 0);
        if (next.kind == TERM_NONE)
            return nothing;
        if (best.kind == TERM_NONE || terms_order(&next, &best) == wanted)
            best = next;
    }
    return best;
}

static Term worst_row(Run *run, const Operand *call) {
    const CodeItem *found = NULL;
    guint n = rows_begin(run, call);
    for (; run->row < n; run->row++) {
        Term code = nth(run, call, 0);
        if (!take_worse(call->codes, &code, &found))
            return nothing;
    }
    return code_term(found);
}

static Term (*const functions[FUNCTIONS])(Run *, const Operand *) = {
    [FUNCTION_PLUS] = reckon,   [FUNCTION_MINUS] = reckon,     [FUNCTION_TIMES] = reckon,
    [FUNCTION_DIVIDE] = reckon, [FUNCTION_NEGATE] = negate,    [FUNCTION_ROUND] = rounded,
    [FUNCTION_LEAST] = extreme, [FUNCTION_GREATEST] = extreme, [FUNCTION_COALESCE] = coalesce,
    [FUNCTION_CHOOSE] = choose, [FUNCTION_DAYS] = days,        [FUNCTION_AGE] = age,
    [FUNCTION_HOUR] = hour,     [FUNCTION_WORKDAY] = workday,  [FUNCTION_YEAR] = year,
    [FUNCTION_ADD] = add_span,  [FUNCTION_CONCAT] = concat,    [FUNCTION_SM3] = digest,
    [FUNCTION_WORST] = worst,   [FUNCTION_LOOKUP] = lookup,    [FUNCTION_BAND] = band,
    [FUNCTION_SUM] = sum,       [FUNCTION_MAX] = extreme_row,  [FUNCTION_MIN] = extreme_row,
    [FUNCTION_AVG] = sum,       [FUNCTION_COUNT] = count,      [FUNCTION_WORST_ROW] = worst_row,
};

Term call_term(Run *run, const Operand *call) {
    const char *rows = run->rows;
    guint row = run->row;
    Term term = functions[call->function](run, call);
    run->rows = rows;
    run->row = row;
    return term;
}
