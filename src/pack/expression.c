/* Values: literals, names, variables, arithmetic and calls of functions, with their kinds checked.
 */
#include "base/clock.h"
#include "base/duration.h"
#include "pack/condition_parser.h"
#include "pack/pack_table.h"

#include <math.h>
#include <string.h>

enum { CALLS_MAX = 400 };

/* ---- literals ---- */

static gboolean read_number(Parser *parser, gboolean negative, Operand *out) {
    g_autofree char *text = g_strndup(parser->token.start, parser->token.length);
    double value = g_ascii_strtod(text, NULL);
    if (!isfinite(value))
        return parser_fail_here(parser, "数值过大 / the number is too large");
    out->term = (Term){.kind = TERM_NUMBER, .number = negative ? -value : value};
    return parser_take(parser);
}

static gboolean read_text(Parser *parser, Operand *out) {
    out->text = token_unquoted(&parser->token);
    out->term = (Term){.kind = TERM_TEXT, .text = out->text};
    return parser_take(parser);
}

static gboolean date_parse(const char *text, Operand *out) {
    gint64 day;
    out->term = (Term){.kind = TERM_DATE, .text = text};
    return day_parse(text, &day);
}

static gboolean timestamp_parse(const char *text, Operand *out) {
    out->term.kind = TERM_TIME;
    return time_parse(text, &out->term.time_ms);
}

static gboolean duration_literal(const char *text, Operand *out) {
    out->term.kind = TERM_DURATION;
    return duration_parse(text, &out->term.time_ms);
}

/* DATE('...'), TIMESTAMP('...') and DURATION('...'); the word was looked at. */
static gboolean read_instant(Parser *parser, gboolean (*parse)(const char *, Operand *),
                             Operand *out) {
    if (!parser_take(parser) || !parser_expect(parser, TOKEN_OPEN, "("))
        return FALSE;
    if (parser->token.kind != TOKEN_TEXT)
        return parser_fail_here(parser, "此处应为 '...' / text in '...' is expected here");
    out->text = token_unquoted(&parser->token);
    if (!parse(out->text, out))
        return parser_fail_here(parser, "日期或时间格式不对，应为 DATE('2026-11-23')、"
                                        "TIMESTAMP('2026-11-23T00:00:00Z') 或 DURATION('PT8H') / "
                                        "not a date, time or duration");
    return parser_take(parser) && parser_expect(parser, TOKEN_CLOSE, ")");
}

/* ---- names ---- */

#define OUTER "record."

/* What a name is where the parser stands; inside rows `record.f` is a name of the record. */
static TermKind name_kind(const Parser *parser, const char **name, OperandKind *kind) {
    const ConditionScope *scope = parser->scope;
    gboolean outer = parser->rows && g_str_has_prefix(*name, OUTER);
    *kind = parser->rows && !outer ? OPERAND_ROW_NAME : OPERAND_NAME;
    if (outer)
        *name += strlen(OUTER);
    if (*kind == OPERAND_ROW_NAME)
        return scope->row_kind(scope->data, parser->rows, *name);
    return scope->kind ? scope->kind(scope->data, *name) : TERM_NONE;
}

static gboolean refuse_name(Parser *parser, const char *name) {
    g_autofree char *what = g_strdup_printf("没有字段 %.64s / there is no field %.64s", name, name);
    return parser_fail_here(parser, what);
}

/* Does not take the token. */
static gboolean put_name(Parser *parser, const char *name, Operand *out) {
    const ConditionScope *scope = parser->scope;
    const char *rest = name;
    TermKind kind = name_kind(parser, &rest, &out->kind);
    if (kind == TERM_NONE)
        return refuse_name(parser, name);
    out->text = g_strdup(rest);
    out->term.kind = kind;
    if (scope->codes)
        out->codes = scope->codes(scope->data, out->kind == OPERAND_ROW_NAME ? parser->rows : NULL,
                                  out->text);
    return TRUE;
}

static gboolean read_name(Parser *parser, Operand *out) {
    gboolean quoted = parser->token.kind == TOKEN_QUOTED;
    g_autofree char *name = quoted ? token_unquoted(&parser->token)
                                   : g_strndup(parser->token.start, parser->token.length);
    if (!put_name(parser, name, out) || !parser_take(parser))
        return FALSE;
    return out->term.kind != TERM_SEALED || parser_is_word(parser, "is") ||
           parser_fail_here(parser, "密封字段只能用 IS NULL / a sealed field takes IS NULL only");
}

static gboolean followed_by_open(const Parser *parser) {
    const char *p = parser->next;
    while (g_ascii_isspace(*p))
        p++;
    return *p == '(';
}

static gboolean is_keyword(const Parser *parser) {
    static const char *const keywords[] = {"and",     "or", "not",  "in",   "like",
                                           "between", "is", "null", "under"};
    for (gsize i = 0; i < G_N_ELEMENTS(keywords); i++)
        if (parser_is_word(parser, keywords[i]))
            return TRUE;
    return FALSE;
}

/* The `1d` or `3h` after $now or $today. */
static gboolean read_offset(Parser *parser, Operand *out) {
    enum { OFFSET_DIGITS = 6 };
    gboolean negative = *parser->token.start == '-';
    if (!parser_take(parser))
        return FALSE;
    const char *start = parser->token.start;
    gsize n = token_digits(start);
    gboolean days = start[n] == 'd' || start[n] == 'D', hours = start[n] == 'h' || start[n] == 'H';
    if (n == 0 || n > OFFSET_DIGITS || !(days || hours) || token_name_char(start[n + 1]))
        return parser_fail_here(
            parser, "此处应为 3h 或 1d 这样的时长 / a span like 3h or 1d is expected here");
    if (hours && out->kind == OPERAND_TODAY)
        return parser_fail_here(parser, "$today 只能加减天数 / only days can be added to $today");
    gint64 amount = g_ascii_strtoll(start, NULL, 10) * (days ? DAY_MS : DAY_MS / 24);
    out->offset_ms = negative ? -amount : amount;
    parser->next = start + n + 1;
    return parser_take(parser);
}

/* $record.f: a field of the record that asks about other records. */
static gboolean read_record_name(Parser *parser, Operand *out) {
    const ConditionScope *scope = parser->scope;
    gsize skip = strlen("$" OUTER);
    out->kind = OPERAND_RECORD;
    out->text = g_strndup(parser->token.start + skip, parser->token.length - skip);
    if (scope->record_kind)
        out->term.kind = scope->record_kind(scope->data, out->text);
    if (out->term.kind == TERM_NONE)
        return refuse_name(parser, out->text);
    return parser_take(parser);
}

static gboolean read_variable(Parser *parser, Operand *out) {
    static const struct {
        const char *name;
        OperandKind kind;
        TermKind term;
    } variables[] = {{"$now", OPERAND_NOW, TERM_TIME},
                     {"$today", OPERAND_TODAY, TERM_DATE},
                     {"$actor", OPERAND_ACTOR, TERM_TEXT}};
    const Token *token = &parser->token;
    if (token->length > strlen("$" OUTER) && g_str_has_prefix(token->start, "$" OUTER))
        return read_record_name(parser, out);
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        if (strlen(variables[i].name) != token->length ||
            strncmp(token->start, variables[i].name, token->length) != 0)
            continue;
        out->kind = variables[i].kind;
        out->term.kind = variables[i].term;
        if (!parser_take(parser))
            return FALSE;
        gboolean offset = parser->token.kind == TOKEN_SIGN && out->kind != OPERAND_ACTOR;
        return offset ? read_offset(parser, out) : TRUE;
    }
    return parser_fail_here(parser,
                            "只有 $now、$today、$actor / only $now, $today and $actor exist");
}

/* ---- calls ---- */

#define K(kind) (1u << TERM_##kind)
#define K_ORDERED (K(NUMBER) | K(DATE) | K(TIME))
#define K_ANY (K_ORDERED | K(TEXT) | K(BOOL) | K(DURATION))

typedef gboolean (*CallRead)(Parser *parser, Operand *call);
static gboolean read_round(Parser *parser, Operand *call);
static gboolean read_choose(Parser *parser, Operand *call);
static gboolean read_add(Parser *parser, Operand *call);
static gboolean read_workday(Parser *parser, Operand *call);
static gboolean read_worst(Parser *parser, Operand *call);
static gboolean read_lookup(Parser *parser, Operand *call);
static gboolean read_band(Parser *parser, Operand *call);
static gboolean read_rows_call(Parser *parser, Operand *call);
static gboolean read_count(Parser *parser, Operand *call);

/* `read` NULL: values of `kinds`, between `least` and `most` of them; TERM_NONE as result means
 * that all are of one kind, which is also the result's. */
static const struct {
    const char *name;
    guint least, most, kinds;
    TermKind result;
    CallRead read;
} functions[FUNCTIONS] = {
    [FUNCTION_PLUS] = {"+", 2, 2, K(NUMBER), TERM_NUMBER, NULL},
    [FUNCTION_MINUS] = {"-", 2, 2, K(NUMBER), TERM_NUMBER, NULL},
    [FUNCTION_TIMES] = {"*", 2, 2, K(NUMBER), TERM_NUMBER, NULL},
    [FUNCTION_DIVIDE] = {"/", 2, 2, K(NUMBER), TERM_NUMBER, NULL},
    [FUNCTION_NEGATE] = {"-", 1, 1, K(NUMBER), TERM_NUMBER, NULL},
    [FUNCTION_ROUND] = {"round", 1, 2, K(NUMBER), TERM_NUMBER, read_round},
    [FUNCTION_LEAST] = {"least", 2, ARGUMENTS_MAX, K_ORDERED, TERM_NONE, NULL},
    [FUNCTION_GREATEST] = {"greatest", 2, ARGUMENTS_MAX, K_ORDERED, TERM_NONE, NULL},
    [FUNCTION_COALESCE] = {"coalesce", 2, ARGUMENTS_MAX, K_ANY, TERM_NONE, NULL},
    [FUNCTION_CHOOSE] = {"choose", 2, 2, K_ANY, TERM_NONE, read_choose},
    [FUNCTION_DAYS] = {"days", 2, 2, K(DATE) | K(TIME), TERM_NUMBER, NULL},
    [FUNCTION_AGE] = {"age", 2, 2, K(DATE), TERM_NUMBER, NULL},
    [FUNCTION_YEAR] = {"year", 1, 1, K(DATE) | K(TIME), TERM_NUMBER, NULL},
    [FUNCTION_HOUR] = {"hour", 1, 1, K(TIME), TERM_NUMBER, NULL},
    [FUNCTION_WORKDAY] = {"workday", 1, 1, K(DATE) | K(TIME), TERM_BOOL, read_workday},
    [FUNCTION_ADD] = {"add", 1, 2, K(DATE) | K(TIME), TERM_NONE, read_add},
    [FUNCTION_CONCAT] = {"concat", 1, ARGUMENTS_MAX, K(TEXT) | K(NUMBER) | K(DATE), TERM_TEXT,
                         NULL},
    [FUNCTION_SM3] = {"sm3", 1, 1, K(TEXT), TERM_TEXT, NULL},
    [FUNCTION_WORST] = {"worst", 2, ARGUMENTS_MAX, K(TEXT), TERM_TEXT, read_worst},
    [FUNCTION_LOOKUP] = {"lookup", 0, ARGUMENTS_MAX, K(TEXT) | K(NUMBER), TERM_TEXT, read_lookup},
    [FUNCTION_BAND] = {"band", 1, 1, K(NUMBER), TERM_TEXT, read_band},
    [FUNCTION_SUM] = {"sum", 1, 1, K(NUMBER), TERM_NUMBER, read_rows_call},
    [FUNCTION_MAX] = {"max", 1, 1, K_ORDERED, TERM_NONE, read_rows_call},
    [FUNCTION_MIN] = {"min", 1, 1, K_ORDERED, TERM_NONE, read_rows_call},
    [FUNCTION_AVG] = {"avg", 1, 1, K(NUMBER), TERM_NUMBER, read_rows_call},
    [FUNCTION_COUNT] = {"count", 0, 0, 0, TERM_NUMBER, read_count},
    [FUNCTION_WORST_ROW] = {"", 1, 1, K(TEXT), TERM_TEXT, read_rows_call},
};

const char *function_name(FunctionId id) {
    return id == FUNCTION_WORST_ROW ? "worst" : functions[id].name;
}

static void call_init(Operand *call, FunctionId id) {
    call->kind = OPERAND_CALL;
    call->function = id;
    call->arguments = g_array_new(FALSE, TRUE, sizeof(Operand));
    g_array_set_clear_func(call->arguments, operand_clear);
}

static Operand *argument_new(Operand *call) {
    g_array_set_size(call->arguments, call->arguments->len + 1);
    return &g_array_index(call->arguments, Operand, call->arguments->len - 1);
}

static const char *kind_words(guint kinds) {
    static const struct {
        guint kind;
        const char *words;
    } all[] = {{K(NUMBER), "数值 / a number"},
               {K(DATE), "日期或时间 / a date or time"},
               {K(TEXT), "文字或代码 / a text or code"}};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if (kinds & all[i].kind)
            return all[i].words;
    return "";
}

/* `wanted`: "中文 / English". */
static gboolean refuse_argument(Parser *parser, const char *at, FunctionId id, const char *wanted) {
    const char *name = function_name(id), *english = strstr(wanted, " / ");
    g_autofree char *what =
        g_strdup_printf("“%s”此处需要%.*s / “%s” needs here %s", name, (int)(english - wanted),
                        wanted, name, english + strlen(" / "));
    return parser_fail(parser, at, what);
}

/* Numbers inside an expression keep a size that no product of a few leaves a double with. */
static gboolean literal_sized(const Operand *operand) {
    double size = fabs(operand->term.number);
    return operand->kind != OPERAND_LITERAL || operand->term.kind != TERM_NUMBER || size == 0 ||
           (size >= EXPRESSION_SMALLEST && size <= EXPRESSION_LARGEST);
}

static gboolean argument_fits(Parser *parser, const char *at, Operand *call, Operand *argument) {
    FunctionId id = call->function;
    const Operand *first = operand_at(call->arguments, 0);
    if (!(functions[id].kinds >> argument->term.kind & 1))
        return refuse_argument(parser, at, id, kind_words(functions[id].kinds));
    if (functions[id].result == TERM_NONE && argument->term.kind != first->term.kind)
        return refuse_argument(parser, at, id, "各值类型一致 / values of one kind");
    return literal_sized(argument) ||
           parser_fail(parser, at, "表达式中的数须在 ±1e15 之内 / a number beyond ±1e15");
}

/* Appends one value to the call. */
static gboolean read_argument(Parser *parser, Operand *call) {
    const char *at = parser->token.start;
    Operand read = {0};
    if (!parse_value(parser, &read)) {
        operand_clear(&read);
        return FALSE;
    }
    Operand *argument = argument_new(call);
    *argument = read;
    return argument_fits(parser, at, call, argument);
}

static gboolean read_comma(Parser *parser) { return parser_expect(parser, TOKEN_COMMA, ","); }

/* Values up to the closing bracket, which is left. */
static gboolean read_arguments(Parser *parser, Operand *call) {
    FunctionId id = call->function;
    const char *at = parser->token.start;
    guint before = call->arguments->len, n = 0;
    while (parser->token.kind != TOKEN_CLOSE || n > 0) {
        if (n++ == ARGUMENTS_MAX)
            return refuse_argument(parser, at, id, "至多 16 个值 / 16 values at most");
        if (!read_argument(parser, call))
            return FALSE;
        if (parser->token.kind != TOKEN_COMMA)
            break;
        if (!parser_take(parser))
            return FALSE;
    }
    n = call->arguments->len - before;
    if (n >= functions[id].least && n <= functions[id].most)
        return TRUE;
    guint least = functions[id].least, most = functions[id].most;
    g_autofree char *range =
        least == most ? g_strdup_printf("%u", least) : g_strdup_printf("%u–%u", least, most);
    g_autofree char *wanted = g_strdup_printf(" %s 个值 / %s values", range, range);
    return refuse_argument(parser, at, id, wanted);
}

static gboolean read_round(Parser *parser, Operand *call) {
    const char *at = parser->token.start;
    if (!read_arguments(parser, call))
        return FALSE;
    if (call->arguments->len == 1)
        return TRUE;
    const Operand *places = operand_at(call->arguments, 1);
    double n = places->term.number;
    return (places->kind == OPERAND_LITERAL && n >= 0 && n <= DECIMALS_MAX && n == floor(n)) ||
           refuse_argument(parser, at, FUNCTION_ROUND,
                           "小数位数 0–6 / a number of decimals, 0 to 6");
}

static gboolean read_choose(Parser *parser, Operand *call) {
    call->condition = parse_or(parser);
    return call->condition && read_comma(parser) && read_arguments(parser, call);
}

static gboolean codes_have_spans(const Operand *operand) {
    return operand->codes && operand->codes->has_spans;
}

static gboolean read_workday(Parser *parser, Operand *call) {
    call->calendar = parser->scope->calendar;
    return read_arguments(parser, call);
}

/* '3d' or '-60d' */
static gboolean read_span_literal(const char *text, Span *span) {
    gboolean back = *text == '-';
    if (!span_parse(text + back, span) || span->n == 0)
        return FALSE;
    span->n = back ? -span->n : span->n;
    return TRUE;
}

/* add(date, '3d') or add(date, field of codes that are spans) */
static gboolean read_add(Parser *parser, Operand *call) {
    if (!read_argument(parser, call) || !read_comma(parser))
        return FALSE;
    const char *at = parser->token.start;
    call->calendar = parser->scope->calendar;
    if (parser->token.kind == TOKEN_TEXT) {
        g_autofree char *text = token_unquoted(&parser->token);
        if (!read_span_literal(text, &call->span))
            return parser_fail_here(parser, "写 '3h'、'10d'、'10wd'、'6m'、'1y' 或 '-60d' / write "
                                            "'3h', '10d', '10wd', '6m', '1y' or '-60d'");
        if (operand_at(call->arguments, 0)->term.kind == TERM_DATE && call->span.unit <= SPAN_HOURS)
            return parser_fail_here(parser, "日期不能加小时 / hours cannot be added to a date");
        return parser_take(parser);
    }
    Operand *span = argument_new(call);
    if (!parse_value(parser, span))
        return FALSE;
    return codes_have_spans(span) ||
           refuse_argument(parser, at, FUNCTION_ADD,
                           "'3d' 或表示时限的代码 / '3d', or a code that stands for a span");
}

static gboolean is_rows(const Parser *parser, const char *name) {
    const ConditionScope *scope = parser->scope;
    return scope->row_kind && scope->row_kind(scope->data, name, NULL) != TERM_NONE;
}

/* The name before the dot of the word that is looked at. */
static char *head_of_word(const Parser *parser) {
    const Token *token = &parser->token;
    if (token->kind != TOKEN_WORD)
        return g_strdup("");
    const char *dot = memchr(token->start, '.', token->length);
    return g_strndup(token->start, dot ? (gsize)(dot - token->start) : token->length);
}

static const CodeList *codes_of_arguments(const Operand *call) {
    const CodeList *codes = NULL;
    for (guint i = 0; i < call->arguments->len; i++) {
        const Operand *argument = operand_at(call->arguments, i);
        if (argument->kind == OPERAND_LITERAL && argument->term.kind == TERM_TEXT)
            continue;
        if (argument->codes == NULL || (codes && codes != argument->codes))
            return NULL;
        codes = argument->codes;
    }
    return codes;
}

static gboolean read_worst(Parser *parser, Operand *call) {
    g_autofree char *head = head_of_word(parser);
    const char *at = parser->token.start;
    if (is_rows(parser, head)) {
        call->function = FUNCTION_WORST_ROW;
        if (!read_rows_call(parser, call))
            return FALSE;
    } else if (!read_arguments(parser, call)) {
        return FALSE;
    }
    return codes_of_arguments(call) ||
           refuse_argument(parser, at, FUNCTION_WORST, "同一代码表的代码 / codes of one code list");
}

/* ---- over rows ---- */

static gboolean rows_begin(Parser *parser, Operand *call) {
    if (parser->rows)
        return parser_fail_here(parser, "明细之内不能再汇总 / inside rows there are no rows");
    call->rows = head_of_word(parser);
    if (is_rows(parser, call->rows))
        return TRUE;
    g_autofree char *what = g_strdup_printf("没有明细字段 %.64s / there is no field of rows %.64s",
                                            call->rows, call->rows);
    return parser_fail_here(parser, what);
}

/* rows.f; the word is looked at. */
static gboolean read_row_field(Parser *parser, Operand *call) {
    const char *at = parser->token.start;
    gsize skip = strlen(call->rows) + 1;
    g_autofree char *name = g_strndup(at + skip, parser->token.length - skip);
    Operand read = {0};
    if (!put_name(parser, name, &read) || !parser_take(parser)) {
        operand_clear(&read);
        return FALSE;
    }
    Operand *argument = argument_new(call);
    *argument = read;
    return argument_fits(parser, at, call, argument);
}

/* sum(rows.f), sum(rows, EXPR over the row) */
static gboolean read_rows_call(Parser *parser, Operand *call) {
    if (!rows_begin(parser, call))
        return FALSE;
    gboolean field = parser->token.length > strlen(call->rows);
    if (!field && (!parser_take(parser) || !read_comma(parser)))
        return FALSE;
    parser->rows = call->rows;
    gboolean read = field ? read_row_field(parser, call) : read_argument(parser, call);
    parser->rows = NULL;
    return read;
}

/* count(rows), count(rows, COND over the row) */
static gboolean read_count(Parser *parser, Operand *call) {
    if (!rows_begin(parser, call))
        return FALSE;
    if (parser->token.length > strlen(call->rows))
        return refuse_argument(parser, parser->token.start, FUNCTION_COUNT,
                               "明细字段名 / the name of a field of rows");
    if (!parser_take(parser))
        return FALSE;
    if (parser->token.kind != TOKEN_COMMA)
        return TRUE;
    if (!parser_take(parser))
        return FALSE;
    parser->rows = call->rows;
    call->condition = parse_or(parser);
    parser->rows = NULL;
    return call->condition != NULL;
}

/* ---- tables ---- */

static gboolean read_table_name(Parser *parser, Operand *call, gboolean range) {
    const ConditionScope *scope = parser->scope;
    if (parser->token.kind != TOKEN_TEXT)
        return refuse_argument(parser, parser->token.start, call->function,
                               "'表名' / the name of a table in '...'");
    g_autofree char *name = token_unquoted(&parser->token);
    call->table = scope->table ? scope->table(scope->data, name) : NULL;
    if (call->table && call->table->range == range)
        return parser_take(parser);
    g_autofree char *what = g_strdup_printf(
        call->table ? "表 %.64s 用 %s 查 / look into the table %.64s with %s"
                    : "没有表 %.64s / there is no table %.64s",
        name, call->table ? range ? "lookup" : "band" : name, name, range ? "lookup" : "band");
    return parser_fail_here(parser, what);
}

static gboolean read_column(Parser *parser, Operand *call) {
    if (parser->token.kind != TOKEN_TEXT)
        return refuse_argument(parser, parser->token.start, call->function,
                               "'列名' / the name of a column in '...'");
    g_autofree char *name = token_unquoted(&parser->token);
    int column = table_column(call->table, name);
    g_autofree char *what = g_strdup_printf("表 %s 没有列 %.64s / the table %s has no column %.64s",
                                            call->table->name, name, call->table->name, name);
    call->column = (guint)MAX(column, 0);
    return column >= 0 ? parser_take(parser) : parser_fail_here(parser, what);
}

static void column_result(Operand *call) {
    const TableColumn *column = &g_array_index(call->table->columns, TableColumn, call->column);
    call->term.kind = column->kind;
    call->codes = column->codes;
}

static gboolean keys_fit(Parser *parser, const char *at, const Operand *call) {
    if (call->arguments->len != call->table->key_count) {
        g_autofree char *wanted =
            g_strdup_printf(" %u 个键 / %u keys", call->table->key_count, call->table->key_count);
        return refuse_argument(parser, at, call->function, wanted);
    }
    for (guint i = 0; i < call->arguments->len; i++) {
        const TableColumn *key = &g_array_index(call->table->columns, TableColumn, i);
        if (operand_at(call->arguments, i)->term.kind != key->kind)
            return refuse_argument(parser, at, call->function, kind_words(1u << key->kind));
    }
    return TRUE;
}

/* lookup('table', 'column', key…) */
static gboolean read_lookup(Parser *parser, Operand *call) {
    const char *at = parser->token.start;
    if (!read_table_name(parser, call, FALSE) || !read_comma(parser) ||
        !read_column(parser, call) || !read_comma(parser) || !read_arguments(parser, call) ||
        !keys_fit(parser, at, call))
        return FALSE;
    column_result(call);
    return TRUE;
}

/* band('table', number [, 'column']) */
static gboolean read_band(Parser *parser, Operand *call) {
    if (!read_table_name(parser, call, TRUE) || !read_comma(parser) || !read_argument(parser, call))
        return FALSE;
    call->column = call->table->key_count;
    if (parser->token.kind == TOKEN_COMMA && (!parser_take(parser) || !read_column(parser, call)))
        return FALSE;
    column_result(call);
    return TRUE;
}

/* ---- one call ---- */

/* Calls whose kind hangs on what they are given. */
static void call_result(Operand *call) {
    FunctionId id = call->function;
    if (id == FUNCTION_LOOKUP || id == FUNCTION_BAND)
        return;
    call->term.kind = functions[id].result != TERM_NONE ? functions[id].result
                                                        : operand_at(call->arguments, 0)->term.kind;
    if (call->term.kind == TERM_TEXT && id != FUNCTION_CONCAT && id != FUNCTION_SM3)
        call->codes = codes_of_arguments(call);
}

static gboolean refuse_function(Parser *parser) {
    g_autoptr(GString) what = g_string_new(NULL);
    int n = (int)MIN(parser->token.length, 64);
    g_string_append_printf(what, "没有函数 %.*s / there is no function %.*s:", n,
                           parser->token.start, n, parser->token.start);
    for (FunctionId id = FUNCTION_ROUND; id < FUNCTION_WORST_ROW; id++)
        g_string_append_printf(what, " %s", functions[id].name);
    return parser_fail_here(parser, what->str);
}

static gboolean count_call(Parser *parser) {
    return ++parser->calls <= CALLS_MAX ||
           parser_fail_here(parser, "运算过多，最多 400 个 / more than 400 operations");
}

static gboolean read_call(Parser *parser, Operand *out) {
    FunctionId id = FUNCTION_ROUND;
    while (id < FUNCTION_WORST_ROW && !parser_is_word(parser, functions[id].name))
        id++;
    if (id == FUNCTION_WORST_ROW)
        return refuse_function(parser);
    call_init(out, id);
    CallRead read = functions[id].read ? functions[id].read : read_arguments;
    if (!count_call(parser) || !parser_enter(parser) || !parser_take(parser) ||
        !parser_expect(parser, TOKEN_OPEN, "(") || !read(parser, out))
        return FALSE;
    parser_leave(parser);
    call_result(out);
    return parser_expect(parser, TOKEN_CLOSE, ")");
}

/* ---- atoms ---- */

static gboolean read_word(Parser *parser, Operand *out) {
    if (is_keyword(parser))
        return parser_fail_here(parser,
                                "此处应为值或字段，不是关键字 / a value or field is expected here, "
                                "not a keyword");
    if (parser_is_word(parser, "true") || parser_is_word(parser, "false")) {
        out->term = (Term){.kind = TERM_BOOL, .truth = parser_is_word(parser, "true")};
        return parser_take(parser);
    }
    if (!followed_by_open(parser))
        return read_name(parser, out);
    if (parser_is_word(parser, "date"))
        return read_instant(parser, date_parse, out);
    if (parser_is_word(parser, "timestamp"))
        return read_instant(parser, timestamp_parse, out);
    if (parser_is_word(parser, "duration"))
        return read_instant(parser, duration_literal, out);
    return read_call(parser, out);
}

static gboolean read_bracket(Parser *parser, Operand *out) {
    if (!parser_enter(parser) || !parser_take(parser) || !parse_value(parser, out))
        return FALSE;
    parser_leave(parser);
    return parser_expect(parser, TOKEN_CLOSE, ")");
}

static gboolean read_factor(Parser *parser, Operand *out);

static gboolean read_negative(Parser *parser, Operand *out) {
    if (*parser->token.start != '-')
        return parser_fail_here(parser, "此处应为值 / a value is expected here");
    const char *at = parser->token.start;
    if (!parser_take(parser))
        return FALSE;
    if (parser->token.kind == TOKEN_NUMBER)
        return read_number(parser, TRUE, out);
    call_init(out, FUNCTION_NEGATE);
    out->term.kind = TERM_NUMBER;
    Operand *argument = argument_new(out);
    if (!count_call(parser) || !parser_enter(parser) || !read_factor(parser, argument))
        return FALSE;
    parser_leave(parser);
    return argument_fits(parser, at, out, argument);
}

static gboolean read_factor(Parser *parser, Operand *out) {
    switch (parser->token.kind) {
    case TOKEN_WORD:
        return read_word(parser, out);
    case TOKEN_QUOTED:
        return read_name(parser, out);
    case TOKEN_TEXT:
        return read_text(parser, out);
    case TOKEN_NUMBER:
        return read_number(parser, FALSE, out);
    case TOKEN_SIGN:
        return read_negative(parser, out);
    case TOKEN_VARIABLE:
        return read_variable(parser, out);
    case TOKEN_OPEN:
        return read_bracket(parser, out);
    default:
        return parser_fail_here(parser, "此处应为值或字段 / a value or field is expected here");
    }
}

/* ---- arithmetic ---- */

/* `out` becomes the first of the two; the sign is looked at. */
static gboolean read_second(Parser *parser, FunctionId id, const char *at, Operand *out,
                            gboolean (*read)(Parser *, Operand *)) {
    Operand first = *out;
    *out = (Operand){.term = {.kind = TERM_NUMBER}};
    call_init(out, id);
    *argument_new(out) = first;
    if (!argument_fits(parser, at, out, argument_new(out) - 1) || !count_call(parser) ||
        !parser_take(parser))
        return FALSE;
    const char *second_at = parser->token.start;
    Operand *second = &g_array_index(out->arguments, Operand, 1);
    return read(parser, second) && argument_fits(parser, second_at, out, second);
}

static gboolean read_product(Parser *parser, Operand *out) {
    const char *at = parser->token.start;
    if (!read_factor(parser, out))
        return FALSE;
    while (parser->token.kind == TOKEN_FACTOR)
        if (!read_second(parser, *parser->token.start == '*' ? FUNCTION_TIMES : FUNCTION_DIVIDE, at,
                         out, read_factor))
            return FALSE;
    return TRUE;
}

gboolean parse_value(Parser *parser, Operand *out) {
    const char *at = parser->token.start;
    if (!read_product(parser, out))
        return FALSE;
    while (parser->token.kind == TOKEN_SIGN)
        if (!read_second(parser, *parser->token.start == '+' ? FUNCTION_PLUS : FUNCTION_MINUS, at,
                         out, read_product))
            return FALSE;
    return TRUE;
}

/* A value is followed by what compares or reckons with it; a condition never is. */
gboolean bracket_is_value(const Parser *parser) {
    static const char *const words[] = {"in", "between", "like", "is", "not", "under"};
    int open = 1;
    Token token = {.start = parser->token.start, .length = parser->token.length};
    while (open > 0) {
        if (!token_read(token.start + token.length, &token) || token.kind == TOKEN_END)
            return FALSE;
        open += (token.kind == TOKEN_OPEN) - (token.kind == TOKEN_CLOSE);
    }
    if (!token_read(token.start + token.length, &token))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (token_is_word(&token, words[i]))
            return TRUE;
    return token.kind == TOKEN_COMPARE || token.kind == TOKEN_SIGN || token.kind == TOKEN_FACTOR;
}
