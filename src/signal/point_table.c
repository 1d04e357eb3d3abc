#include "signal/point_table.h"

#include "signal/point_row.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* Numbers are dense, so definitions live in pages reached through a fixed directory; a page never
 * moves, a definition is replaced by swapping its pointer. The index is an open-addressing table of
 * (tag, number + 1) words; it grows by building a larger one and swapping that; former ones stay
 * for readers that are still inside (all of them together are smaller than the last). */
enum { PAGE = 4096, PAGES = 4096, RETIRED = 4096, ARENA_BYTES = 1 << 18, INDEX_FIRST = 1 << 10 };

typedef struct {
    _Atomic(const PointDef *) def[PAGE];
    _Atomic(const char *) enterprise[PAGE];
    const char *code[PAGE]; /* written before the number is published in the index */
} Page;

typedef struct Index Index;
struct Index {
    Index *former;
    guint64 mask;
    _Atomic guint64 slot[]; /* tag << 32 | number + 1; 0: free */
};

struct PointTable {
    _Atomic(Page *) page[PAGES];
    _Atomic(Index *) index;
    _Atomic guint32 count;
    guint32 indexed;
    GPtrArray *arena;
    gsize arena_left;
    PointDef *retired[RETIRED];
    guint retired_next;
    GPtrArray *loaded; /* arrays of definitions made at load */
};

static const PointDef blank = {
    .code = (char *)"",
    .name = (char *)"",
    .unit = "",
    .enterprise = "",
    .measure = "",
    .range_low = NAN,
    .range_high = NAN,
    .limit_low_low = NAN,
    .limit_low = NAN,
    .limit_high = NAN,
    .limit_high_high = NAN,
    .rate_limit = NAN,
    .priority = 2,
};

static Index *index_new(guint64 size) {
    Index *index = g_malloc0(sizeof *index + size * sizeof index->slot[0]);
    index->mask = size - 1;
    return index;
}

PointTable *point_table_new(void) {
    PointTable *table = g_new0(PointTable, 1);
    atomic_init(&table->index, index_new(INDEX_FIRST));
    table->arena = g_ptr_array_new_with_free_func(g_free);
    table->loaded = g_ptr_array_new_with_free_func(g_free);
    return table;
}

static Page *page_of(const PointTable *table, guint32 point) {
    return point / PAGE < PAGES
               ? atomic_load_explicit(&table->page[point / PAGE], memory_order_acquire)
               : NULL;
}

static gboolean is_loaded(const PointTable *table, const PointDef *def) {
    for (guint i = 0; i < table->loaded->len; i++) {
        const PointDef *first = table->loaded->pdata[i];
        if (def >= first && def < first + PAGE)
            return TRUE;
    }
    return FALSE;
}

static void page_free(PointTable *table, Page *page) {
    for (guint i = 0; i < PAGE; i++) {
        const PointDef *def = atomic_load(&page->def[i]);
        if (def && !is_loaded(table, def))
            g_free((PointDef *)def);
    }
    g_free(page);
}

void point_table_free(PointTable *table) {
    if (table == NULL)
        return;
    for (guint i = 0; i < PAGES && atomic_load(&table->page[i]); i++)
        page_free(table, atomic_load(&table->page[i]));
    for (Index *index = atomic_load(&table->index); index;) {
        Index *former = index->former;
        g_free(index);
        index = former;
    }
    for (guint i = 0; i < RETIRED; i++)
        g_free(table->retired[i]);
    g_ptr_array_free(table->arena, TRUE);
    g_ptr_array_free(table->loaded, TRUE);
    g_free(table);
}

/* ---- texts and the index ---- */

static char *arena_text(PointTable *table, const char *text) {
    gsize n = strlen(text) + 1;
    if (n > ARENA_BYTES / 16) {
        g_ptr_array_insert(table->arena, 0, g_strdup(text));
        return table->arena->pdata[0];
    }
    if (n > table->arena_left) {
        g_ptr_array_add(table->arena, g_malloc(ARENA_BYTES));
        table->arena_left = ARENA_BYTES;
    }
    char *block = table->arena->pdata[table->arena->len - 1];
    char *place = block + (ARENA_BYTES - table->arena_left);
    memcpy(place, text, n);
    table->arena_left -= n;
    return place;
}

static guint64 hash_code(const char *code, gsize n) {
    guint64 hash = 0x9e3779b97f4a7c15u ^ n, word;
    for (; n >= 8; code += 8, n -= 8) {
        memcpy(&word, code, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, code, n);
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    return hash ^ hash >> 29;
}

static gboolean code_is(const PointTable *table, guint32 point, const char *code, gsize n) {
    const char *own = page_of(table, point)->code[point % PAGE];
    return strncmp(own, code, n) == 0 && strlen(own) == n; /* code may hold a NUL */
}

guint64 point_table_hash(const PointTable *table, const char *code, gsize n) {
    guint64 hash = hash_code(code, n);
    const Index *index = atomic_load_explicit(&table->index, memory_order_acquire);
    __builtin_prefetch(&index->slot[hash >> 32 & index->mask]);
    return hash;
}

/* The first number with the tag of the hash, from `*place` on; POINT_NONE at the end of the run. */
static guint32 next_candidate(const Index *index, guint64 hash, guint64 *place) {
    for (;;) {
        guint64 slot =
            atomic_load_explicit(&index->slot[*place & index->mask], memory_order_acquire);
        ++*place;
        if (slot == 0)
            return POINT_NONE;
        if (slot >> 32 == (guint32)hash)
            return (guint32)slot - 1;
    }
}

guint32 point_table_guess(const PointTable *table, guint64 hash) {
    guint64 place = hash >> 32;
    const Index *index = atomic_load_explicit(&table->index, memory_order_acquire);
    guint32 point = next_candidate(index, hash, &place);
    if (point != POINT_NONE) {
        const Page *page = page_of(table, point);
        __builtin_prefetch(&page->code[point % PAGE]);
        __builtin_prefetch(&page->enterprise[point % PAGE]);
    }
    return point;
}

void point_table_look(const PointTable *table, guint32 guess) {
    if (guess != POINT_NONE)
        __builtin_prefetch(page_of(table, guess)->code[guess % PAGE]);
}

guint32 point_table_find_hashed(const PointTable *table, guint64 hash, const char *code, gsize n) {
    const Index *index = atomic_load_explicit(&table->index, memory_order_acquire);
    for (guint64 place = hash >> 32;;) {
        guint32 point = next_candidate(index, hash, &place);
        if (point == POINT_NONE || code_is(table, point, code, n))
            return point;
    }
}

guint32 point_table_find(const PointTable *table, const char *code, gsize n) {
    return point_table_find_hashed(table, hash_code(code, n), code, n);
}

gboolean point_table_is(const PointTable *table, guint32 point, const char *code, gsize n) {
    return point < point_table_count(table) && code_is(table, point, code, n);
}

static void index_put(Index *index, guint64 hash, guint32 point) {
    guint64 i = hash >> 32;
    while (atomic_load_explicit(&index->slot[i & index->mask], memory_order_relaxed))
        i++;
    atomic_store_explicit(&index->slot[i & index->mask], hash << 32 | (point + 1),
                          memory_order_release);
}

static void index_grow(PointTable *table, guint64 size) {
    Index *former = atomic_load(&table->index), *index = index_new(size);
    for (guint64 i = 0; i <= former->mask; i++) {
        guint32 number = (guint32)atomic_load(&former->slot[i]);
        if (number) {
            const char *code = page_of(table, number - 1)->code[(number - 1) % PAGE];
            index_put(index, hash_code(code, strlen(code)), number - 1);
        }
    }
    index->former = former;
    atomic_store_explicit(&table->index, index, memory_order_release);
}

static void index_add(PointTable *table, guint32 point, const char *code) {
    guint64 size = atomic_load(&table->index)->mask + 1;
    if (((guint64)table->indexed + 1) * 2 > size)
        index_grow(table, size * 2);
    index_put(atomic_load(&table->index), hash_code(code, strlen(code)), point);
    table->indexed++;
}

/* ---- definitions ---- */

guint32 point_table_count(const PointTable *table) {
    return atomic_load_explicit(&table->count, memory_order_acquire);
}

const PointDef *point_table_def(const PointTable *table, guint32 point) {
    const Page *page = page_of(table, point);
    const PointDef *def =
        page ? atomic_load_explicit(&page->def[point % PAGE], memory_order_acquire) : NULL;
    return def ? def : &blank;
}

const char *point_table_enterprise(const PointTable *table, guint32 point) {
    const Page *page = page_of(table, point);
    const char *code =
        page ? atomic_load_explicit(&page->enterprise[point % PAGE], memory_order_relaxed) : NULL;
    return code ? code : "";
}

GArray *point_table_of_enterprise(const PointTable *table, const char *enterprise) {
    GArray *points = g_array_new(FALSE, FALSE, sizeof(guint32));
    const char *wanted = g_intern_string(enterprise);
    guint32 n = point_table_count(table);
    for (guint32 i = 0; i < n; i++) {
        const Page *page = page_of(table, i);
        if (atomic_load_explicit(&page->enterprise[i % PAGE], memory_order_relaxed) == wanted)
            g_array_append_val(points, i);
    }
    return points;
}

static Page *page_make(PointTable *table, guint32 point) {
    g_assert(point / PAGE < PAGES);
    for (guint32 i = 0; i <= point / PAGE; i++)
        if (atomic_load(&table->page[i]) == NULL) {
            Page *page = g_new0(Page, 1);
            for (guint32 k = 0; k < PAGE; k++)
                page->code[k] = "";
            atomic_store_explicit(&table->page[i], page, memory_order_release);
        }
    return page_of(table, point);
}

static void retire(PointTable *table, const PointDef *def) {
    if (def == NULL || is_loaded(table, def))
        return;
    g_free(table->retired[table->retired_next]);
    table->retired[table->retired_next] = (PointDef *)def;
    table->retired_next = (table->retired_next + 1) % RETIRED;
}

/* Publishes `def`, whose texts are in the arena. */
static void publish(PointTable *table, guint32 point, const PointDef *def) {
    Page *page = page_make(table, point);
    guint32 slot = point % PAGE;
    const PointDef *former = atomic_load(&page->def[slot]);
    if (former == NULL)
        page->code[slot] = def->code;
    atomic_store_explicit(&page->enterprise[slot], def->enterprise, memory_order_relaxed);
    atomic_store_explicit(&page->def[slot], def, memory_order_release);
    if (former == NULL)
        index_add(table, point, def->code);
    if (point >= point_table_count(table)) /* last, so that every number below the count is found */
        atomic_store_explicit(&table->count, point + 1, memory_order_release);
    retire(table, former);
}

void point_table_apply(PointTable *table, guint32 point, PointDef *def_take) {
    g_assert(point <= point_table_count(table)); /* numbers are dense */
    const PointDef *former = point_table_def(table, point);
    PointDef *def = g_memdup2(def_take, sizeof *def_take);
    def->code = former != &blank ? former->code : arena_text(table, def_take->code);
    def->name = strcmp(former->name, def_take->name) == 0 ? former->name
                                                          : arena_text(table, def_take->name);
    point_def_clear(def_take);
    publish(table, point, def);
}

/* ---- load ---- */

gboolean point_table_migrate(Sql *samples, GError **error) {
    return sql_exec(
        samples,
        "CREATE TABLE IF NOT EXISTS point (number INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE)",
        error);
}

/* A definition in the page's own array: no allocation of its own. */
static PointDef *loaded_def(PointTable *table, guint32 point) {
    while (table->loaded->len <= point / PAGE)
        g_ptr_array_add(table->loaded, g_new0(PointDef, PAGE));
    return (PointDef *)table->loaded->pdata[point / PAGE] + point % PAGE;
}

static void load_blank(PointTable *table, guint32 point, const char *code) {
    PointDef *def = loaded_def(table, point);
    *def = blank;
    def->code = arena_text(table, code);
    publish(table, point, def);
}

static gboolean load_numbers(PointTable *table, Sql *samples, GError **error) {
    SqlStatement *st =
        sql_query(samples, error, "SELECT number, code FROM point ORDER BY number", "");
    if (st == NULL)
        return FALSE;
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        gint64 number = sql_int(st, 0);
        if (number < 0 || number >= (gint64)PAGE * PAGES) {
            sql_reset(st);
            return error_set(error, ERROR_STORE, NULL, "table point holds a number out of range",
                             NULL);
        }
        load_blank(table, (guint32)number, sql_text(st, 1));
    }
    return step == SQL_DONE;
}

static gboolean give_number(PointTable *table, Sql *samples, const char *code, guint32 *point,
                            GError **error) {
    *point = point_table_count(table);
    if (*point >= (guint32)PAGE * PAGES)
        return error_set(error, ERROR_STORE, NULL, "too many points", NULL);
    if (!sql_run(samples, error, "INSERT INTO point (number, code) VALUES (?, ?)", "it",
                 (gint64)*point, code))
        return FALSE;
    load_blank(table, *point, code);
    return TRUE;
}

/* `samples` NULL: nobody is given a number. */
static gboolean load_rows(PointTable *table, Sql *samples, SqlStatement *rows, GError **error) {
    SqlStep step;
    while ((step = sql_step(rows, error)) == SQL_ROW) {
        PointDef def;
        point_def_row(&def, rows);
        guint32 point = point_table_find(table, def.code, strlen(def.code));
        if (point == POINT_NONE && samples == NULL)
            continue;
        if (point == POINT_NONE && !give_number(table, samples, def.code, &point, error)) {
            sql_reset(rows);
            return FALSE;
        }
        PointDef *own = loaded_def(table, point);
        def.code = own->code;
        def.name = arena_text(table, def.name);
        *own = def; /* nobody reads yet */
        atomic_store(&page_of(table, point)->enterprise[point % PAGE], def.enterprise);
    }
    return step == SQL_DONE;
}

static gboolean read_all(PointTable *table, Sql *records, GError **error) {
    SqlStatement *rows = point_def_select(records, error);
    return rows && load_rows(table, NULL, rows, error);
}

static gboolean load_all(PointTable *table, Sql *samples, Sql *records, GError **error) {
    SqlStatement *rows = point_def_select(records, error);
    if (rows == NULL || !sql_exec(samples, "SAVEPOINT point_load", error)) {
        if (rows)
            sql_reset(rows);
        return FALSE;
    }
    if (load_rows(table, samples, rows, error))
        return sql_exec(samples, "RELEASE point_load", error);
    sql_exec(samples, "ROLLBACK TO point_load; RELEASE point_load", NULL);
    return FALSE;
}

/* A savepoint on each: writing is one transaction, and the rows come in portions. */
static gboolean scan_all(PointTable *table, Sql *samples, Sql *records, GError **error) {
    gboolean begun = sql_exec(records, "SAVEPOINT point_scan", error);
    gboolean good = begun && (samples ? load_all(table, samples, records, error)
                                      : read_all(table, records, error));
    if (begun)
        sql_exec(records,
                 good ? "RELEASE point_scan" : "ROLLBACK TO point_scan; RELEASE point_scan", NULL);
    return good;
}

gboolean point_table_load(PointTable *table, Sql *samples, Sql *records, GError **error) {
    return load_numbers(table, samples, error) && scan_all(table, samples, records, error);
}

gboolean point_table_read(PointTable *table, Sql *samples, Sql *records, GError **error) {
    return load_numbers(table, samples, error) && scan_all(table, NULL, records, error);
}
