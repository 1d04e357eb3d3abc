/* The fields of a type, and whether a literal can stand in one. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/media.h"
#include "pack/pack_key.h"

#include <math.h>
#include <string.h>

enum { FILES_DEFAULT = 10, FILE_BYTES_DEFAULT = 20 * 1000 * 1000 };
enum { FIELDS_MAX = 200, TEXT_MAX_DEFAULT = 4000, TEXT_MAX = 100000, PATTERN_CHARS = 200 };

#define KIND(kind) (1u << FIELD_##kind)
#define KINDS_NUMBER (KIND(INTEGER) | KIND(DECIMAL) | KIND(MONEY) | KIND(SCORE))
#define KINDS_RANGE (KINDS_NUMBER | KIND(DURATION))

/* ---- which kinds take which keys ---- */

static const struct {
    const char *key;
    guint kinds;     /* that may have it */
    guint needed;    /* that must have it */
    const char *why; /* not the others; or NULL */
} kind_keys[] = {
    {"max", KIND(TEXT) | KINDS_RANGE, KIND(SCORE), NULL},
    {"min", KINDS_RANGE, 0, NULL},
    {"unit", KIND(INTEGER) | KIND(DECIMAL) | KIND(SCORE), 0, NULL},
    {"pattern", KIND(TEXT), 0, NULL},
    {"format", KIND(TEXT), 0, NULL},
    {"unique", KIND(TEXT) | KINDS_NUMBER | KIND(REF) | KIND(REGION) | KIND(DATE), 0, NULL},
    {"codes", KIND(CODE), KIND(CODE), NULL},
    {"type", KIND(REF), KIND(REF), NULL},
    {"default", ~(KIND(POINT) | KIND(ROWS) | KIND(FILE) | KIND(AREA)), 0, NULL},
    {"fields", KIND(ROWS), KIND(ROWS), NULL},
    {"min_rows", KIND(ROWS), 0, NULL},
    {"max_rows", KIND(ROWS), 0, NULL},
    {"under", KIND(CODE), 0, NULL},
    {"accept", KIND(FILE), 0, NULL},
    {"max_files", KIND(FILE), 0, NULL},
    {"max_size", KIND(FILE), 0, NULL},
    {"secret", KIND(TEXT) | KINDS_RANGE | KIND(BOOL) | KIND(DATE) | KIND(TIME) | KIND(CODE), 0,
     "密封的值不能查找、关联或上图；改用 text，或限制整个类型的 rights / what is sealed cannot be "
     "looked "
     "up, linked or drawn: use text, or narrow the rights of the whole type"},
};

static gboolean kind_keys_fit(const YamlNode *node, const Field *field, GError **error) {
    const char *kind = field_kind_name(field->kind);
    for (gsize i = 0; i < G_N_ELEMENTS(kind_keys); i++) {
        const char *key = kind_keys[i].key;
        gboolean given = tree_get(node, key) != NULL;
        gboolean fits = kind_keys[i].kinds >> field->kind & 1;
        if (given && !fits)
            return refuse(error, node, kind_keys[i].why ? kind_keys[i].why : "删除该键 / remove it",
                          "%s 字段不能有 %s / a field of kind %s has no %s", kind, key, kind, key);
        if (!given && (kind_keys[i].needed >> field->kind & 1))
            return refuse(error, node, "加上该键 / add it",
                          "%s 字段缺少 %s / a field of kind %s needs %s", kind, key, kind, key);
    }
    return TRUE;
}

/* ---- literals ---- */

static gboolean refuse_kind(const Field *field, const YamlNode *node, GError **error) {
    const char *kind = field_kind_name(field->kind);
    return refuse(error, node,
                  "代码和文字加引号，数字和 true/false 不加 / quote codes and text, not "
                  "numbers and true/false",
                  "值与字段 %s（%s）的类型不符 / the value does not fit the field %s of kind %s",
                  field->name, kind, field->name, kind);
}

static gboolean text_fits(Loader *loader, const Field *field, const Assignment *value,
                          const YamlNode *node, GError **error) {
    (void)loader;
    if (value->kind != VALUE_TEXT)
        return refuse_kind(field, node, error);
    if (g_utf8_strlen(value->text, -1) > field->max_chars)
        return refuse(error, node, "缩短 / shorten it",
                      "超过字段 %s 的 %d 字 / longer than the %d characters of %s", field->name,
                      field->max_chars, field->max_chars, field->name);
    if (field->pattern && !g_regex_match(field->pattern, value->text, 0, NULL))
        return refuse(error, node, field->pattern_text,
                      "不符合字段 %s 的 pattern / does not match the pattern of %s", field->name,
                      field->name);
    if (field->format && !uscc_valid(value->text))
        return refuse(error, node, "检查校验位 / check the check digit",
                      "不是统一社会信用代码 / not a unified social credit code");
    return TRUE;
}

static gboolean is_in_range(const Field *field, double n, const YamlNode *node, GError **error) {
    if ((field->has_min && n < field->min) || (field->has_max && n > field->max))
        return refuse(error, node, "改为范围内的值 / use a value inside",
                      "超出字段 %s 的 min..max / outside min..max of %s", field->name, field->name);
    return TRUE;
}

static gboolean number_fits(Loader *loader, const Field *field, const Assignment *value,
                            const YamlNode *node, GError **error) {
    (void)loader;
    const double exact = 9007199254740992.0; /* 2^53 */
    double n = value->number;
    if (value->kind != VALUE_NUMBER)
        return refuse_kind(field, node, error);
    if (field->kind == FIELD_INTEGER && (n != floor(n) || fabs(n) > exact))
        return refuse_kind(field, node, error);
    return is_in_range(field, n, node, error);
}

static gboolean hundredths_fit(Loader *loader, const Field *field, const Assignment *value,
                               const YamlNode *node, GError **error) {
    gint64 hundredths;
    if (value->kind == VALUE_NUMBER && !hundredths_of(value->number, &hundredths))
        return refuse(
            error, node, "最多两位小数 / at most two decimals",
            "字段 %s 的值最多两位小数、15 位数字 / a value of %s has at most two decimals "
            "and 15 digits",
            field->name, field->name);
    return number_fits(loader, field, value, node, error);
}

static gboolean duration_fits(Loader *loader, const Field *field, const Assignment *value,
                              const YamlNode *node, GError **error) {
    (void)loader;
    gint64 ms;
    if (value->kind != VALUE_TEXT || !duration_parse(value->text, &ms))
        return refuse_kind(field, node, error);
    return is_in_range(field, (double)ms, node, error);
}

static gboolean bool_fits(Loader *loader, const Field *field, const Assignment *value,
                          const YamlNode *node, GError **error) {
    (void)loader;
    return value->kind == VALUE_BOOL || refuse_kind(field, node, error);
}

static gboolean date_fits(Loader *loader, const Field *field, const Assignment *value,
                          const YamlNode *node, GError **error) {
    (void)loader;
    gint64 day;
    return (value->kind == VALUE_TEXT && day_parse(value->text, &day)) ||
           refuse_kind(field, node, error);
}

static gboolean time_fits(Loader *loader, const Field *field, const Assignment *value,
                          const YamlNode *node, GError **error) {
    (void)loader;
    gint64 ms;
    return (value->kind == VALUE_TEXT && time_parse(value->text, &ms)) ||
           refuse_kind(field, node, error);
}

static gboolean code_fits(Loader *loader, const Field *field, const Assignment *value,
                          const YamlNode *node, GError **error) {
    (void)loader;
    if (value->kind != VALUE_TEXT)
        return refuse_kind(field, node, error);
    return g_hash_table_contains(field->codes->by_code, value->text) ||
           refuse(error, node, "使用代码表中的代码 / use a code of the list",
                  "代码表 %s 没有“%s” / the list %s has no code %s", field->codes->name,
                  value->text, field->codes->name, value->text);
}

static gboolean role_fits(Loader *loader, const Field *field, const Assignment *value,
                          const YamlNode *node, GError **error) {
    if (value->kind != VALUE_TEXT)
        return refuse_kind(field, node, error);
    return packs_role(loader->packs, value->text) != NULL ||
           refuse(error, node, "先在 roles 中定义 / define it under roles",
                  "没有角色“%s” / there is no role %s", value->text, value->text);
}

/* The id of a record, which may not exist yet when packs are read. */
static gboolean id_fits(Loader *loader, const Field *field, const Assignment *value,
                        const YamlNode *node, GError **error) {
    (void)loader;
    return value->kind == VALUE_TEXT || refuse_kind(field, node, error);
}

static gboolean nothing_fits(Loader *loader, const Field *field, const Assignment *value,
                             const YamlNode *node, GError **error) {
    (void)loader;
    (void)value;
    return refuse_kind(field, node, error);
}

gboolean literal_fits(Loader *loader, const Field *field, const Assignment *value,
                      const YamlNode *node, GError **error) {
    static gboolean (*const fits[FIELD_KINDS])(Loader *, const Field *, const Assignment *,
                                               const YamlNode *, GError **) = {
        [FIELD_TEXT] = text_fits,         [FIELD_INTEGER] = number_fits,
        [FIELD_DECIMAL] = number_fits,    [FIELD_BOOL] = bool_fits,
        [FIELD_DATE] = date_fits,         [FIELD_TIME] = time_fits,
        [FIELD_CODE] = code_fits,         [FIELD_REF] = id_fits,
        [FIELD_REGION] = id_fits,         [FIELD_ROLE] = role_fits,
        [FIELD_POINT] = nothing_fits,     [FIELD_MONEY] = hundredths_fit,
        [FIELD_DURATION] = duration_fits, [FIELD_SCORE] = hundredths_fit,
        [FIELD_FILE] = nothing_fits,      [FIELD_ROWS] = nothing_fits,
        [FIELD_AREA] = nothing_fits,
    };
    if (value->kind == VALUE_TEXT && *value->text == 0)
        return refuse(error, node, "写 null 或文字 / write null or a text",
                      "空文字等于没有值 / an empty text is no value");
    if (value->kind != VALUE_NULL)
        return fits[field->kind](loader, field, value, node, error);
    return !field->required || refuse(error, node, "给出值 / give a value",
                                      "必填字段 %s 不能为空 / the required field %s cannot be null",
                                      field->name, field->name);
}

gboolean literal_read(Loader *loader, const YamlNode *node, Assignment *value, GError **error) {
    gboolean truth;
    if (node->kind != YAML_SCALAR)
        return refuse(error, node, "写一个值 / write one value",
                      "此处应为一个值 / one value is expected here");
    if (tree_is_null(node)) {
        value->kind = VALUE_NULL;
    } else if (tree_is_bool(node, &truth)) {
        value->kind = VALUE_BOOL;
        value->number = truth;
    } else if (tree_is_number(node, &value->number)) {
        value->kind = VALUE_NUMBER;
    } else {
        value->kind = VALUE_TEXT;
        value->text = packs_text(loader->packs, node->text);
    }
    return TRUE;
}

/* ---- keys of a field ---- */

static gboolean read_field_name(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    static const char *const reserved[] = {"id",      "version",    "state",      "number",
                                           "type",    "created_at", "created_by", "updated_at",
                                           "comment", NULL};
    if (!is_text(node, error))
        return FALSE;
    gboolean of_row = loader->type->owner && strcmp(node->text, "record") == 0;
    if (g_strv_contains(reserved, node->text) || *node->text == '_' || of_row)
        return refuse(error, node, "换一个名称 / use another name",
                      "字段名“%s”是保留名 / the field name %s is reserved", node->text, node->text);
    return read_name(loader, node, place, error);
}

static gboolean read_kind(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    g_autoptr(GString) known = g_string_new("可用 / known:");
    Field *field = place;
    if (!is_text(node, error))
        return FALSE;
    for (FieldKind kind = 0; kind < FIELD_KINDS; kind++) {
        g_string_append_printf(known, " %s", field_kind_name(kind));
        if (strcmp(field_kind_name(kind), node->text) != 0)
            continue;
        field->kind = kind;
        field->has_min = kind == FIELD_SCORE; /* from 0 */
        return TRUE;
    }
    return refuse(error, node, known->str, "没有字段类型“%s” / there is no kind %s", node->text,
                  node->text);
}

static gboolean read_codes(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_text(node, error))
        return FALSE;
    CodeList *list = g_hash_table_lookup(loader->packs->codes_by_name, node->text);
    *(const CodeList **)place = list;
    return list || refuse(error, node, "先在 codes 中定义 / define it under codes",
                          "没有代码表“%s” / there is no code list %s", node->text, node->text);
}

static gboolean read_ref_type(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    if (!is_text(node, error))
        return FALSE;
    *(char **)place = packs_text(loader->packs, node->text);
    return packs_type(loader->packs, node->text) ||
           refuse(error, node, "先定义该类型 / define that type",
                  "没有类型“%s” / there is no type %s", node->text, node->text);
}

static gboolean is_number(const YamlNode *node, double *number, GError **error) {
    return tree_is_number(node, number) || refuse(error, node, "写一个数 / write a number",
                                                  "此处应为数字 / a number is expected here");
}

/* A limit of the field's values: a number, or a duration as text. */
static gboolean is_limit(const Field *field, const YamlNode *node, double *limit, GError **error) {
    gint64 ms, hundredths;
    if (field->kind == FIELD_DURATION) {
        if (node->kind != YAML_SCALAR || !duration_parse(node->text, &ms))
            return refuse(error, node, "写 PT8H 或 P3D / write PT8H or P3D",
                          "此处应为时长 / a duration is expected here");
        *limit = (double)ms;
        return TRUE;
    }
    if (!is_number(node, limit, error))
        return FALSE;
    gboolean exact = field->kind == FIELD_MONEY || field->kind == FIELD_SCORE;
    return !exact || hundredths_of(*limit, &hundredths) ||
           refuse(error, node, "最多两位小数 / at most two decimals",
                  "此处最多两位小数、15 位数字 / at most two decimals and 15 digits here");
}

static gboolean read_min(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    Field *field = place;
    field->has_min = TRUE;
    return is_limit(field, node, &field->min, error);
}

/* Characters of a text, or the largest number. */
static gboolean read_max(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    Field *field = place;
    double max;
    if (!is_limit(field, node, &max, error))
        return FALSE;
    if (field->kind != FIELD_TEXT) {
        field->has_max = TRUE;
        field->max = max;
        return TRUE;
    }
    if (max < 1 || max > TEXT_MAX || max != floor(max))
        return refuse(error, node, "1 到 100000 / 1 to 100000",
                      "文字长度上限不合理 / not a number of characters");
    field->max_chars = (int)max;
    return TRUE;
}

static gboolean read_pattern(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Field *field = place;
    g_autoptr(GError) cause = NULL;
    if (!is_text(node, error))
        return FALSE;
    if (g_utf8_strlen(node->text, -1) > PATTERN_CHARS)
        return refuse(error, node, "缩短 / shorten it", "pattern 超过 200 字 / longer than 200");
    g_autoptr(GRegex) alone = g_regex_new(node->text, 0, 0, &cause); /* so that ")|(" is refused */
    if (alone == NULL)
        return refuse(error, node, cause->message,
                      "pattern 不是正则表达式 / not a regular expression");
    g_autofree char *anchored = g_strdup_printf("\\A(?:%s)\\z", node->text);
    field->pattern = g_regex_new(anchored, G_REGEX_OPTIMIZE, 0, &cause);
    if (field->pattern == NULL)
        return refuse(error, node, cause->message,
                      "pattern 不是正则表达式 / not a regular expression");
    packs_own(loader->packs, field->pattern, (GDestroyNotify)g_regex_unref);
    field->pattern_text = packs_text(loader->packs, node->text);
    return TRUE;
}

static gboolean read_format(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_text(node, error))
        return FALSE;
    *(char **)place = packs_text(loader->packs, node->text);
    return strcmp(node->text, "uscc") == 0 || strcmp(node->text, "login") == 0 ||
           refuse(error, node, "可用 / known: uscc, login", "没有格式“%s” / there is no format %s",
                  node->text, node->text);
}

/* true, false, {when: CONDITION} or {states: [STATE]}. */
static gboolean read_required(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    static const KeyRow rows[] = {
        {"when", FALSE, PASS_RULES, read_condition, offsetof(Field, required_when)},
        {"states", FALSE, PASS_RULES, read_own_states, offsetof(Field, required_states)}};
    if (node->kind != YAML_MAP)
        return read_flag(loader, node, &((Field *)place)->required, error);
    if (tree_count(node) != 1)
        return refuse(error, node,
                      "写 {when: 条件} 或 {states: [状态]} / write {when: CONDITION} or "
                      "{states: [STATE]}",
                      "required 只有一个键 / required has one key");
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error);
}

static gboolean read_shown(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"when", TRUE, PASS_RULES, read_condition, offsetof(Field, shown_when)}};
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error);
}

static gboolean read_default(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Field *field = place;
    Assignment value = {0};
    if (field->kind == FIELD_CODE && field->codes == NULL)
        return TRUE; /* refused by kind_keys_fit */
    if (!is_text(node, error) || !literal_read(loader, node, &value, error) ||
        !literal_fits(loader, field, &value, node, error))
        return FALSE;
    field->default_value = packs_text(loader->packs, node->text);
    return TRUE;
}

/* ---- rows: the fields of one row are read as those of a type of its own ---- */

enum { TABLE_BYTES = 63 - 4, ROWS_USUAL = 200, ROWS_MAX = 1000 }; /* r_TYPE__FIELD: PostgreSQL */

static gboolean rows_begin(Loader *loader, const YamlNode *node, Field *field, GError **error) {
    if (loader->type->owner)
        return refuse(error, node, "改为另一类型的记录 / use records of another type",
                      "rows 里不能再有 rows / there are no rows inside rows");
    if (strlen(loader->type->name) + strlen(field->name) > TABLE_BYTES)
        return refuse(
            error, node, "缩短名称 / shorten the name",
            "类型名加字段名超过 %d 个字母 / the names of type and field together are longer "
            "than %d",
            TABLE_BYTES, TABLE_BYTES);
    g_autofree char *name = g_strdup_printf("%s__%s", loader->type->name, field->name);
    field->rows = type_new(loader->packs);
    field->rows->name = packs_text(loader->packs, name);
    field->rows->title = field->title;
    field->rows->owner = loader->type;
    return TRUE;
}

static gboolean read_row_fields(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    Field *field = place;
    RecordType *outer = loader->type;
    if (field->kind != FIELD_ROWS)
        return TRUE; /* refused by kind_keys_fit */
    if (field->rows == NULL && !rows_begin(loader, node, field, error))
        return FALSE;
    loader->type = field->rows;
    gboolean done = read_fields(loader, node, field->rows, error);
    loader->type = outer;
    return done;
}

static gboolean read_row_count(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    (void)loader;
    double n;
    if (!is_number(node, &n, error))
        return FALSE;
    if (n < 0 || n > ROWS_MAX || n != floor(n))
        return refuse(error, node, "0 到 1000 / 0 to 1000", "行数不合理 / not a number of rows");
    *(guint *)place = (guint)n;
    return TRUE;
}

/* What belongs to a whole record, or could not be told from what was given. */
static gboolean fits_in_row(const YamlNode *node, const Field *field, GError **error) {
    static const char *const never[] = {"unique", "by_move", "secret"};
    for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
        if (tree_get(node, never[i]))
            return refuse(error, node, "删除该键 / remove it",
                          "rows 里的字段不能有 %s / a field of rows has no %s", never[i], never[i]);
    if (field->kind == FIELD_AREA)
        return refuse(error, node, "放到 rows 之外 / put it beside the rows",
                      "rows 里没有区域 / there are no areas inside rows");
    if (field->kind == FIELD_FILE)
        return refuse(error, node, "放到 rows 之外 / put it beside the rows",
                      "rows 里没有文件 / there are no files inside rows");
    if (tree_get(node, "shown") && tree_get(node, "default"))
        return refuse(error, node, "删除其一 / remove one of them",
                      "rows 里的字段不能同时有 shown 和 default / a field of rows has shown or "
                      "default");
    return TRUE;
}

/* The code field of the record whose branch a code inside its rows is taken from. */
static gboolean read_under(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const RecordType *owner = loader->type->owner;
    if (owner == NULL)
        return refuse(error, node, "删除该键 / remove it",
                      "under 只用于 rows 里的字段 / only a field of rows has under");
    if (!is_text(node, error))
        return FALSE;
    const Field *field = type_field(owner, node->text);
    if (field == NULL || field->kind != FIELD_CODE)
        return refuse(error, node, "写记录的一个 code 字段 / name a code field of the record",
                      "%s 不是记录的 code 字段 / %s is no code field of the record", node->text,
                      node->text);
    return read_text(loader, node, place, error);
}

/* ---- files ---- */

static gboolean read_accept(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    enum { CLASSES_MAX = 6 };
    guint *accept = place;
    if (!is_list(node, CLASSES_MAX, error))
        return FALSE;
    *accept = 0;
    for (guint i = 0; i < tree_count(node); i++) {
        const YamlNode *name = tree_at(node, i);
        guint bits = is_text(name, NULL) ? media_class(name->text) : 0;
        if (bits == 0)
            return refuse(error, name, "image, pdf, office, text, video, any",
                          "没有这类文件 / there is no such class of files");
        *accept |= bits;
    }
    return *accept != 0 || refuse(error, node, "写 any / write any", "空列表 / an empty list");
}

static gboolean read_max_files(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    (void)loader;
    double max = 0;
    if (!is_number(node, &max, error))
        return FALSE;
    *(int *)place = (int)CLAMP(max, 0, FILES_OF_FIELD_MAX + 1);
    return (max >= 1 && max <= FILES_OF_FIELD_MAX && max == floor(max)) ||
           refuse(error, node, "1 到 50 / 1 to 50", "文件个数上限不合理 / not a number of files");
}

/* "20MB", "500KB": thousands, as people count them. */
static gboolean read_max_size(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    (void)loader;
    static const struct {
        const char *unit;
        gint64 bytes;
    } units[] = {{"KB", 1000}, {"MB", 1000000}};
    if (!is_text(node, error))
        return FALSE;
    char *end;
    guint64 count = g_ascii_isdigit(*node->text) ? g_ascii_strtoull(node->text, &end, 10) : 0;
    for (gsize i = 0; count > 0 && i < G_N_ELEMENTS(units); i++)
        if (strcmp(end, units[i].unit) == 0 &&
            count <= (guint64)(FILE_BYTES_MAX / units[i].bytes)) {
            *(gint64 *)place = (gint64)count * units[i].bytes;
            return TRUE;
        }
    return refuse(error, node, "如 20MB，最大 100MB / like 20MB, 100MB at most",
                  "文件大小上限不合规则 / not a size");
}

static const KeyRow field_rows[] = {
    {"name", TRUE, PASS_SHAPE, read_field_name, offsetof(Field, name)},
    {"kind", TRUE, PASS_SHAPE, read_kind, 0},
    {"title", TRUE, PASS_SHAPE, read_title, offsetof(Field, title)},
    {"codes", FALSE, PASS_SHAPE, read_codes, offsetof(Field, codes)},
    {"type", FALSE, PASS_SHAPE, read_ref_type, offsetof(Field, ref_type)},
    {"unit", FALSE, PASS_SHAPE, read_text, offsetof(Field, unit)},
    {"min", FALSE, PASS_SHAPE, read_min, 0},
    {"max", FALSE, PASS_SHAPE, read_max, 0},
    {"pattern", FALSE, PASS_SHAPE, read_pattern, 0},
    {"format", FALSE, PASS_SHAPE, read_format, offsetof(Field, format)},
    {"unique", FALSE, PASS_SHAPE, read_flag, offsetof(Field, unique)},
    {"secret", FALSE, PASS_SHAPE, read_flag, offsetof(Field, secret)},
    {"by_move", FALSE, PASS_SHAPE, read_flag, offsetof(Field, by_move)},
    {"required", FALSE, PASS_SHAPE | PASS_RULES, read_required, 0},
    {"shown", FALSE, PASS_SHAPE | PASS_RULES, read_shown, 0},
    {"default", FALSE, PASS_SHAPE, read_default, 0},
    {"min_rows", FALSE, PASS_SHAPE, read_row_count, offsetof(Field, min_rows)},
    {"max_rows", FALSE, PASS_SHAPE, read_row_count, offsetof(Field, max_rows)},
    {"fields", FALSE, PASS_SHAPE | PASS_RULES, read_row_fields, 0},
    {"under", FALSE, PASS_RULES, read_under, offsetof(Field, under)},
    {"compute", FALSE, PASS_SHAPE | PASS_RULES, read_compute, 0},
    {"accept", FALSE, PASS_SHAPE, read_accept, offsetof(Field, accept)},
    {"max_files", FALSE, PASS_SHAPE, read_max_files, offsetof(Field, max_files)},
    {"max_size", FALSE, PASS_SHAPE, read_max_size, offsetof(Field, max_size)},
};

static void field_init(Loader *loader, gpointer item, guint index) {
    (void)loader;
    Field *field = item;
    field->index = index;
    field->max_chars = TEXT_MAX_DEFAULT;
    field->max_rows = ROWS_USUAL;
    field->accept = MEDIA_ANY;
    field->max_files = FILES_DEFAULT;
    field->max_size = FILE_BYTES_DEFAULT;
}

static gboolean field_check(Loader *loader, const YamlNode *node, Field *field, GError **error) {
    if (!kind_keys_fit(node, field, error))
        return FALSE;
    if (loader->type->owner && !fits_in_row(node, field, error))
        return FALSE;
    if (field->min_rows > field->max_rows)
        return refuse(error, node, "改正 / correct them",
                      "min_rows 大于 max_rows / min_rows is above max_rows");
    if (field->has_min && field->has_max && field->min > field->max)
        return refuse(error, node, "改正 / correct them", "min 大于 max / min is above max");
    if (field->kind == FIELD_REGION && !packs_type(loader->packs, "region"))
        return refuse(error, node,
                      "加载含 region 类型的业务包 / load the pack with the type region",
                      "没有类型 region / there is no type region");
    if (field->secret && (field->unique || field->default_value || field->computed))
        return refuse(
            error, node, "删除该键 / remove that key",
            "密封字段不能有 unique、default、compute / a secret field has no unique, default, "
            "compute");
    g_hash_table_insert(loader->type->fields_by_name, field->name, field);
    if (!field->by_move && !field->computed)
        g_ptr_array_add(loader->type->given, field);
    if (field->kind == FIELD_ROWS)
        g_ptr_array_add(loader->type->row_fields, field);
    return TRUE;
}

/* A point is stored as NAME_lon and NAME_lat, an area has the box around it beside it. */
static gboolean columns_differ(Loader *loader, const YamlNode *node, GError **error) {
    static const char *const parts[FIELD_KINDS][5] = {
        [FIELD_POINT] = {"lon", "lat"}, [FIELD_AREA] = {"w", "s", "e", "n"}};
    GPtrArray *fields = loader->type->fields;
    for (guint i = 0; i < fields->len; i++) {
        const Field *place = fields->pdata[i];
        for (const char *const *part = parts[place->kind]; *part; part++) {
            g_autofree char *column = g_strdup_printf("%s_%s", place->name, *part);
            const Field *other = type_field(loader->type, column);
            if (other)
                return refuse(error, tree_at(node, other->index), "换一个名称 / use another name",
                              "字段名 %s 被字段 %s 占用 / the name %s belongs to the field %s",
                              column, place->name, column, place->name);
        }
    }
    return TRUE;
}

gboolean read_fields(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const ListShape shape = {"字段 / field", FIELDS_MAX, sizeof(Field),
                                    field_init,     field_rows, G_N_ELEMENTS(field_rows)};
    RecordType *type = place;
    if (!items_read(loader, node, &shape, type->fields, error))
        return FALSE;
    if (type->fields->len == 0)
        return refuse(error, node, "至少一个字段 / one at least", "没有字段 / there are no fields");
    if (loader->pass == PASS_RULES)
        return compute_order(type, node, error);
    for (guint i = 0; i < type->fields->len; i++)
        if (!field_check(loader, tree_at(node, i), type->fields->pdata[i], error))
            return FALSE;
    return columns_differ(loader, node, error);
}
