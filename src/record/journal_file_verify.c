/* Reads the items in order. Entries come record by record, so the chain and the fold need one
 * record; the seals need the hashes in order of seq, so these are kept in a temporary file with one
 * place for each seq. The texts of an item are read in place. */
#include "record/journal_file.h"
#include "record/journal_file_item.h"
#include "record/rights.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *text[TYPE_TEXTS];
    gboolean has_sector, is_owner;
} FileType;

typedef struct {
    char *region, *sector;
} Place;

typedef struct {
    const char *path;
    FILE *in, *hashes; /* 32 bytes per seq, zeros: not seen */
    gint64 seq_max;    /* no file of this size can hold more */
    HashState *all, *chain;
    GByteArray *item;
    guint8 former[HASH_BYTES];
    GPtrArray *types;   /* FileType, in order of the file */
    guint type;         /* whose records are being read */
    GHashTable *places; /* "TYPE ID" of an owner -> Place */
    Fold *fold;
    gboolean chained; /* the next entry may go on with the record */
    gboolean open;    /* entries without their row; types that begin with _ have none */
    gboolean ended;
    int stage; /* of the last item; they only rise */
    gint64 last_seq, entries, records;
    gint64 begun; /* records whose entries have been read; a file has rows for all or for none */
    SealCheck seals;
} FileReading;

static gboolean bad(const FileReading *reading, const char *what, GError **error) {
    return verify_broken(error, "%s: %s", reading->path, what);
}

static gboolean bad_form(const FileReading *reading, GError **error) {
    return bad(reading, "文件残缺或格式不符 the file is cut off or not in the form of a journal",
               error);
}

/* --- parts of an item --- */

typedef struct {
    guint8 *at, *end;
} Cursor;

static gboolean get_int(Cursor *cursor, gint64 *value) {
    guint64 word;
    if (cursor->end - cursor->at < (gssize)sizeof word)
        return FALSE;
    memcpy(&word, cursor->at, sizeof word);
    *value = (gint64)GUINT64_FROM_BE(word);
    cursor->at += sizeof word;
    return TRUE;
}

/* The text moves down by one byte, over the last of its own length, to make room for its end. */
static gboolean get_text(Cursor *cursor, const char **text) {
    gint64 length;
    *text = NULL;
    if (!get_int(cursor, &length) || length < -1 || length > cursor->end - cursor->at)
        return FALSE;
    if (length < 0)
        return TRUE;
    char *moved = memmove(cursor->at - 1, cursor->at, (gsize)length);
    cursor->at += length;
    moved[length] = 0;
    *text = moved;
    return g_utf8_validate(moved, (gssize)length, NULL);
}

static gboolean get_texts(Cursor *cursor, const char **texts, int n) {
    for (int i = 0; i < n; i++)
        if (!get_text(cursor, &texts[i]))
            return FALSE;
    return TRUE;
}

static gboolean get_ints(Cursor *cursor, gint64 *ints, int n) {
    for (int i = 0; i < n; i++)
        if (!get_int(cursor, &ints[i]))
            return FALSE;
    return TRUE;
}

/* --- types --- */

static void type_free(gpointer data) {
    FileType *type = data;
    for (int i = 0; i < TYPE_TEXTS; i++)
        g_free(type->text[i]);
    g_free(type);
}

static void place_free(gpointer data) {
    Place *place = data;
    g_free(place->region);
    g_free(place->sector);
    g_free(place);
}

static FileType *type_at(const FileReading *reading, guint i) { return reading->types->pdata[i]; }

static gboolean find_type(const FileReading *reading, const char *name, guint *index) {
    for (guint i = 0; i < reading->types->len; i++)
        if (strcmp(type_at(reading, i)->text[TYPE_NAME], name) == 0) {
            *index = i;
            return TRUE;
        }
    return FALSE;
}

static gboolean read_type(FileReading *reading, Cursor *cursor, GError **error) {
    enum { TYPES_MAX = 4096 };
    const char *texts[TYPE_TEXTS];
    gint64 has_sector;
    guint owner;
    if (!get_texts(cursor, texts, TYPE_TEXTS) || !get_int(cursor, &has_sector) ||
        cursor->at != cursor->end || texts[TYPE_NAME] == NULL || reading->types->len >= TYPES_MAX ||
        find_type(reading, texts[TYPE_NAME], &owner))
        return bad_form(reading, error);
    FileType *type = g_new0(FileType, 1);
    for (int i = 0; i < TYPE_TEXTS; i++)
        type->text[i] = g_strdup(texts[i]);
    type->has_sector = has_sector != 0;
    g_ptr_array_add(reading->types, type);
    if (texts[TYPE_OWNER] && find_type(reading, texts[TYPE_OWNER], &owner))
        type_at(reading, owner)->is_owner = TRUE;
    return TRUE;
}

/* --- entries --- */

static gboolean keep_hash(FileReading *reading, gint64 seq, const guint8 hash[static HASH_BYTES],
                          GError **error) {
    static const guint8 none[HASH_BYTES];
    guint8 there[HASH_BYTES] = {0};
    off_t place = (off_t)(seq - 1) * HASH_BYTES;
    if (seq < 1 || seq > reading->seq_max)
        return verify_broken(error, "seq " I64 ": 序号不可能 is out of range", seq);
    if (fseeko(reading->hashes, place, SEEK_SET) != 0)
        return error_set(error, ERROR_FILE, NULL, "tmp", g_strerror(errno), NULL);
    if (fread(there, 1, HASH_BYTES, reading->hashes) == HASH_BYTES &&
        memcmp(there, none, HASH_BYTES) != 0)
        return verify_broken(error, "seq " I64 ": 序号重复 stands more than once", seq);
    if (fseeko(reading->hashes, place, SEEK_SET) != 0 ||
        fwrite(hash, 1, HASH_BYTES, reading->hashes) != HASH_BYTES)
        return error_set(error, ERROR_FILE, NULL, "tmp", g_strerror(errno), NULL);
    return TRUE;
}

/* Records are in order of type and id, so each comes once. */
static gboolean begin_record(FileReading *reading, const EntryTexts *entry, GError **error) {
    guint type;
    const char *name = entry->text[ENTRY_TYPE], *id = entry->text[ENTRY_ID];
    if (!find_type(reading, name, &type))
        return verify_broken(error, "seq " I64 ": 未知类型 unknown type %s", entry->seq, name);
    if (type < reading->type ||
        (reading->entries > 0 && type == reading->type && strcmp(fold_id(reading->fold), id) >= 0))
        return verify_broken(error, "seq " I64 ": 记录顺序不符 is out of order (%s %s)", entry->seq,
                             name, id);
    reading->type = type;
    reading->begun += *name != '_';
    reading->last_seq = 0;
    memset(reading->former, 0, HASH_BYTES);
    fold_begin(reading->fold, name, id);
    return TRUE;
}

static gboolean read_entry(FileReading *reading, Cursor *cursor, GError **error) {
    EntryTexts entry;
    guint8 hash[HASH_BYTES], stored[HASH_BYTES];
    if (cursor->end - cursor->at < HASH_BYTES)
        return bad_form(reading, error);
    memcpy(stored, cursor->at, HASH_BYTES);
    cursor->at += HASH_BYTES;
    gsize n = (gsize)(cursor->end - cursor->at);
    g_autofree guint8 *bytes = g_memdup2(cursor->at, n);
    if (!get_int(cursor, &entry.seq) || !get_int(cursor, &entry.time_ms) ||
        !get_texts(cursor, entry.text, ENTRY_TEXTS) || cursor->at != cursor->end ||
        entry.text[ENTRY_ACTOR] == NULL || entry.text[ENTRY_TYPE] == NULL ||
        entry.text[ENTRY_ID] == NULL || entry.text[ENTRY_ACTION] == NULL ||
        entry.text[ENTRY_DIFF] == NULL)
        return bad_form(reading, error);
    gboolean same =
        reading->chained && fold_is_of(reading->fold, entry.text[ENTRY_TYPE], entry.text[ENTRY_ID]);
    if (!same && reading->open && reading->records > 0)
        return fold_broken(reading->fold, "记录被删除 the record is gone", error);
    if (!same && !begin_record(reading, &entry, error))
        return FALSE;
    if (entry.seq <= reading->last_seq)
        return verify_broken(error, "seq " I64 ": 顺序不符 is out of order", entry.seq);
    hash_add(reading->chain, reading->former, HASH_BYTES);
    hash_add(reading->chain, bytes, n);
    hash_take(reading->chain, hash);
    if (memcmp(stored, hash, HASH_BYTES) != 0)
        return verify_broken(error, "seq " I64 ": 哈希链断裂 the hash chain is broken", entry.seq);
    memcpy(reading->former, hash, HASH_BYTES);
    reading->last_seq = entry.seq;
    reading->chained = TRUE;
    reading->open = *entry.text[ENTRY_TYPE] != '_';
    reading->entries++;
    return keep_hash(reading, entry.seq, hash, error) && fold_entry(reading->fold, &entry, error);
}

/* --- rows --- */

typedef struct {
    FileReading *reading;
    GError **error;
    GString *name;
} ValueReading;

static gboolean fits_value(gpointer data, const char *name, gsize name_n, const char *value,
                           gsize value_n) {
    ValueReading *values = data;
    g_string_truncate(values->name, 0);
    g_string_append_len(values->name, name, (gssize)name_n);
    return fold_fits_value(values->reading->fold, values->name->str, value, value_n, values->error);
}

static gboolean values_fit(FileReading *reading, const char *fields, GError **error) {
    GError *cause = NULL;
    ValueReading values = {reading, &cause, g_string_new(NULL)};
    gboolean good = json_text_members(fields, fits_value, &values);
    g_string_free(values.name, TRUE);
    if (cause)
        g_propagate_error(error, cause);
    else if (!good)
        bad_form(reading, error);
    return good && fold_fits_all(reading->fold, error);
}

static const char *value_of(json_t *fields, const char *name) {
    return name ? json_string_value(json_object_get(fields, name)) : NULL;
}

static const char *or_empty(const char *own, const char *other) {
    return own ? own : other ? other : "";
}

static gboolean place_fits(FileReading *reading, json_t *fields, const char **texts,
                           GError **error) {
    const FileType *type = type_at(reading, reading->type);
    const char *enterprise = texts[ROW_ENTERPRISE],
               *given = value_of(fields, type->text[TYPE_ENTERPRISE]);
    const Place *owner = NULL;
    if (type->text[TYPE_OWNER] && enterprise) {
        g_autofree char *key = g_strdup_printf("%s %s", type->text[TYPE_OWNER], enterprise);
        owner = g_hash_table_lookup(reading->places, key);
    }
    const char *region = or_empty(value_of(fields, type->text[TYPE_REGION]),
                                  owner ? owner->region : NULL),
               *sector = type->has_sector ? or_empty(value_of(fields, type->text[TYPE_SECTOR]),
                                                     owner ? owner->sector : NULL)
                                          : ANY_SECTOR;
    if (g_strcmp0(texts[ROW_REGION], region) == 0 && g_strcmp0(texts[ROW_SECTOR], sector) == 0 &&
        g_strcmp0(enterprise, given) == 0)
        return TRUE;
    return fold_broken(reading->fold,
                       "属地、单位或行业与字段不符 _region, _enterprise or _sector is not that of "
                       "its fields",
                       error);
}

static void keep_place(FileReading *reading, const char *id, const char **texts) {
    const FileType *type = type_at(reading, reading->type);
    if (!type->is_owner)
        return;
    Place *place = g_new(Place, 1);
    *place = (Place){g_strdup(texts[ROW_REGION]), g_strdup(texts[ROW_SECTOR])};
    g_hash_table_insert(reading->places, g_strdup_printf("%s %s", type->text[TYPE_NAME], id),
                        place);
}

static gboolean row_fits(FileReading *reading, const char *id, const gint64 *ints,
                         const char **texts, GError **error) {
    RowFacts facts = {.state = texts[ROW_STATE],
                      .created_by = texts[ROW_CREATED_BY],
                      .version = ints[ROW_VERSION],
                      .created_ms = ints[ROW_CREATED],
                      .updated_ms = ints[ROW_UPDATED],
                      .state_ms = ints[ROW_STATE_TIME]};
    json_t *fields = json_loads(texts[ROW_FIELDS], 0, NULL);
    gboolean good = fields ? fold_fits_facts(reading->fold, &facts, error) &&
                                 values_fit(reading, texts[ROW_FIELDS], error) &&
                                 place_fits(reading, fields, texts, error)
                           : bad_form(reading, error);
    json_decref(fields);
    if (good)
        keep_place(reading, id, texts);
    return good;
}

static gboolean read_row(FileReading *reading, Cursor *cursor, GError **error) {
    const char *names[2], *texts[ROW_TEXTS];
    gint64 ints[ROW_INTS];
    if (!get_texts(cursor, names, 2) || !get_ints(cursor, ints, ROW_INTS) ||
        !get_texts(cursor, texts, ROW_TEXTS) || cursor->at != cursor->end || names[0] == NULL ||
        names[1] == NULL || texts[ROW_FIELDS] == NULL)
        return bad_form(reading, error);
    if (!reading->open || !fold_is_of(reading->fold, names[0], names[1]))
        return verify_broken(error, "%s %s: 记录没有日志 the row has no journal", names[0],
                             names[1]);
    if (reading->begun != reading->records + 1)
        return bad(reading, "前面的记录被删除 a record before this one is gone", error);
    reading->open = reading->chained = FALSE;
    reading->records++;
    return row_fits(reading, names[1], ints, texts, error);
}

/* --- seals, when all entries have been read --- */

static gboolean give_entries(FileReading *reading, gint64 last, GError **error) {
    guint8 hash[HASH_BYTES];
    for (gint64 seq = reading->seals.last_seq + 1; seq <= last; seq++)
        if (fread(hash, 1, HASH_BYTES, reading->hashes) != HASH_BYTES)
            return verify_broken(error, "seq " I64 ": 条目缺失 entry is missing", seq);
        else if (!seal_check_entry(&reading->seals, seq, hash, error))
            return FALSE;
    return TRUE;
}

static gboolean begin_seals(FileReading *reading, GError **error) {
    reading->last_seq = 0;
    return fseeko(reading->hashes, 0, SEEK_SET) == 0 ||
           error_set(error, ERROR_FILE, NULL, "tmp", g_strerror(errno), NULL);
}

static gboolean read_seal(FileReading *reading, Cursor *cursor, GError **error) {
    gint64 ints[4];
    if (!get_ints(cursor, ints, 4) || cursor->end - cursor->at != 2 * HASH_BYTES)
        return bad_form(reading, error);
    Seal seal = {.number = ints[0], .time_ms = ints[1], .first_seq = ints[2], .last_seq = ints[3]};
    memcpy(seal.root, cursor->at, HASH_BYTES);
    memcpy(seal.hash, cursor->at + HASH_BYTES, HASH_BYTES);
    return seal_check_seal(&reading->seals, &seal, error) &&
           give_entries(reading, MIN(seal.last_seq, reading->entries + 1), error);
}

static gboolean read_end(FileReading *reading, Cursor *cursor, GError **error) {
    gint64 counts[3];
    guint8 hash[HASH_BYTES], stored[HASH_BYTES];
    if (!get_ints(cursor, counts, 3) || cursor->at != cursor->end)
        return bad_form(reading, error);
    hash_take(reading->all, hash);
    if (fread(stored, 1, HASH_BYTES, reading->in) != HASH_BYTES || fgetc(reading->in) != EOF)
        return bad_form(reading, error);
    if (memcmp(hash, stored, HASH_BYTES) != 0 || counts[0] != reading->entries ||
        counts[1] != reading->records || counts[2] != reading->seals.seals)
        return bad(reading, "文件被改动 the file was changed", error);
    reading->ended = TRUE;
    return give_entries(reading, reading->entries, error) && seal_check_end(&reading->seals, error);
}

/* --- items --- */

/* Types, then records, then seals, then the end. */
static const struct {
    int tag, stage;
    gboolean (*read)(FileReading *reading, Cursor *cursor, GError **error);
} items[] = {{ITEM_TYPE, 0, read_type},
             {ITEM_ENTRY, 1, read_entry},
             {ITEM_ROW, 1, read_row},
             {ITEM_SEAL, 2, read_seal},
             {ITEM_END, 3, read_end}};
enum { STAGE_SEALS = 2 };

/* What is left of the records when their stage ends. */
static gboolean enter_stage(FileReading *reading, int stage, GError **error) {
    gboolean seals = reading->stage < STAGE_SEALS && stage >= STAGE_SEALS;
    if (stage < reading->stage || reading->ended)
        return bad_form(reading, error);
    reading->stage = stage;
    if (!seals)
        return TRUE;
    if (reading->open && reading->records > 0)
        return fold_broken(reading->fold, "记录被删除 the record is gone", error);
    return begin_seals(reading, error);
}

static gboolean read_item(FileReading *reading, int tag, GError **error) {
    Cursor cursor = {reading->item->data, reading->item->data + reading->item->len};
    for (guint i = 0; i < G_N_ELEMENTS(items); i++)
        if (items[i].tag == tag)
            return enter_stage(reading, items[i].stage, error) &&
                   items[i].read(reading, &cursor, error);
    return bad_form(reading, error);
}

/* The bytes of the next item, as they come: what is not there is not allocated. */
static gboolean next_item(FileReading *reading, int *tag, GError **error) {
    enum { PORTION = 1 << 16 };
    guint8 head[ITEM_HEAD];
    guint64 length;
    if (fread(head, 1, ITEM_HEAD, reading->in) != ITEM_HEAD)
        return bad_form(reading, error);
    memcpy(&length, head + 1, sizeof length);
    length = GUINT64_FROM_BE(length);
    *tag = head[0];
    if (length > ITEM_BYTES_MAX)
        return bad_form(reading, error);
    g_byte_array_set_size(reading->item, 0);
    for (guint64 left = length; left > 0;) {
        guint at = reading->item->len, n = (guint)MIN(left, PORTION);
        g_byte_array_set_size(reading->item, at + n);
        if (fread(reading->item->data + at, 1, n, reading->in) != n)
            return bad_form(reading, error);
        left -= n;
    }
    hash_add(reading->all, head, ITEM_HEAD);
    hash_add(reading->all, reading->item->data, reading->item->len);
    return TRUE;
}

static gboolean read_all(FileReading *reading, GError **error) {
    char magic[sizeof JOURNAL_FILE_MAGIC - 1];
    if (fread(magic, 1, sizeof magic, reading->in) != sizeof magic ||
        memcmp(magic, JOURNAL_FILE_MAGIC, sizeof magic) != 0)
        return bad_form(reading, error);
    hash_add(reading->all, magic, sizeof magic);
    while (!reading->ended) {
        int tag = 0;
        if (!next_item(reading, &tag, error) || !read_item(reading, tag, error))
            return FALSE;
    }
    return TRUE;
}

/* An entry is at least its head, two numbers and the lengths of its texts. */
static gboolean open_files(FileReading *reading, GError **error) {
    struct stat status;
    reading->in = fopen(reading->path, "rbe");
    if (reading->in == NULL || fstat(fileno(reading->in), &status) != 0)
        return error_set(error, ERROR_FILE, NULL, reading->path, g_strerror(errno), NULL);
    reading->seq_max =
        status.st_size / (ITEM_HEAD + HASH_BYTES + (2 + ENTRY_TEXTS) * (off_t)sizeof(gint64));
    reading->hashes = tmpfile();
    return reading->hashes || error_set(error, ERROR_FILE, NULL, "tmp", g_strerror(errno), NULL);
}

gboolean journal_file_verify(const char *path, const JournalHead *kept, VerifyReport *report,
                             GError **error) {
    *report = (VerifyReport){0};
    FileReading reading = {
        .path = path,
        .all = hash_sm3_new(),
        .chain = hash_sm3_new(),
        .item = g_byte_array_sized_new(4096), /* never null, also for an empty item */
        .types = g_ptr_array_new_with_free_func(type_free),
        .places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, place_free),
        .fold = fold_new(),
        .seals = {.kept = kept}};
    gboolean good = open_files(&reading, error) && read_all(&reading, error);
    seal_check_report(&reading.seals, report);
    report->records = reading.records;
    seal_check_clear(&reading.seals);
    fold_free(reading.fold);
    g_hash_table_destroy(reading.places);
    g_ptr_array_unref(reading.types);
    g_byte_array_unref(reading.item);
    hash_state_free(reading.chain);
    hash_state_free(reading.all);
    if (reading.hashes)
        fclose(reading.hashes);
    if (reading.in)
        fclose(reading.in);
    return good;
}
