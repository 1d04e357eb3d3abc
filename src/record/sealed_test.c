#include "record/record_fixture.h"
#include "record/sealed.h"

#include <sys/stat.h>
#include <unistd.h>

/* A world with packs/core, packs/hazard and the made-up type `whisper` of tests/packs/sealed, and a
 * seal key. */
typedef struct {
    World world;
    SealKey *key;
    Actor inspector, keeper, far_keeper;
} Place;

static void place_open(Place *place, gconstpointer data) {
    GError *error = NULL;
    world_open_with(&place->world, data, "tests/packs/sealed");
    place->key = seal_key_new();
    seal_key_activate(place->world.sql, place->key, 0, &error);
    g_assert_no_error(error);
    place->inspector = person(&place->world, "county_inspector", "wang", "320412");
    place->keeper = person(&place->world, "county_tips", "zhao", "320412");
    place->far_keeper = person(&place->world, "county_tips", "qian", "320505");
}

static void place_close(Place *place, gconstpointer data) {
    seal_key_free(place->key);
    world_close(&place->world, data);
}

static const char whisper[] =
    "{'title':'夜间偷排','place':'320412','sector':'chemical','reporter':'"
    "孙某人','phone':'13800001111','born':'1980-02-03','reward':735241968,"
    "'trade':'storage','bribe':735241.96,'shift':'PT8H31M','trust':73.52}";
static const char *const clear[] = {"孙某人",   "13800001111", "1980-02-03", "735241968",
                                    "storage",  "735241.96",   "73524196",   "PT8H31M",
                                    "30660000", "73.52"};
static const char *const secrets[] = {"reporter", "phone", "born",  "reward",
                                      "trade",    "bribe", "shift", "trust"};

static json_t *whisper_new(Place *place) {
    GError *error = NULL;
    return done(create(&place->world, &place->inspector, "whisper", whisper, &error), error);
}

static json_t *reveal(Place *place, const SealKey *key, const Actor *actor, const char *id,
                      const char *field, const char *reason, GError **error) {
    return record_reveal(place->world.sql, place->world.packs, key, actor, "whisper", id, field,
                         reason, place->world.now_ms, error);
}

static void shows_nothing(const char *text) {
    for (gsize i = 0; i < G_N_ELEMENTS(clear); i++)
        if (strstr(text, clear[i]))
            g_error("%s is shown: %s", clear[i], text);
}

static void json_shows_nothing(json_t *json) {
    char *text = json_dumps(json, JSON_ENCODE_ANY);
    shows_nothing(text);
    free(text);
}

/* All texts of a table. */
static void table_shows_nothing(Place *place, const char *text, guint columns) {
    SqlStatement *st = sql_query(place->world.sql, NULL, text, "");
    guint rows = 0;
    for (; sql_step(st, NULL) == SQL_ROW; rows++)
        for (guint i = 0; i < columns; i++)
            if (sql_text(st, (int)i))
                shows_nothing(sql_text(st, (int)i));
    g_assert_cmpuint(rows, >, 0);
}

/* Neither the answer nor the row nor the journal has a value in the clear; equal values differ. */
static void test_at_rest(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *first = whisper_new(place), *second = whisper_new(place);
    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
        g_assert_true(json_is_true(json_object_get(json_object_get(first, secrets[i]), "sealed")));
    json_shows_nothing(first);
    table_shows_nothing(
        place, "SELECT reporter, phone, born, reward, trade, bribe, shift, trust FROM r_whisper",
        8);
    table_shows_nothing(place, "SELECT diff, comment FROM journal WHERE type = 'whisper'", 2);
    json_t *journal =
        journal_of(place->world.sql, place->world.packs, "whisper", get(first, "id"), &error);
    json_shows_nothing(journal);
    gint64 different = 0, lengths = 0;
    sql_get_int(place->world.sql, &error, &different, 0,
                "SELECT count(DISTINCT reporter) FROM r_whisper", "");
    sql_get_int(place->world.sql, &error, &lengths, 0,
                "SELECT count(DISTINCT length(a.x)) FROM (SELECT phone AS x FROM r_whisper UNION "
                "SELECT reward FROM r_whisper) a",
                "");
    g_assert_no_error(error);
    g_assert_cmpint(different, ==, 2);
    g_assert_cmpint(lengths, ==, 1);
    verify_good(&place->world);
    json_decref(journal);
    json_decref(first);
    json_decref(second);
}

/* A keeper, in his place, with a reason, of a field that has a value: and it is written down. */
static void test_reveal(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record = whisper_new(place);
    const char *id = get(record, "id");
    Actor machine = actor_system;
    refused(reveal(place, place->key, &place->inspector, id, "phone", "x", &error), &error,
            ERROR_FORBIDDEN, NULL);
    refused(reveal(place, place->key, &machine, id, "phone", "x", &error), &error, ERROR_FORBIDDEN,
            NULL);
    refused(reveal(place, place->key, &place->far_keeper, id, "phone", "x", &error), &error,
            ERROR_NOT_FOUND, NULL);
    refused(reveal(place, place->key, &place->keeper, id, "phone", "  ", &error), &error,
            ERROR_FIELD_REQUIRED, "reason");
    refused(reveal(place, place->key, &place->keeper, id, "title", "x", &error), &error,
            ERROR_FIELD_UNKNOWN, "title");
    gint64 before = journal_last(place->world.sql, NULL);
    json_t *shown =
        done(reveal(place, place->key, &place->keeper, id, "phone", "回访举报人", &error), error);
    g_assert_cmpstr(get(shown, "value"), ==, "13800001111");
    json_decref(shown);
    shown = done(reveal(place, place->key, &place->keeper, id, "reward", "发放", &error), error);
    g_assert_cmpint(json_integer_value(json_object_get(shown, "value")), ==, 735241968);
    g_assert_cmpint(journal_last(place->world.sql, NULL), ==, before + 2);
    json_t *journal = journal_of(place->world.sql, place->world.packs, "whisper", id, &error);
    json_t *entry = json_array_get(journal, 1);
    g_assert_cmpstr(get(entry, "action"), ==, "reveal:phone");
    g_assert_cmpstr(get(entry, "actor"), ==, "zhao");
    g_assert_cmpstr(get(entry, "comment"), ==, "回访举报人");
    json_shows_nothing(journal);
    verify_good(&place->world);
    json_decref(shown);
    json_decref(journal);
    json_decref(record);
}

static void list_refused(Place *place, RecordQuery query, ErrorKind kind) {
    GError *error = NULL;
    query.limit = 10;
    json_t *page = record_list(place->world.sql, place->world.packs, &place->keeper, "whisper",
                               &query, 0, &error);
    refused(page, &error, kind, NULL);
}

static gint64 count_of(Place *place, RecordQuery query) {
    GError *error = NULL;
    query.limit = 10;
    query.count = TRUE;
    json_t *page = done(record_list(place->world.sql, place->world.packs, &place->keeper, "whisper",
                                    &query, 0, &error),
                        error);
    gint64 count = json_integer_value(json_object_get(page, "count"));
    json_decref(page);
    return count;
}

/* Nobody, also no keeper, can ask the database what a value is; only whether there is one. */
static void test_no_oracle(Place *place, gconstpointer data) {
    (void)data;
    json_decref(whisper_new(place));
    put(&place->world, "whisper", "{'title':'无名','place':'320412'}");
    static const char *const filters[] = {
        "phone = '13800001111'", "'13800001111' = phone",
        "phone LIKE '1%'",       "reward > 1",
        "trade IN ('dust')",     "born BETWEEN DATE('1980-01-01') AND DATE('1981-01-01')",
        "title = reporter",      "reporter = reporter"};
    for (gsize i = 0; i < G_N_ELEMENTS(filters); i++)
        list_refused(place, (RecordQuery){.filter = filters[i]}, ERROR_CONDITION);
    list_refused(place, (RecordQuery){.sort = "-reward"}, ERROR_REQUEST);
    list_refused(place, (RecordQuery){.facets = "trade"}, ERROR_REQUEST);
    g_assert_cmpint(count_of(place, (RecordQuery){.search = "13800001111"}), ==, 0);
    g_assert_cmpint(count_of(place, (RecordQuery){.search = "孙某人"}), ==, 0);
    g_assert_cmpint(count_of(place, (RecordQuery){.search = "偷排"}), ==, 1);
    g_assert_cmpint(count_of(place, (RecordQuery){.filter = "phone IS NULL"}), ==, 1);
    g_assert_cmpint(count_of(place, (RecordQuery){.filter = "phone IS NOT NULL"}), ==, 1);
}

/* What was shown may be given back; null empties; rules of the field hold for new values, and a
 * refusal does not repeat them. */
static void test_edit(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record = whisper_new(place);
    const char *id = get(record, "id");
    World *world = &place->world;
    json_t *same =
        done(edit(world, &place->inspector, "whisper", id, 1, "{'phone':{'sealed':true}}", &error),
             error);
    g_assert_cmpint(version_of(same), ==, 1);
    json_decref(same);
    refused(edit(world, &place->inspector, "whisper", id, 1, "{'phone':'no digits'}", &error),
            &error, ERROR_FIELD_FORMAT, "phone");
    json_t *bad = edit(world, &place->inspector, "whisper", id, 1, "{'trade':'孙某人'}", &error);
    g_assert_null(bad);
    shows_nothing(error->message);
    g_clear_error(&error);
    json_decref(done(
        edit(world, &place->inspector, "whisper", id, 1, "{'phone':'999','born':null}", &error),
        error));
    json_t *shown =
        done(reveal(place, place->key, &place->keeper, id, "phone", "x", &error), error);
    g_assert_cmpstr(get(shown, "value"), ==, "999");
    refused(reveal(place, place->key, &place->keeper, id, "born", "x", &error), &error,
            ERROR_FIELD_UNKNOWN, "born");
    refused(create(world, &place->inspector, "whisper",
                   "{'title':'x','place':'320412','phone':{'sealed':true}}", &error),
            &error, ERROR_FIELD_KIND, "phone");
    json_t *closed = done(move(world, &place->keeper, "whisper", id, "close", 2,
                               "{'answer':'已查处','phone':'777'}", &error),
                          error);
    g_assert_cmpstr(get(closed, "state"), ==, "closed");
    verify_good(world);
    json_decref(closed);
    json_decref(shown);
    json_decref(record);
}

/* Another key opens nothing, nor does the right one what was carried to another record. */
static void test_wrong_key(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *first = whisper_new(place), *second = whisper_new(place);
    SealKey *other = seal_key_new();
    refused(reveal(place, other, &place->keeper, get(first, "id"), "phone", "x", &error), &error,
            ERROR_SEAL, "phone");
    sql_run(place->world.sql, &error,
            "UPDATE r_whisper SET phone = (SELECT w.phone FROM r_whisper w WHERE w._id = ?) WHERE "
            "_id = ?",
            "tt", get(first, "id"), get(second, "id"));
    g_assert_no_error(error);
    refused(reveal(place, place->key, &place->keeper, get(second, "id"), "phone", "x", &error),
            &error, ERROR_SEAL, "phone");
    VerifyReport report;
    g_assert_false(journal_verify(place->world.sql, place->world.packs, NULL, &report, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_VERIFY);
    g_clear_error(&error);
    seal_key_free(other);
    json_decref(first);
    json_decref(second);
}

/* Numbers and spans come out as they went in. */
static void test_kinds(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record = whisper_new(place),
           *wanted = fields_of("{'bribe':735241.96,'shift':'PT8H31M','trust':73.52}"), *value;
    const char *name;
    json_object_foreach(wanted, name, value) {
        json_t *shown =
            done(reveal(place, place->key, &place->keeper, get(record, "id"), name, "查", &error),
                 error);
        g_assert_true(json_equal(json_object_get(shown, "value"), value));
        json_decref(shown);
    }
    refused(create(&place->world, &place->inspector, "whisper",
                   "{'title':'x','place':'320412','shift':'P8D'}", &error),
            &error, ERROR_FIELD_RANGE, "shift");
    verify_good(&place->world);
    json_decref(record);
    json_decref(wanted);
}

/* A pack makes a field secret whose values stand in the clear. */
static void test_becomes_secret(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    World *world = &place->world;
    gint64 values = 0;
    Field *phone = (Field *)type_field(packs_type(world->packs, "whisper"), "phone");
    phone->secret = FALSE;
    sql_run(world->sql, &error,
            "UPDATE schema_fields SET kind = 'text' WHERE type = 'whisper' AND field = 'phone'",
            "");
    json_t *record = whisper_new(place);
    g_assert_cmpstr(get(record, "phone"), ==, "13800001111");
    phone->secret = TRUE;
    g_assert_true(records_migrate(world->sql, world->packs, &error));
    g_assert_true(records_seal(world->sql, world->packs, world->now_ms, &values, &error));
    g_assert_cmpint(values, ==, 1);
    table_shows_nothing(
        place, "SELECT reporter, phone, born, reward, trade, bribe, shift, trust FROM r_whisper",
        8);
    table_shows_nothing(place, "SELECT diff FROM journal WHERE action = 'seal'", 1);
    json_t *shown = done(
        reveal(place, place->key, &place->keeper, get(record, "id"), "phone", "x", &error), error);
    g_assert_cmpstr(get(shown, "value"), ==, "13800001111");
    g_assert_true(records_seal(world->sql, world->packs, world->now_ms, &values, &error));
    g_assert_cmpint(values, ==, 0);
    verify_good(world);
    phone->secret = FALSE; /* and not back again */
    g_assert_false(records_migrate(world->sql, world->packs, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_PACK);
    g_clear_error(&error);
    json_decref(shown);
    json_decref(record);
}

static void test_rotation(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    World *world = &place->world;
    json_t *record = whisper_new(place);
    const char *id = get(record, "id");
    SealKey *key = seal_key_new();
    gint64 values = 0;
    g_assert_true(
        records_reseal(world->sql, world->packs, place->key, key, world->now_ms, &values, &error));
    g_assert_cmpint(values, ==, G_N_ELEMENTS(secrets));
    g_autofree char *active = seal_key_active(world->sql, &error);
    g_assert_cmpstr(active, ==, seal_key_id(key));
    refused(reveal(place, place->key, &place->keeper, id, "phone", "x", &error), &error, ERROR_SEAL,
            "phone");
    json_t *shown = done(reveal(place, key, &place->keeper, id, "phone", "x", &error), error);
    g_assert_cmpstr(get(shown, "value"), ==, "13800001111");
    verify_good(world);
    seal_key_free(key);
    json_decref(shown);
    json_decref(record);
}

static void test_file(void) {
    GError *error = NULL;
    g_autofree char *folder = g_dir_make_tmp("seal-key-XXXXXX", &error);
    g_autofree char *path = g_build_filename(folder, "keys", "seal.key", NULL);
    g_autofree char *keys = g_path_get_dirname(path);
    struct stat about;
    SealKey *key = seal_key_new(), *again;
    g_assert_true(seal_key_write(key, path, &error));
    g_assert_cmpint(stat(path, &about), ==, 0);
    g_assert_cmpint(about.st_mode & 0777, ==, 0600);
    again = seal_key_read(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(seal_key_id(again), ==, seal_key_id(key));
    g_assert_false(seal_key_write(key, path, &error)); /* never over another */
    g_clear_error(&error);
    for (mode_t bit = 001; bit <= 040; bit <<= 1) {
        chmod(path, 0600 | bit);
        g_assert_null(seal_key_read(path, &error));
        g_assert_cmpint(error_kind(error), ==, ERROR_CONFIG);
        g_clear_error(&error);
    }
    static const char *const broken[] = {"", "anlan-seal-key 1 ", "anlan-seal-key 1 AAAA\n",
                                         ("anlan-seal-key 2 "
                                          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")};
    chmod(path, 0600);
    for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
        FILE *file = fopen(path, "w");
        fputs(broken[i], file);
        fclose(file);
        g_assert_null(seal_key_read(path, &error));
        g_assert_cmpint(error_kind(error), ==, ERROR_CONFIG);
        g_clear_error(&error);
    }
    seal_key_free(key);
    seal_key_free(again);
    unlink(path);
    rmdir(keys);
    rmdir(folder);
}

/* Without a key nothing secret is taken, least of all in the clear. */
static void test_no_key(Place *place, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    sql_run(place->world.sql, &error, "DELETE FROM seal_keys", "");
    refused(create(&place->world, &place->inspector, "whisper", whisper, &error), &error,
            ERROR_SEAL, NULL);
}

#define TEST(name, function) g_test_add(name, Place, NULL, place_open, function, place_close)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    TEST("/sealed/at-rest", test_at_rest);
    TEST("/sealed/reveal", test_reveal);
    TEST("/sealed/no-oracle", test_no_oracle);
    TEST("/sealed/edit", test_edit);
    TEST("/sealed/wrong-key", test_wrong_key);
    TEST("/sealed/kinds", test_kinds);
    TEST("/sealed/becomes-secret", test_becomes_secret);
    TEST("/sealed/rotation", test_rotation);
    TEST("/sealed/no-key", test_no_key);
    g_test_add_func("/sealed/file", test_file);
    return g_test_run();
}
