#include "base/hash.h"
#include "record/journal_file.h"
#include "record/record_fixture.h"

#include <glib/gstdio.h>

static const char hazard_text[] =
    "{'title':'a','enterprise':'E1','source':'other','grade':'general','funds_wan':0.1}";

static void seal(World *world) {
    GError *error = NULL;
    gint64 sealed;
    g_assert_true(journal_seal(world->sql, world->now_ms, &sealed, &error));
    g_assert_cmpint(sealed, >, 0);
    g_assert_true(journal_seal(world->sql, world->now_ms, &sealed, &error));
    g_assert_cmpint(sealed, ==, 0);
}

/* A history of some length: two seals, and entries after them. */
static void history_open(World *world, gconstpointer data) {
    GError *error = NULL;
    world_open(world, data);
    json_t *hazard = done(create(world, &actor_system, "hazard", hazard_text, &error), error);
    const char *id = get(hazard, "id");
    json_decref(done(
        edit(world, &actor_system, "hazard", id, 0, "{'place':'东罐区','funds_wan':1e300}", &error),
        error));
    seal(world);
    json_decref(done(move(world, &actor_system, "hazard", id, "assign", 0,
                          "{'owner':'x','due':'2026-10-20'}", &error),
                     error));
    put(world, "hazard", hazard_text);
    put(world, "hazard", hazard_text);
    seal(world);
    json_decref(done(edit(world, &actor_system, "hazard", id, 0, "{'place':null}", &error), error));
    put(world, "hazard", hazard_text);
    json_decref(hazard);
}

static void test_good(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    VerifyReport report;
    g_assert_true(journal_verify(world->sql, world->packs, NULL, &report, &error));
    g_assert_cmpint(report.entries, ==, 11 + 7);
    g_assert_cmpint(report.entries, ==, journal_last(world->sql, &error));
    g_assert_cmpint(report.records, ==, 11 + 4);
    g_assert_cmpint(report.seals, ==, 2);
    g_assert_cmpint(report.unsealed, ==, 2);
}

/* Each is done to a copy of a good history; the verifier must see every one. Entries 1..11 are the
 * world, 12 creates the first hazard, 13 edits it, 14 moves it, 15 and 16 create, 17 edits the
 * first again, 18 creates. */
static const struct {
    const char *name, *sql, *names;
} forgeries[] = {
    {"row", "UPDATE r_hazard SET owner = 'y' WHERE owner = 'x'", "owner"},
    {"row-number", "UPDATE r_hazard SET _number = 'YH' WHERE owner = 'x'", "number"},
    {"row-state", "UPDATE r_hazard SET _state = 'closed' WHERE owner = 'x'", "state"},
    {"row-version", "UPDATE r_hazard SET _version = 2 WHERE owner = 'x'", "version"},
    {"row-author", "UPDATE r_hazard SET _created_by = 'x'", "created_by"},
    {"row-time", "UPDATE r_hazard SET _updated_ms = _updated_ms + 1 WHERE owner = 'x'",
     "updated_at"},
    {"row-state-time", "UPDATE r_hazard SET _state_ms = _state_ms + 1 WHERE owner = 'x'",
     "_state_ms"},
    {"row-region", "UPDATE r_hazard SET _region = '33' WHERE owner = 'x'", "_region"},
    {"row-sector", "UPDATE r_hazard SET _sector = 'gas' WHERE owner = 'x'", "_sector"},
    {"row-enterprise",
     "UPDATE r_hazard SET _enterprise = 'E3', _region = '320505' WHERE owner = 'x'", "enterprise"},
    {"owner-enterprise", "UPDATE r_enterprise SET _enterprise = 'E3' WHERE _id = 'E1'",
     "_enterprise"},
    {"row-deleted", "DELETE FROM r_hazard WHERE owner = 'x'", "gone"},
    {"row-added",
     "INSERT INTO r_region (_id, _version, _created_ms, _created_by, _updated_ms, _state_ms, "
     "_region, name) "
     "VALUES ('33', 1, 0, 'x', 0, 0, '33', 'x')",
     "no journal"},
    {"row-added-silent",
     "INSERT INTO r_user (_id, _version, _created_ms, _created_by, _updated_ms, _state_ms, "
     "_region, name, role) "
     "VALUES ('root', 1, 0, 'x', 0, 0, '', 'x', 'admin')",
     "no journal"},
    {"entry-diff", "UPDATE journal SET diff = replace(diff, '\"x\"', '\"y\"') WHERE seq = 14",
     "hash chain"},
    {"entry-actor", "UPDATE journal SET actor = 'nobody' WHERE seq = 13", "hash chain"},
    {"entry-time", "UPDATE journal SET time_ms = time_ms + 1 WHERE seq = 17", "hash chain"},
    {"entry-comment", "UPDATE journal SET comment = '' WHERE seq = 17", "hash chain"},
    {"entry-place", "UPDATE journal SET _region = '32' WHERE seq = 17", "hash chain"},
    {"entry-hash",
     "UPDATE journal SET hash = (SELECT hash FROM seals WHERE number = 1) WHERE seq = 15",
     "seal 2"},
    {"entry-deleted", "DELETE FROM journal WHERE seq = 15", "seq 15"},
    {"entry-deleted-unsealed", "DELETE FROM journal WHERE seq = 17", "seq 17"},
    {"last-deleted", "DELETE FROM journal WHERE seq = 18", "no journal"},
    {"sealed-tail-deleted", "DELETE FROM journal WHERE seq >= 16", "seq 16"},
    {"entries-reordered",
     "UPDATE journal SET seq = -seq WHERE seq IN (13, 14); UPDATE journal SET seq = 27 + seq WHERE "
     "seq < 0",
     "seal 1"},
    {"entries-reordered-unsealed",
     "UPDATE journal SET seq = -seq WHERE seq IN (17, 18); UPDATE journal SET seq = 35 + seq WHERE "
     "seq < 0",
     "seq 1"},
    {"seal-root", "UPDATE seals SET root = hash WHERE number = 2", "seal 2"},
    {"seal-hash", "UPDATE seals SET hash = root WHERE number = 1", "seal 1"},
    {"seal-time", "UPDATE seals SET time_ms = time_ms + 1 WHERE number = 1", "seal 1"},
    {"seal-range", "UPDATE seals SET last_seq = 14 WHERE number = 1", "seal 1"},
    {"seal-deleted", "DELETE FROM seals WHERE number = 1", "seal 2"},
};

static void test_forgeries(World *world, gconstpointer data) {
    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        GError *error = NULL;
        VerifyReport report;
        sql_exec(world->sql, "SAVEPOINT forgery", &error);
        sql_exec(world->sql, forgeries[i].sql, &error);
        g_assert_no_error(error);
        gboolean good = journal_verify(world->sql, world->packs, NULL, &report, &error);
        if (good || error_kind(error) != ERROR_VERIFY ||
            !strstr(error->message, forgeries[i].names))
            g_error("%s: %s", forgeries[i].name, good ? "not seen" : error->message);
        g_clear_error(&error);
        sql_exec(world->sql, "ROLLBACK TO forgery; RELEASE forgery", &error);
        g_assert_no_error(error);
    }
    verify_good(world);
}

/* The canonical form of README.md, against hashes computed by another program (Python, hashlib's
 * sm3) from that text. */
static void test_canonical(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    gint64 sealed;
    char hex[HASH_HEX];
    static const char *const hashes[] = {
        "a6c1ecff589ae284eab5e0424c7e4356cae741543b07e8ef6839903c6ed59aa1",
        "d1c08184caea78001e5d5ee0470b06db058f2ac49d2668d05bd19990262c6e63"};
    Actor wang = {.kind = ACTOR_PERSON, .id = "wang", .name = "王"};
    sql_exec(world->sql, "DELETE FROM journal; DELETE FROM seals", &error);
    for (int i = 0; i < 5; i++) {
        JournalEntry entry = {.time_ms = 1000 + i,
                              .actor = &wang,
                              .type = "hazard",
                              .id = "H1",
                              .action = "edit",
                              .from = "a",
                              .to = "b",
                              .diff = json_pack("{s:[n, i]}", "x", i),
                              .comment = i % 2 ? NULL : "备注",
                              .region = "320412"};
        g_assert_true(journal_append(world->sql, &entry, &error));
        json_decref(entry.diff);
    }
    json_t *entries = journal_of(world->sql, world->packs, "hazard", "H1", &error);
    g_assert_cmpstr(get(json_array_get(entries, 0), "hash"), ==, hashes[0]);
    g_assert_cmpstr(get(json_array_get(entries, 4), "hash"), ==, hashes[1]);
    json_decref(entries);
    g_assert_true(journal_seal(world->sql, 7777, &sealed, &error));
    g_assert_cmpint(sealed, ==, 5);
    SqlStatement *st = sql_query(world->sql, &error, "SELECT root, hash FROM seals", "");
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    gsize n;
    const void *root = sql_blob(st, 0, &n);
    g_assert_cmpstr(hex_encode(root, n, hex), ==,
                    "d6744d10ad1546de840f0663ff76813df8ff07261a6760d8fa157516df371767");
    const void *hash = sql_blob(st, 1, &n);
    g_assert_cmpstr(hex_encode(hash, n, hex), ==,
                    "99d778aac17f2a0ffa75c559cd18eab001c8c31615494bc2f815fe7400455516");
    sql_reset(st);
}

/* Whoever rewrites an entry and all hashes after it is caught by the seals. */
static void test_rewritten(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    VerifyReport report;
    sql_exec(world->sql,
             "DELETE FROM journal WHERE seq = 16; UPDATE journal SET seq = seq - 1 WHERE seq > 16;"
             "DELETE FROM r_hazard WHERE _number LIKE '%3'",
             &error);
    g_assert_no_error(error);
    g_assert_false(journal_verify(world->sql, world->packs, NULL, &report, &error));
    g_assert_nonnull(strstr(error->message, "seal 2"));
    g_clear_error(&error);
}

/* --- the journal as a file --- */

static char *export_path(void) {
    return g_strdup_printf("%s/anlan-journal-%d", g_get_tmp_dir(), getpid());
}

static char *export_bytes(World *world, gboolean rows, gsize *n) {
    GError *error = NULL;
    gint64 entries;
    char *bytes;
    g_autofree char *path = export_path();
    g_unlink(path);
    journal_file_write(world->sql, world->packs, path, rows, &entries, &error);
    g_assert_no_error(error);
    g_assert_cmpint(entries, ==, journal_last(world->sql, &error));
    g_assert_true(g_file_get_contents(path, &bytes, n, &error));
    g_unlink(path);
    return bytes;
}

/* NULL, or what is said of these bytes. */
static char *verify_bytes(const char *bytes, gsize n, const JournalHead *kept,
                          VerifyReport *report) {
    g_autoptr(GError) error = NULL;
    g_autofree char *path = export_path();
    g_assert_true(
        g_file_set_contents_full(path, bytes, (gssize)n, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    gboolean good = journal_file_verify(path, kept, report, &error);
    g_unlink(path);
    if (good)
        return NULL;
    g_assert_cmpint(error_kind(error), ==, ERROR_VERIFY);
    return g_strdup(error->message);
}

static void test_file(World *world, gconstpointer data) {
    (void)data;
    VerifyReport report, of_rows;
    GError *error = NULL;
    gsize n, without;
    g_autofree char *bytes = export_bytes(world, TRUE, &n),
                    *entries = export_bytes(world, FALSE, &without);
    g_assert_null(verify_bytes(bytes, n, NULL, &report));
    g_assert_true(journal_verify(world->sql, world->packs, NULL, &of_rows, &error));
    g_assert_cmpmem(&report, sizeof report, &of_rows, sizeof of_rows);
    g_assert_cmpuint(without, <, n);
    g_assert_null(verify_bytes(entries, without, NULL, &report));
    g_assert_cmpint(report.records, ==, 0);
    g_assert_cmpint(report.seals, ==, of_rows.seals);
}

/* Whatever byte is changed and wherever the file is cut, it is seen; so is what follows its end. */
static void test_file_changed(World *world, gconstpointer data) {
    (void)data;
    VerifyReport report;
    gsize n;
    g_autofree char *bytes = export_bytes(world, TRUE, &n);
    for (int i = 0; i < 600; i++) {
        g_autofree char *copy = g_memdup2(bytes, n + 1);
        gsize at = (gsize)g_test_rand_int_range(0, (gint32)n);
        copy[at] ^= (char)(1 << g_test_rand_int_range(0, 8));
        g_autofree char *said = verify_bytes(copy, n, NULL, &report);
        if (said == NULL)
            g_error("a changed byte at %" G_GSIZE_FORMAT " is not seen", at);
        g_autofree char *cut = verify_bytes(bytes, at, NULL, &report);
        if (cut == NULL)
            g_error("a file cut at %" G_GSIZE_FORMAT " is not seen", at);
    }
    g_autofree char *longer = g_malloc0(n + 1);
    memcpy(longer, bytes, n);
    g_autofree char *said = verify_bytes(longer, n + 1, NULL, &report);
    g_assert_nonnull(said);
}

/* A forged database gives a file that is well-formed, and yet refused. */
static void test_file_forged(World *world, gconstpointer data) {
    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        GError *error = NULL;
        VerifyReport report;
        gint64 entries;
        g_autofree char *path = export_path();
        if (strcmp(forgeries[i].name, "owner-enterprise") == 0)
            continue; /* an enterprise's code stands in the file once */
        sql_exec(world->sql, "SAVEPOINT forgery", &error);
        sql_exec(world->sql, forgeries[i].sql, &error);
        g_assert_no_error(error);
        g_unlink(path);
        journal_file_write(world->sql, world->packs, path, TRUE, &entries, &error);
        g_assert_no_error(error);
        if (journal_file_verify(path, NULL, &report, &error))
            g_error("%s: not seen in the file", forgeries[i].name);
        g_assert_cmpint(error_kind(error), ==, ERROR_VERIFY);
        g_clear_error(&error);
        g_unlink(path);
        sql_exec(world->sql, "ROLLBACK TO forgery; RELEASE forgery", &error);
        g_assert_no_error(error);
    }
}

/* Whoever rewrites everything, seals too, cannot change the head that somebody has kept. */
static void test_head(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    VerifyReport report, again;
    JournalHead kept;
    g_assert_true(journal_verify(world->sql, world->packs, NULL, &report, &error));
    g_autofree char *text = journal_head_text(&report.head);
    g_assert_true(journal_head_parse(text, &kept));
    g_assert_cmpint(kept.number, ==, 2);
    seal(world);
    g_assert_true(journal_verify(world->sql, world->packs, &kept, &again, &error));
    g_assert_cmpint(again.head.number, ==, 3);
    kept.hash[31] ^= 1;
    g_assert_false(journal_verify(world->sql, world->packs, &kept, &again, &error));
    g_assert_nonnull(strstr(error->message, "rewritten"));
    g_clear_error(&error);
    kept.number = 9;
    g_assert_false(journal_verify(world->sql, world->packs, &kept, &again, &error));
    g_assert_nonnull(strstr(error->message, "rewritten"));
    g_clear_error(&error);
    static const char *const bad[] = {"", "2", "2:", "0:00", "x:00"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(journal_head_parse(bad[i], &kept));
}

/* The live stream: everything in sight, once, in order, whatever the page size. */
static void test_after(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor wujin = person(world, "county_inspector", "wang", "320412"),
          suzhou = person(world, "city_duty", "c", "3205");
    gint64 last = 0, seen = 0, end = journal_last(world->sql, &error);
    while (last < end) {
        json_t *items =
            journal_after(world->sql, world->packs, &wujin, NULL, last, 3, &last, &error);
        g_assert_no_error(error);
        for (gsize i = 0; i < json_array_size(items); i++) {
            gint64 seq = json_integer_value(json_object_get(json_array_get(items, i), "seq"));
            g_assert_cmpint(seq, >, seen);
            seen = seq;
        }
        json_decref(items);
    }
    g_assert_cmpint(seen, ==, end);
    json_t *items = journal_after(world->sql, world->packs, &suzhou, NULL, 0, 100, &last, &error);
    g_assert_cmpuint(json_array_size(items), ==,
                     6 + 1 + 1); /* regions are for everyone; E3 and P3 */
    g_assert_cmpint(last, ==, end);
    json_decref(items);
    Actor operator= person(world, "enterprise_operator", "o", "E1");
    items = journal_after(world->sql, world->packs, &operator, NULL, 0, 100, &last, &error);
    g_assert_cmpuint(json_array_size(items), ==,
                     6 + 2); /* E1 and P1; operators do not read hazards */
    json_decref(items);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/journal/" path, World, NULL, history_open, func, world_close)
    TEST("good", test_good);
    TEST("forgeries", test_forgeries);
    TEST("canonical", test_canonical);
    TEST("rewritten", test_rewritten);
    TEST("file", test_file);
    TEST("file-changed", test_file_changed);
    TEST("file-forged", test_file_forged);
    TEST("head", test_head);
    TEST("after", test_after);
    return g_test_run();
}
