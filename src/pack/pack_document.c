/* Documents that moves produce, and the template files that say how they look. A template is read
 * anew for each document that names it, because its texts and conditions speak of that type. */
#include "base/clock.h"
#include "pack/pack_key.h"

#include <string.h>

enum { DOCUMENTS_MAX = 32, PIECES_MAX = 60, CELLS_MAX = 200, COLUMNS_MAX = 12, TEXT_CHARS = 4000 };

/* GB/T 9704-2012 as far as it is commonly known (margins 37/26/35/28 mm, 22 lines of 28 characters,
 * body in 三号仿宋, title in 二号小标宋, page number in 四号); the other sizes are project choices.
 * Fonts that are not installed are passed over. */
static const PaperStyle style_default = {
    .top = 37,
    .right = 26,
    .bottom = 35,
    .left = 28,
    .body_pt = 15.75,
    .line_pt = 28.99,
    .title_pt = 22,
    .head_pt = 40,
    .table_pt = 11,
    .foot_pt = 14,
    .body_font = "FangSong, FangSong_GB2312, STFangsong, Noto Serif CJK SC",
    .title_font = "FZXiaoBiaoSong-B05S, Noto Serif CJK SC",
    .foot_font = "SimSun, Noto Serif CJK SC",
    .chinese_date = TRUE,
};

gboolean read_template_file(Loader *loader, const YamlNode *file, GError **error) {
    const YamlNode *name = tree_get(file, "template");
    char *text;
    if (!read_name(loader, name, &text, error) || !is_new(loader, "template", name, error))
        return FALSE;
    g_hash_table_insert(loader->templates, text, (gpointer)file);
    return TRUE;
}

/* ---- texts with placeholders ---- */

static gboolean own_placeholder(const RecordType *type, const char *text) {
    static const char *const known[] = {
        "_region", "_region:city", "_region:province", "_office", "_office:full",
        "_number", "_title",       "_today",           "_actor",  "_id",
        NULL};
    static const guint dated = 1u << FIELD_DATE | 1u << FIELD_TIME;
    const char *colon = strchr(text, ':');
    g_autofree char *name = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
    const Field *field = name ? type_field(type, name) : NULL;
    return g_strv_contains(known, text) ||
           (field && !field->secret && strcmp(colon, ":date") == 0 && (dated >> field->kind & 1)) ||
           (field && !field->secret && strcmp(colon, ":time") == 0 && field->kind == FIELD_TIME);
}

static gboolean document_placeholder(const RecordType *type, const char *text) {
    return own_placeholder(type, text) || template_placeholder(type, text);
}

static gboolean read_template(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    if (!is_text(node, error))
        return FALSE;
    if (g_utf8_strlen(node->text, -1) > TEXT_CHARS)
        return refuse(error, node, "拆成几段 / part it",
                      "超过 4000 字 / longer than 4000 characters");
    *(char **)place = packs_text(loader->packs, node->text);
    return template_check(loader, node, document_placeholder, error);
}

/* ---- pieces ---- */

static gboolean add_cell(Loader *loader, DocumentPiece *piece, const YamlNode *node,
                         GError **error) {
    char *text;
    if (!read_template(loader, node, &text, error))
        return FALSE;
    g_ptr_array_add(piece->cells, text);
    return TRUE;
}

static gboolean read_text_piece(Loader *loader, const YamlNode *node, DocumentPiece *piece,
                                GError **error) {
    return read_template(loader, node, &piece->text, error);
}

/* {label: template} */
static gboolean read_form_piece(Loader *loader, const YamlNode *node, DocumentPiece *piece,
                                GError **error) {
    if (!is_map(node, CELLS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const YamlNode *label = node->keys->pdata[i];
        g_ptr_array_add(piece->cells, packs_text(loader->packs, label->text));
        if (!add_cell(loader, piece, tree_at(node, i), error))
            return FALSE;
    }
    return TRUE;
}

const Title *field_column_title(const Field *field, const char *column) {
    static const struct {
        char name[8];
        Title title;
    } of_files[] = {{"name", {(char *)"名称", (char *)"Name"}},
                    {"size", {(char *)"字节", (char *)"Bytes"}},
                    {"media", {(char *)"类型", (char *)"Media type"}},
                    {"hash", {(char *)"SM3 哈希", (char *)"SM3"}}};
    for (gsize i = 0; field->kind == FIELD_FILE && i < G_N_ELEMENTS(of_files); i++)
        if (strcmp(of_files[i].name, column) == 0)
            return &of_files[i].title;
    const Field *cell = field->kind == FIELD_ROWS ? type_field(field->rows, column) : NULL;
    return cell && !cell->secret ? &cell->title : NULL;
}

/* {rows: FIELD, columns: [column, …]}: the titles are those of the columns. */
static gboolean read_columns(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    DocumentPiece *piece = place;
    const RecordType *type = loader->type;
    const Field *rows = piece->rows ? type_field(type, piece->rows) : NULL;
    if (!is_list(node, COLUMNS_MAX, error))
        return FALSE;
    for (guint i = 0; rows && i < tree_count(node); i++) {
        const YamlNode *name = tree_at(node, i);
        if (!is_text(name, NULL) || field_column_title(rows, name->text) == NULL)
            return refuse(error, name, "检查拼写 / check the spelling",
                          "字段 %s 没有这一列 / the field %s has no such column", rows->name,
                          rows->name);
        g_ptr_array_add(piece->cells, packs_text(loader->packs, name->text));
    }
    return piece->cells->len > 0 ||
           refuse(error, node, "至少一列 / one at least", "没有列 / there are no columns");
}

static gboolean read_rows_field(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    const Field *field;
    if (!read_own_field(loader, node, &field, error))
        return FALSE;
    *(char **)place = field->name;
    return field->kind == FIELD_FILE || field->kind == FIELD_ROWS ||
           refuse(error, node, "使用 kind: rows 或 file 的字段 / use a field of kind rows or file",
                  "%s 不是列表字段 / %s holds no list", field->name, field->name);
}

static gboolean read_table_piece(Loader *loader, const YamlNode *node, DocumentPiece *piece,
                                 GError **error) {
    static const KeyRow rows[] = {
        {"rows", TRUE, PASS_RULES, read_rows_field, offsetof(DocumentPiece, rows)},
        {"columns", TRUE, PASS_RULES, read_columns, 0},
    };
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), piece, error);
}

static gboolean read_list_piece(Loader *loader, const YamlNode *node, DocumentPiece *piece,
                                GError **error) {
    if (!is_list(node, CELLS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!add_cell(loader, piece, tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

static const struct {
    const char *key;
    gboolean (*read)(Loader *, const YamlNode *, DocumentPiece *, GError **);
} piece_kinds[PIECE_KINDS] = {
    [PIECE_LETTERHEAD] = {"letterhead", read_text_piece},
    [PIECE_NUMBER] = {"number", read_text_piece},
    [PIECE_TITLE] = {"title", read_text_piece},
    [PIECE_ADDRESSEE] = {"addressee", read_text_piece},
    [PIECE_TEXT] = {"text", read_text_piece},
    [PIECE_FORM] = {"form", read_form_piece},
    [PIECE_TABLE] = {"table", read_table_piece},
    [PIECE_ATTACHMENTS] = {"attachments", read_list_piece},
    [PIECE_SIGNATURE] = {"signature", read_text_piece},
    [PIECE_COPY] = {"copy", read_text_piece},
    [PIECE_CHECK] = {"check", read_text_piece},
};

static gboolean piece_kind(const YamlNode *key, PieceKind *kind, GError **error) {
    g_autoptr(GString) known = g_string_new("可用 / known: when");
    for (int i = 0; i < PIECE_KINDS; i++) {
        g_string_append_printf(known, " %s", piece_kinds[i].key);
        if (strcmp(piece_kinds[i].key, key->text) != 0)
            continue;
        *kind = (PieceKind)i;
        return TRUE;
    }
    return refuse(error, key, known->str, "没有这种部件“%s” / there is no piece %s", key->text,
                  key->text);
}

/* {KIND: what, when: CONDITION}. */
static gboolean read_piece(Loader *loader, const YamlNode *node, DocumentPiece *piece,
                           GError **error) {
    guint kinds = 0;
    if (!is_map(node, 2, error))
        return FALSE;
    piece->cells = packs_pointers(loader->packs);
    for (guint i = 0; i < tree_count(node); i++) {
        const YamlNode *key = node->keys->pdata[i], *value = tree_at(node, i);
        if (strcmp(key->text, "when") == 0) {
            if (!read_condition(loader, value, &piece->when, error))
                return FALSE;
            continue;
        }
        kinds++;
        if (!piece_kind(key, &piece->kind, error) ||
            !piece_kinds[piece->kind].read(loader, value, piece, error))
            return FALSE;
    }
    return kinds == 1 || refuse(error, node, "每个部件一种 / one kind each",
                                "一个部件应有且只有一种内容 / a piece is one thing");
}

static gboolean read_pieces(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    DocumentType *document = place;
    if (!is_list(node, PIECES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        DocumentPiece *piece = packs_own(loader->packs, g_new0(DocumentPiece, 1), g_free);
        if (!read_piece(loader, tree_at(node, i), piece, error))
            return FALSE;
        g_ptr_array_add(document->pieces, piece);
    }
    return TRUE;
}

/* ---- layout ---- */

static gboolean number_in(const YamlNode *node, double low, double high, double *number,
                          GError **error) {
    g_autofree char *range = g_strdup_printf("%g … %g", low, high);
    return (tree_is_number(node, number) && *number >= low && *number <= high) ||
           refuse(error, node, range, "不是合适的数值 / not a number in range");
}

static gboolean read_margins(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    enum { SIDES = 4 };
    double *sides[SIDES];
    PaperStyle *style = place;
    sides[0] = &style->top, sides[1] = &style->right;
    sides[2] = &style->bottom, sides[3] = &style->left;
    if (!is_list(node, SIDES, error))
        return FALSE;
    if (tree_count(node) != SIDES)
        return refuse(error, node, "[37, 26, 35, 28]",
                      "应为上右下左四个毫米数 / four numbers: top, right, bottom, left in mm");
    for (guint i = 0; i < SIDES; i++)
        if (!number_in(tree_at(node, i), 10, 80, sides[i], error))
            return FALSE;
    return TRUE;
}

static gboolean read_points(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    return number_in(node, 6, 80, place, error);
}

static gboolean read_date_form(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    (void)loader;
    if (!is_text(node, error))
        return FALSE;
    *(gboolean *)place = strcmp(node->text, "chinese") == 0;
    return *(gboolean *)place || strcmp(node->text, "arabic") == 0 ||
           refuse(error, node, "chinese, arabic",
                  "没有这种日期写法 / there is no such form of dates");
}

static gboolean read_layout(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"margins", FALSE, PASS_RULES, read_margins, 0},
        {"body", FALSE, PASS_RULES, read_points, offsetof(PaperStyle, body_pt)},
        {"line", FALSE, PASS_RULES, read_points, offsetof(PaperStyle, line_pt)},
        {"title", FALSE, PASS_RULES, read_points, offsetof(PaperStyle, title_pt)},
        {"head", FALSE, PASS_RULES, read_points, offsetof(PaperStyle, head_pt)},
        {"table", FALSE, PASS_RULES, read_points, offsetof(PaperStyle, table_pt)},
        {"foot", FALSE, PASS_RULES, read_points, offsetof(PaperStyle, foot_pt)},
        {"body_font", FALSE, PASS_RULES, read_text, offsetof(PaperStyle, body_font)},
        {"title_font", FALSE, PASS_RULES, read_text, offsetof(PaperStyle, title_font)},
        {"foot_font", FALSE, PASS_RULES, read_text, offsetof(PaperStyle, foot_font)},
        {"date", FALSE, PASS_RULES, read_date_form, offsetof(PaperStyle, chinese_date)},
    };
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error);
}

/* ---- the document ---- */

static gboolean read_template_name(Loader *loader, const YamlNode *node, gpointer place,
                                   GError **error) {
    static const KeyRow rows[] = {
        {"template", TRUE, 0, NULL, 0},
        {"basis", FALSE, PASS_RULES, read_texts, offsetof(DocumentType, basis)},
        {"layout", FALSE, PASS_RULES, read_layout, offsetof(DocumentType, style)},
        {"pieces", TRUE, PASS_RULES, read_pieces, 0},
    };
    DocumentType *document = place;
    if (!is_text(node, error))
        return FALSE;
    const YamlNode *file = g_hash_table_lookup(loader->templates, node->text);
    if (file == NULL)
        return refuse(error, node,
                      "写一个以 template 开头的文件 / add a file that begins with template",
                      "没有模板“%s” / there is no template %s", node->text, node->text);
    document->style = style_default;
    document->pieces = packs_pointers(loader->packs);
    return keys_read(loader, file, rows, G_N_ELEMENTS(rows), document, error) &&
           (document->pieces->len > 0 ||
            refuse(error, file, "写出 pieces / write pieces", "空模板 / the template is empty"));
}

static gboolean add_move(Loader *loader, const YamlNode *node, GPtrArray *moves, GError **error) {
    const Move *move = is_text(node, NULL) ? type_move(loader->type, node->text) : NULL;
    if (move == NULL)
        return refuse(error, node, "先在 moves 中定义 / define it under moves",
                      "没有这个操作 / there is no such move");
    g_ptr_array_add(moves, (gpointer)move);
    return TRUE;
}

/* One name or a list. */
static gboolean read_moves(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    GPtrArray **moves = place;
    *moves = packs_pointers(loader->packs);
    if (node->kind == YAML_SCALAR)
        return add_move(loader, node, *moves, error);
    if (!is_list(node, 64, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!add_move(loader, tree_at(node, i), *moves, error))
            return FALSE;
    return (*moves)->len > 0 ||
           refuse(error, node, "写出操作 / name moves", "空列表 / an empty list");
}

static const KeyRow document_rows[] = {
    {"name", TRUE, PASS_RULES, read_name, offsetof(DocumentType, name)},
    {"title", TRUE, PASS_RULES, read_title, offsetof(DocumentType, title)},
    {"move", TRUE, PASS_RULES, read_moves, offsetof(DocumentType, moves)},
    {"when", FALSE, PASS_RULES, read_condition, offsetof(DocumentType, when)},
    {"number", FALSE, PASS_RULES, read_document_number, offsetof(DocumentType, number)},
    {"template", TRUE, PASS_RULES, read_template_name, 0},
};

gboolean read_documents(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const ListShape shape = {"文书 / document",    DOCUMENTS_MAX,
                                    sizeof(DocumentType), NULL,
                                    document_rows,        G_N_ELEMENTS(document_rows)};
    return items_read(loader, node, &shape, ((RecordType *)place)->documents, error);
}
