/* Labels of the records that records refer to: those of a whole list are read together, 64 at a
 * time and type. */
#include "record/act.h"
#include "record/schema.h"

enum { IDS_AT_ONCE = 64 };

/* type (RecordType*) -> id -> label; the ids are borrowed from the records. */
typedef GHashTable Book;

static const RecordType *target_type(const Packs *packs, const Field *field) {
    if (field->kind == FIELD_REF)
        return packs_type(packs, field->ref_type);
    return field->kind == FIELD_REGION ? packs_type(packs, "region") : NULL;
}

/* --- which are wanted --- */

static void want(Book *book, const RecordType *target, const char *id) {
    GHashTable *labels = g_hash_table_lookup(book, target);
    if (labels == NULL) {
        labels = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        g_hash_table_insert(book, (gpointer)target, labels);
    }
    g_hash_table_insert(labels, (gpointer)id, NULL);
}

static void want_all(Book *book, const Packs *packs, const RecordType *type, json_t *record) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        json_t *value = json_object_get(record, field->name), *row;
        const RecordType *target = target_type(packs, field);
        size_t n;
        if (target && json_is_string(value))
            want(book, target, json_string_value(value));
        json_array_foreach(field->rows ? value : NULL, n, row)
            want_all(book, packs, field->rows, row);
    }
}

/* --- read --- */

static void read_some(Sql *sql, const char *text, GHashTable *labels, char **ids, guint n) {
    SqlStatement *st = sql_prepare(sql, text, NULL);
    for (guint i = 0; st && i < IDS_AT_ONCE; i++) /* the last one fills up */
        sql_bind_text(st, (int)i + 1, ids[MIN(i, n - 1)]);
    while (st && sql_step(st, NULL) == SQL_ROW) {
        gpointer id;
        if (g_hash_table_lookup_extended(labels, sql_text(st, 0), &id, NULL))
            g_hash_table_insert(labels, id, g_strdup(sql_text(st, 1)));
    }
}

/* A label that is a reference itself is called as what it names. */
static GString *labels_query(const Packs *packs, const RecordType *type, const char *column) {
    const RecordType *target = target_type(packs, type->label);
    const char *name =
        target && target->label ? schema_column((gpointer)target, target->label->name) : NULL;
    GString *text = g_string_new("SELECT a._id, ");
    if (name == NULL)
        g_string_append_printf(text, "a.%s FROM r_%s a", column, type->name);
    else
        g_string_append_printf(text,
                               "COALESCE(b.%s, a.%s) FROM r_%s a LEFT JOIN r_%s b ON b._id = a.%s",
                               name, column, type->name, target->name, column);
    g_string_append(text, " WHERE a._id IN (?");
    return text;
}

static void read_labels(Sql *sql, const Packs *packs, const RecordType *type, GHashTable *labels) {
    const char *column = type->label ? schema_column((gpointer)type, type->label->name) : NULL;
    if (column == NULL)
        return;
    GString *text = labels_query(packs, type, column);
    for (int i = 1; i < IDS_AT_ONCE; i++)
        g_string_append(text, ",?");
    g_string_append_c(text, ')');
    guint n;
    g_autofree char **ids = (char **)g_hash_table_get_keys_as_array(labels, &n);
    for (guint i = 0; i < n; i += IDS_AT_ONCE)
        read_some(sql, text->str, labels, ids + i, MIN(n - i, IDS_AT_ONCE));
    g_string_free(text, TRUE);
}

/* --- and put beside the values --- */

static json_t *labels_json(Book *book, const Packs *packs, const RecordType *type, json_t *record);

static json_t *rows_labels(Book *book, const Packs *packs, const Field *field, json_t *rows) {
    json_t *array = json_array(), *row;
    gboolean any = FALSE;
    size_t n;
    json_array_foreach(rows, n, row) {
        json_t *labels = labels_json(book, packs, field->rows, row);
        any = any || json_object_size(labels) > 0;
        json_array_append_new(array, labels);
    }
    if (any)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *labels_json(Book *book, const Packs *packs, const RecordType *type, json_t *record) {
    json_t *labels = json_object();
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        json_t *value = json_object_get(record, field->name), *label = NULL;
        const RecordType *target = target_type(packs, field);
        GHashTable *known = target ? g_hash_table_lookup(book, target) : NULL;
        const char *text = known && json_is_string(value)
                               ? g_hash_table_lookup(known, json_string_value(value))
                               : NULL;
        if (text)
            label = json_string(text);
        else if (field->rows && value)
            label = rows_labels(book, packs, field, value);
        if (label)
            json_object_set_new(labels, field->name, label);
    }
    return labels;
}

static const RecordType *type_of(const Packs *packs, json_t *record) {
    const char *name = json_string_value(json_object_get(record, "type"));
    return name ? packs_type(packs, name) : NULL;
}

void records_add_labels(Sql *sql, const Packs *packs, json_t *records) {
    Book *book = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
    json_t *record;
    size_t n;
    json_array_foreach(records, n, record) {
        const RecordType *type = type_of(packs, record);
        if (type)
            want_all(book, packs, type, record);
    }
    GHashTableIter iter;
    gpointer type, labels;
    g_hash_table_iter_init(&iter, book);
    while (g_hash_table_iter_next(&iter, &type, &labels))
        read_labels(sql, packs, type, labels);
    json_array_foreach(records, n, record) {
        const RecordType *of = type_of(packs, record);
        json_object_set_new(record, "_labels",
                            of ? labels_json(book, packs, of, record) : json_object());
    }
    g_hash_table_unref(book);
}

void record_add_labels(Sql *sql, const Packs *packs, json_t *record) {
    json_t *one = json_pack("[O]", record);
    records_add_labels(sql, packs, one);
    json_decref(one);
}
