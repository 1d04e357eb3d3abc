/* Faults in the middle of moves with effects: the process is killed at a random moment, the disk
 * ends. What was acknowledged is there once, everything else is there whole or not at all. Each act
 * is one transaction that files an alarm and makes it a hazard: two rows, a link, a number, a
 * clock, a journal entry each. */
#include "record/files.h"
#include "record/import.h"
#include "record/record_fixture.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLS = 12 };

static gboolean act(World *world, const char *id, GError **error) {
    json_t *fields =
        fields_of("{'point':'P1','point_name':'储罐液位','enterprise':'E1','condition':'high',"
                  "'level':'HH','priority':'1','value':9.5,'limit':9,'unit':'m','worst_value':9.75,"
                  "'onset':'2026-09-28T08:30:00.250+08:00','active':true}");
    json_t *alarm = record_create_with_id(world->sql, world->packs, &actor_engine, "alarm", id,
                                          fields, world->now_ms, error);
    json_decref(fields);
    json_t *moved =
        alarm ? move(world, &actor_system, "alarm", id, "to_hazard", 0, "{}", error) : NULL;
    gboolean done = moved != NULL;
    json_decref(alarm);
    json_decref(moved);
    return done;
}

static gboolean act_durably(World *world, const char *id, GError **error) {
    if (sql_exec(world->sql, "BEGIN IMMEDIATE", error) && act(world, id, error) &&
        sql_exec(world->sql, "COMMIT", error))
        return TRUE;
    sql_exec(world->sql, "ROLLBACK", NULL);
    return FALSE;
}

static gint64 count(World *world, const char *text) {
    GError *error = NULL;
    gint64 n;
    sql_get_int(world->sql, &error, &n, -1, text, "");
    g_assert_no_error(error);
    return n;
}

/* Nothing is half there: alarms and hazards name each other, numbers are 1, 2, 3 …, every hazard
 * has its clock if one has, and the journal agrees with the rows. */
static void whole(World *world) {
    gint64 n = count(world, "SELECT count(*) FROM r_alarm");
    g_assert_cmpint(n, ==, count(world, "SELECT count(*) FROM r_hazard"));
    g_assert_cmpint(n, ==,
                    count(world, "SELECT count(*) FROM r_alarm a JOIN r_hazard h ON h._id = "
                                 "a.\"hazard\" AND h.\"alarm\" = a._id"));
    g_assert_cmpint(n, ==, count(world, "SELECT count(DISTINCT _number) FROM r_hazard"));
    g_assert_cmpint(n, ==,
                    count(world, "SELECT coalesce(max(CAST(substr(_number, length(_number) - 5) AS "
                                 "INTEGER)), 0) FROM r_hazard"));
    g_assert_cmpint(count(world, "SELECT count(DISTINCT id) FROM clocks WHERE type = 'hazard'"), ==,
                    count(world, "SELECT count(*) FROM r_hazard WHERE EXISTS (SELECT 1 FROM clocks "
                                 "WHERE type = 'hazard')"));
    g_assert_cmpint(count(world, "SELECT count(*) FROM journal WHERE type IN ('alarm', 'hazard')"),
                    ==, 3 * n);
    verify_good(world);
}

/* --- killed --- */

typedef struct {
    gboolean (*act)(World *world, const char *id, GError **error); /* durable when TRUE */
    const char *there; /* asks, with the id, whether it is done */
} Deed;

/* Acts until it is killed, and says each that is durable. */
static void child(World *world, const Deed *deed, int round, int out) {
    GError *error = NULL;
    world->sql = test_sql_open(&world->database, SQL_WRITE);
    sql_set_files(world->sql, world->files);
    for (int i = 0; TRUE; i++) {
        char id[16];
        g_snprintf(id, sizeof id, "A%03d%06d", round, i);
        if (!deed->act(world, id, &error) || write(out, id, 10) != 10)
            _exit(1);
    }
}

/* A server learns that the client is gone a moment later; until then the database is taken. */
static void reopen(World *world) {
    for (int tries = 0; tries < 200; tries++) {
        world->sql = sql_open(world->database.uri, SQL_WRITE, NULL);
        if (world->sql) {
            sql_set_files(world->sql, world->files);
            return;
        }
        g_usleep(50000);
    }
    g_error("the database cannot be opened again");
}

static void kill_one(World *world, const Deed *deed, int round, gint64 *acknowledged) {
    int ends[2], status;
    char id[11] = "";
    g_assert_true(pipe(ends) == 0);
    sql_close(world->sql);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        child(world, deed, round, ends[1]);
    close(ends[1]);
    g_assert_cmpint(read(ends[0], id, 10), ==, 10); /* it is under way */
    g_usleep((gulong)g_test_rand_int_range(0, 60000));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    g_assert_true(WIFSIGNALED(status));
    reopen(world);
    do {
        gint64 there;
        GError *error = NULL;
        g_assert_true(sql_get_int(world->sql, &error, &there, 0, deed->there, "t", id));
        g_assert_cmpint(there, ==, 1);
        ++*acknowledged;
    } while (read(ends[0], id, 10) == 10);
    close(ends[0]);
}

/* At most the act under way at each kill is there without having been said. */
static void test_killed(World *world, gconstpointer data) {
    static const Deed deed = {act_durably, "SELECT count(*) FROM r_alarm WHERE _id = ?"};
    (void)data;
    gint64 acknowledged = 0;
    for (int round = 0; round < KILLS; round++) {
        kill_one(world, &deed, round, &acknowledged);
        whole(world);
        gint64 alarms = count(world, "SELECT count(*) FROM r_alarm");
        g_assert_cmpint(alarms, >=, acknowledged);
        g_assert_cmpint(alarms, <=, acknowledged + round + 1);
    }
    g_test_message("%d kills, %d acts acknowledged", KILLS, (int)acknowledged);
}

/* --- killed in the middle of a watch, a document, an import --- */

enum { IMPORTED = 5 };

static void drop(json_t *record_take, gboolean *good) {
    *good = *good && record_take != NULL;
    json_decref(record_take);
}

/* An alarm stops the job at its installation, which raises a log. */
static gboolean act_watch(World *world, const char *id, GError **error) {
    gboolean good = TRUE;
    g_autofree char *job =
        g_strdup_printf("{'title':'J%s','enterprise':'E1','installation':'I1'}", id);
    json_t *fields =
        fields_of("{'point':'G1','point_name':'可燃气体','enterprise':'E1','condition':'high',"
                  "'level':'HH','priority':'1','value':60,'limit':50,'unit':'%LEL',"
                  "'worst_value':60,'onset':'2026-09-28T08:30:00.250+08:00','active':true}");
    drop(create(world, &actor_system, "job", job, error), &good);
    if (good)
        drop(record_create_with_id(world->sql, world->packs, &actor_engine, "alarm", id, fields,
                                   world->now_ms, error),
             &good);
    json_decref(fields);
    return good;
}

/* An order to rectify: a PDF in the store, its number, its hash in the entry. */
static gboolean act_document(World *world, const char *id, GError **error) {
    gboolean good = TRUE;
    g_autofree char *text = g_strdup_printf(
        "{'title':'D%s','enterprise':'E1','source':'inspection','grade':'general'}", id);
    json_t *hazard = create(world, &actor_system, "hazard", text, error);
    if (hazard)
        drop(move(world, &actor_system, "hazard", get(hazard, "id"), "assign", 0,
                  "{'owner':'张三','due':'2026-10-20'}", error),
             &good);
    drop(hazard, &good);
    return good;
}

static gboolean act_import(World *world, const char *id, GError **error) {
    GString *sheet = g_string_new("title,enterprise,source,grade\n");
    for (int i = 0; i < IMPORTED; i++)
        g_string_append_printf(sheet, "I%s,E1,other,general\n", id);
    g_autoptr(Table) table = table_read(sheet->str, sheet->len, error);
    g_string_free(sheet, TRUE);
    ImportAsked asked = {.type = "hazard", .table = table, .mode = IMPORT_CREATE};
    json_t *answer = NULL;
    gboolean good = table && record_import(world->sql, world->packs, &actor_system, &asked,
                                           world->now_ms, &answer, error);
    json_decref(answer);
    return good;
}

/* All three in one transaction, begun with another each time. */
static gboolean act_many(World *world, const char *id, GError **error) {
    static gboolean (*const acts[])(World *, const char *, GError **) = {act_watch, act_document,
                                                                         act_import};
    gboolean good = sql_exec(world->sql, "BEGIN IMMEDIATE", error);
    for (guint i = 0; good && i < G_N_ELEMENTS(acts); i++)
        good = acts[(i + (guint)id[9]) % G_N_ELEMENTS(acts)](world, id, error);
    if (good && sql_exec(world->sql, "COMMIT", error))
        return TRUE;
    sql_exec(world->sql, "ROLLBACK", NULL);
    return FALSE;
}

/* Every alarm stopped its job, every stop has its log, every order its paper, every sheet all its
 * rows; the contents that a kill left without a row are strays and nothing else. */
static void whole_many(World *world) {
    GError *error = NULL;
    gint64 n = count(world, "SELECT count(*) FROM r_alarm"), checked;
    g_assert_cmpint(n, ==, count(world, "SELECT count(*) FROM r_job WHERE _state = 'stopped'"));
    g_assert_cmpint(n, ==, count(world, "SELECT count(*) FROM r_job"));
    g_assert_cmpint(n, ==,
                    count(world, "SELECT count(*) FROM r_job j JOIN r_job_log l ON "
                                 "l.\"job\" = j._id JOIN r_alarm a ON a._id = j.\"alarm\""));
    g_assert_cmpint(n, ==, count(world, "SELECT count(DISTINCT number) FROM documents"));
    g_assert_cmpint(n, ==,
                    count(world, "SELECT count(*) FROM documents d JOIN r_hazard h ON h._id "
                                 "= d.record WHERE substr(h.\"title\", 1, 1) = 'D'"));
    g_assert_cmpint(n * IMPORTED, ==,
                    count(world, "SELECT count(*) FROM r_hazard WHERE "
                                 "substr(\"title\", 1, 1) = 'I'"));
    g_assert_cmpint(n * (IMPORTED + 1), ==,
                    count(world, "SELECT count(DISTINCT _number) FROM r_hazard"));
    files_verify(world->sql, world->packs, &checked, &error);
    g_assert_no_error(error);
    verify_good(world);
}

static void open_many(World *world, gconstpointer data) {
    world_open_with(world, data, "tests/packs/watch");
    put(world, "installation", "{'code':'I1','name':'罐区','enterprise':'E1','kind':'tank_farm'}");
    put(world, "point",
        "{'code':'G1','name':'可燃气体','enterprise':'E1','installation':'I1','measure':"
        "'gas_combustible','unit':'%LEL'}");
}

static void test_killed_many(World *world, gconstpointer data) {
    static const Deed deed = {act_many, "SELECT count(*) FROM r_alarm WHERE _id = ?"};
    (void)data;
    gint64 acknowledged = 0;
    for (int round = 0; round < KILLS; round++) {
        kill_one(world, &deed, round, &acknowledged);
        whole_many(world);
        gint64 alarms = count(world, "SELECT count(*) FROM r_alarm");
        g_assert_cmpint(alarms, >=, acknowledged);
        g_assert_cmpint(alarms, <=, acknowledged + round + 1);
    }
}

/* --- no room --- */

static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    g_assert_true(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    g_assert_true(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* Files cannot grow past a limit that lies a little further each time; what does not fit is refused
 * as a full disk, leaves nothing, and fits when there is room again. */
static void test_disk_full(World *world, gconstpointer data) {
    (void)data;
    if (test_on_postgres()) {
        g_test_skip("the server's files are not this process's");
        return;
    }
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGXFSZ, &ignored, &before);
    int n = 0, refusals = 0;
    for (rlim_t room = 1 << 20; refusals < 25;
         room += 20000 + (rlim_t)g_test_rand_int_range(0, 9000)) {
        GError *error = NULL;
        char id[16];
        gint64 alarms = count(world, "SELECT count(*) FROM r_alarm");
        g_snprintf(id, sizeof id, "F%06d", n++);
        limit_files(room);
        gboolean done = act_durably(world, id, &error);
        limit_files(RLIM_INFINITY);
        if (done)
            continue;
        refusals++;
        if (error_kind(error) != ERROR_DISK_FULL)
            g_error("room %lu: %s", (unsigned long)room, error->message);
        g_clear_error(&error);
        g_assert_cmpint(count(world, "SELECT count(*) FROM r_alarm"), ==, alarms);
        whole(world);
        g_assert_true(act_durably(world, id, &error));
    }
    sigaction(SIGXFSZ, &before, NULL);
    whole(world);
}

/* --- no room, on PostgreSQL: tables in a tablespace on a small tmpfs --- */

enum { ROOM_MIB = 3, ROUNDS = 3 };

static gboolean mount_room(const char *dir, int mib, unsigned long flags) {
    g_autofree char *size = g_strdup_printf("size=%dm", mib);
    return mount("tmpfs", dir, "tmpfs", flags, size) == 0;
}

/* Owned by whoever the server runs as; NULL when this process may not mount. */
static char *make_room(void) {
    g_autofree char *data = g_build_filename(g_getenv("ANLAN_TEST_SERVER"), "data", NULL);
    struct stat about;
    char *dir = g_dir_make_tmp("anlan-room-XXXXXX", NULL);
    if (stat(data, &about) == 0 && mount_room(dir, ROOM_MIB, 0)) {
        g_assert_cmpint(chown(dir, about.st_uid, about.st_gid), ==, 0);
        return dir;
    }
    g_rmdir(dir);
    g_free(dir);
    return NULL;
}

static void move_tables(World *world, const char *tablespace) {
    static const char *const tables[] = {"r_alarm", "r_hazard", "journal", "clocks"};
    GError *error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *text =
            g_strdup_printf("ALTER TABLE %s SET TABLESPACE %s", tables[i], tablespace);
        sql_exec(world->sql, text, &error);
        g_assert_no_error(error);
    }
}

/* Acts until there is no room; what did not fit has left nothing. Then there is more room. */
static void fill_room(World *world, const char *dir, int round, int *n) {
    GError *error = NULL;
    gint64 alarms;
    char id[16];
    gboolean done;
    do {
        alarms = count(world, "SELECT count(*) FROM r_alarm");
        g_snprintf(id, sizeof id, "P%06d", (*n)++);
        done = act_durably(world, id, &error);
    } while (done && *n < 20000);
    g_assert_false(done);
    g_assert_error(error, ANLAN_ERROR, ERROR_DISK_FULL);
    g_clear_error(&error);
    g_assert_cmpint(count(world, "SELECT count(*) FROM r_alarm"), ==, alarms);
    whole(world);
    g_assert_true(mount_room(dir, ROOM_MIB * (round + 2), MS_REMOUNT));
    g_assert_true(act_durably(world, id, &error));
}

static void test_disk_full_postgres(World *world, gconstpointer data) {
    (void)data;
    g_autofree char *dir = test_on_postgres() ? make_room() : NULL;
    if (dir == NULL) {
        g_test_skip("needs PostgreSQL, and root to mount a small tmpfs");
        return;
    }
    int n = 0;
    g_autofree char *name = g_strdup_printf("room_%d", (int)getpid());
    g_autofree char *make = g_strdup_printf("CREATE TABLESPACE %s LOCATION '%s'", name, dir);
    g_autofree char *unmake = g_strdup_printf("DROP TABLESPACE %s", name);
    test_server_run(make);
    move_tables(world, name);
    for (int round = 0; round < ROUNDS; round++)
        fill_room(world, dir, round, &n);
    whole(world);
    move_tables(world, "pg_default");
    test_server_run(unmake);
    g_assert_cmpint(umount(dir), ==, 0);
    g_rmdir(dir);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/fault/killed", World, "shared", world_open, test_killed, world_close);
    g_test_add("/fault/killed-many", World, "shared", open_many, test_killed_many, world_close);
    g_test_add("/fault/disk-full-postgres", World, "shared", world_open, test_disk_full_postgres,
               world_close);
    g_test_add("/fault/disk-full", World, "shared", world_open, test_disk_full, world_close);
    return g_test_run();
}
