#include "record/receipt.h"
#include "record/receipt_part.h"
#include "record/verify_part.h"

#include <openssl/rand.h>
#include <string.h>

/* --- codes --- */

/* The last five are Crockford's extra check symbols; codes that would need one are not given. */
static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
enum { DIGITS = 32, CHECK_SYMBOLS = 37 };

static char check_symbol(const char *code) {
    int rest = 0;
    for (int i = 0; i < RECEIPT_CHARS - 1; i++)
        rest = (rest * DIGITS + (int)(strchr(symbols, code[i]) - symbols)) % CHECK_SYMBOLS;
    return symbols[rest];
}

static void code_new(char code[static RECEIPT_CHARS + 1]) {
    do {
        guint8 bytes[RECEIPT_CHARS - 1];
        g_assert(RAND_bytes(bytes, sizeof bytes) == 1);
        for (int i = 0; i < RECEIPT_CHARS - 1; i++)
            code[i] = symbols[bytes[i] % DIGITS];
        code[RECEIPT_CHARS - 1] = check_symbol(code);
    } while (strchr(symbols, code[RECEIPT_CHARS - 1]) - symbols >= DIGITS);
    code[RECEIPT_CHARS] = 0;
}

static char meant(char typed) {
    char upper = g_ascii_toupper(typed);
    return upper == 'O' ? '0' : upper == 'I' || upper == 'L' ? '1' : upper;
}

gboolean receipt_code_read(const char *typed, char code[static RECEIPT_CHARS + 1]) {
    int n = 0;
    for (; *typed; typed++) {
        if (*typed == '-' || *typed == ' ')
            continue;
        const char *symbol = strchr(symbols, meant(*typed));
        if (n == RECEIPT_CHARS || symbol == NULL || symbol - symbols >= DIGITS)
            return FALSE;
        code[n++] = *symbol;
    }
    code[n] = 0;
    return n == RECEIPT_CHARS && check_symbol(code) == code[n - 1];
}

static char *code_text(const char *code) {
    return g_strdup_printf("%.5s-%.5s-%.5s-%.5s", code, code + 5, code + 10, code + 15);
}

char *receipt_hash(const char *purpose, const char *code, char out[static HASH_HEX]) {
    guint8 hash[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add_text(state, purpose);
    hash_add_text(state, code);
    hash_end(state, hash);
    return hex_encode(hash, HASH_BYTES, out);
}

char *receipt_commitment(const char *salt, const char *type, const char *content,
                         char out[static HASH_HEX]) {
    guint8 hash[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add_text(state, "anlan-receipt-content");
    hash_add_text(state, salt);
    hash_add_text(state, type);
    hash_add_text(state, content);
    hash_end(state, hash);
    return hex_encode(hash, HASH_BYTES, out);
}

/* --- giving --- */

gboolean receipt_migrate(Sql *sql, GError **error) {
    return sql_define(sql,
                      "CREATE TABLE IF NOT EXISTS receipts (code_hash {text} PRIMARY KEY, type "
                      "{text} NOT NULL, id {text} NOT NULL, seq {int} NOT NULL)",
                      error);
}

void receipt_entry(const char *id, gint64 seq, gint64 time_ms, const char *diff,
                   EntryTexts *entry) {
    *entry = (EntryTexts){.seq = seq,
                          .time_ms = time_ms,
                          .text = {[ENTRY_ACTOR] = "receipt",
                                   [ENTRY_TYPE] = RECEIPT_TYPE,
                                   [ENTRY_ID] = id,
                                   [ENTRY_ACTION] = "create",
                                   [ENTRY_DIFF] = diff,
                                   [ENTRY_REGION] = ""}};
}

static gboolean append_entry(Sql *sql, const char *hash, const char *commitment, gint64 now_ms,
                             gint64 *seq, GError **error) {
    static const Actor nobody = {.kind = ACTOR_SYSTEM, .id = "receipt"};
    JournalEntry entry = {.time_ms = now_ms,
                          .actor = &nobody,
                          .type = RECEIPT_TYPE,
                          .id = hash,
                          .action = "create",
                          .diff = json_pack("{s:[n, s]}", "commitment", commitment)};
    gboolean done = journal_append(sql, &entry, error);
    json_decref(entry.diff);
    *seq = entry.seq;
    return done;
}

static json_t *receipt_json(const char *code, const char *type, gint64 seq, gint64 time_ms,
                            const char *commitment) {
    char hash[HASH_HEX], salt[HASH_HEX], time[TIME_TEXT];
    g_autofree char *text = code_text(code);
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:I, s:I}, s:s, s:s}", "code", text, "type", type,
                     "filed_at", time_format(time_ms, time), "entry", "id",
                     receipt_hash("anlan-receipt-id", code, hash), "seq", (json_int_t)seq,
                     "time_ms", (json_int_t)time_ms, "commitment", commitment, "salt",
                     receipt_hash("anlan-receipt-salt", code, salt));
}

json_t *receipt_give(Sql *sql, const Row *row, gint64 now_ms, GError **error) {
    char code[RECEIPT_CHARS + 1], hash[HASH_HEX], salt[HASH_HEX], commitment[HASH_HEX];
    gint64 seq;
    json_t *receipt = NULL;
    GString *content = g_string_new(NULL);
    code_new(code);
    receipt_hash("anlan-receipt-id", code, hash);
    row_values_text(row, content);
    receipt_commitment(receipt_hash("anlan-receipt-salt", code, salt), row->type->name,
                       content->str, commitment);
    if (append_entry(sql, hash, commitment, now_ms, &seq, error) &&
        sql_run(sql, error, "INSERT INTO receipts (code_hash, type, id, seq) VALUES (?, ?, ?, ?)",
                "ttti", hash, row->type->name, row->id, seq)) {
        receipt = receipt_json(code, row->type->name, seq, now_ms, commitment);
        json_object_set_new(receipt, "content", json_string(content->str));
    }
    g_string_free(content, TRUE);
    return receipt;
}

/* --- the proof: the path from the leaf to the root, RFC 6962 section 2.1.1 --- */

static json_t *hash_json(const guint8 *hash) {
    char hex[HASH_HEX];
    return json_string(hex_encode(hash, HASH_BYTES, hex));
}

static void tree_hash(HashState *state, const guint8 *leaves, gsize n, guint8 *out) {
    Merkle merkle = {.state = state};
    for (gsize i = 0; i < n; i++)
        merkle_add(&merkle, leaves + i * HASH_BYTES);
    merkle_root(&merkle, out);
}

/* From the leaf up: {"side": where the other half stands, "hash": of it}. */
static void add_path(HashState *state, const guint8 *leaves, gsize n, gsize at, json_t *path) {
    guint8 other[HASH_BYTES];
    gsize half = 1;
    if (n == 1)
        return;
    while (half * 2 < n)
        half *= 2;
    gboolean left = at < half;
    const guint8 *mine = left ? leaves : leaves + half * HASH_BYTES,
                 *others = left ? leaves + half * HASH_BYTES : leaves;
    add_path(state, mine, left ? half : n - half, left ? at : at - half, path);
    tree_hash(state, others, left ? n - half : half, other);
    json_array_append_new(
        path, json_pack("{s:s, s:o}", "side", left ? "right" : "left", "hash", hash_json(other)));
}

static gboolean load_seal(Sql *sql, gint64 seq, Seal *seal, guint8 former[static HASH_BYTES],
                          GError **error) {
    SqlStatement *st = sql_query(
        sql, error,
        "SELECT s.number, s.time_ms, s.first_seq, s.last_seq, s.root, s.hash, f.hash FROM seals s "
        "LEFT JOIN seals f ON f.number = s.number - 1 WHERE s.last_seq >= ? ORDER BY s.number "
        "LIMIT 1",
        "i", seq);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *seal = (Seal){0};
    if (step != SQL_ROW)
        return step == SQL_DONE;
    *seal = (Seal){.number = sql_int(st, 0),
                   .time_ms = sql_int(st, 1),
                   .first_seq = sql_int(st, 2),
                   .last_seq = sql_int(st, 3)};
    guint8 *const hashes[] = {seal->root, seal->hash, former};
    for (int i = 0; i < 3; i++) {
        gsize n;
        const void *bytes = sql_blob(st, 4 + i, &n);
        memset(hashes[i], 0, HASH_BYTES);
        if (n == HASH_BYTES)
            memcpy(hashes[i], bytes, n);
    }
    sql_reset(st);
    return TRUE;
}

static GByteArray *load_leaves(Sql *sql, const Seal *seal, GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT hash FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq",
                  "ii", seal->first_seq, seal->last_seq);
    GByteArray *leaves = g_byte_array_new();
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        gsize n;
        const void *bytes = sql_blob(st, 0, &n);
        if (n == HASH_BYTES)
            g_byte_array_append(leaves, bytes, (guint)n);
    }
    gint64 wanted = (seal->last_seq - seal->first_seq + 1) * HASH_BYTES;
    if (step == SQL_DONE && (gint64)leaves->len == wanted)
        return leaves;
    if (step == SQL_DONE)
        verify_broken(error, "封条 seal " I64 ": 条目缺失 entries are missing", seal->number);
    g_byte_array_unref(leaves);
    return NULL;
}

static gboolean add_proof(Sql *sql, gint64 seq, json_t *receipt, GError **error) {
    Seal seal;
    guint8 former[HASH_BYTES];
    char time[TIME_TEXT];
    if (!load_seal(sql, seq, &seal, former, error))
        return FALSE;
    if (seal.number == 0)
        return TRUE; /* the next minute will seal it */
    GByteArray *leaves = load_leaves(sql, &seal, error);
    if (leaves == NULL)
        return FALSE;
    HashState *state = hash_sm3_new();
    json_t *path = json_array();
    add_path(state, leaves->data, leaves->len / HASH_BYTES, (gsize)(seq - seal.first_seq), path);
    hash_state_free(state);
    g_byte_array_unref(leaves);
    json_object_set_new(receipt, "path", path);
    json_object_set_new(receipt, "seal",
                        json_pack("{s:I, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "number",
                                  (json_int_t)seal.number, "time", time_format(seal.time_ms, time),
                                  "time_ms", (json_int_t)seal.time_ms, "first_seq",
                                  (json_int_t)seal.first_seq, "last_seq", (json_int_t)seal.last_seq,
                                  "root", hash_json(seal.root), "former", hash_json(former), "hash",
                                  hash_json(seal.hash)));
    return TRUE;
}

/* --- finding --- */

void receipt_found_clear(ReceiptFound *found) {
    g_clear_pointer(&found->type, g_free);
    g_clear_pointer(&found->id, g_free);
    g_clear_pointer(&found->diff, g_free);
}

gboolean receipt_load(Sql *sql, const char *typed, ReceiptFound *found, GError **error) {
    char hash[HASH_HEX];
    *found = (ReceiptFound){0};
    G_STATIC_ASSERT(sizeof found->code == RECEIPT_CHARS + 1);
    if (!receipt_code_read(typed, found->code))
        return error_set(error, ERROR_RECEIPT, NULL, NULL);
    SqlStatement *st = sql_query(sql, error,
                                 "SELECT r.type, r.id, r.seq, j.time_ms, j.diff FROM receipts r "
                                 "JOIN journal j ON j.seq = r.seq WHERE r.code_hash = ?",
                                 "t", receipt_hash("anlan-receipt-id", found->code, hash));
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_DONE)
        return error_set(error, ERROR_RECEIPT, NULL, NULL);
    if (step == SQL_FAILED)
        return FALSE;
    found->type = g_strdup(sql_text(st, 0));
    found->id = g_strdup(sql_text(st, 1));
    found->diff = g_strdup(sql_text(st, 4));
    found->seq = sql_int(st, 2);
    found->time_ms = sql_int(st, 3);
    sql_reset(st);
    return TRUE;
}

/* What the type lets the holder see of the record as it is now. */
static gboolean add_record(Sql *sql, const Packs *packs, const ReceiptFound *found, json_t *receipt,
                           GError **error) {
    GError *failure = NULL;
    const RecordType *type = packs_type(packs, found->type);
    g_autoptr(Row) row = type ? row_load(sql, type, found->id, &failure) : NULL;
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (row == NULL)
        return TRUE;
    json_t *shows = json_object();
    for (guint i = 0; i < type->receipt_shows->len; i++) {
        const Field *field = type->receipt_shows->pdata[i];
        if (row_value(row, field)->present)
            json_object_set_new(shows, field->name,
                                field_value_to_json(field, row_value(row, field)));
    }
    json_object_set_new(receipt, "shows", shows);
    json_object_set_new(receipt, "title",
                        json_pack("{s:s, s:s}", "zh", type->title.zh, "en", type->title.en));
    if (row->state)
        json_object_set_new(
            receipt, "state",
            json_pack("{s:s, s:s}", "zh", row->state->title.zh, "en", row->state->title.en));
    return TRUE;
}

json_t *receipt_find(Sql *sql, const Packs *packs, const char *typed, GError **error) {
    g_auto(ReceiptFound) found = {0};
    if (!receipt_load(sql, typed, &found, error))
        return NULL;
    json_t *diff = json_loads(found.diff, 0, NULL);
    const char *commitment =
        json_string_value(json_array_get(json_object_get(diff, "commitment"), 1));
    json_t *receipt = receipt_json(found.code, found.type, found.seq, found.time_ms,
                                   commitment ? commitment : "");
    if (!add_record(sql, packs, &found, receipt, error) ||
        !add_proof(sql, found.seq, receipt, error))
        g_clear_pointer(&receipt, json_decref);
    json_decref(diff);
    return receipt;
}
