/* Faults in the middle of moves with effects: the process is killed at a random moment, the disk
 * ends. What was acknowledged is there once, everything else is there whole or not at all. Each act
 * is one transaction that files an alarm and makes it a hazard: two rows, a link, a number, a
 * clock, a journal entry each. */
#include "record/record_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

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

/* Acts until it is killed, and says each that is durable. */
static void child(World *world, int round, int out) {
    GError *error = NULL;
    world->sql = test_sql_open(&world->database, SQL_WRITE);
    for (int i = 0; TRUE; i++) {
        char id[16];
        g_snprintf(id, sizeof id, "A%03d%06d", round, i);
        if (!act_durably(world, id, &error) || write(out, id, 10) != 10)
            _exit(1);
    }
}

/* A server learns that the client is gone a moment later; until then the database is taken. */
static void reopen(World *world) {
    for (int tries = 0; tries < 200; tries++) {
        world->sql = sql_open(world->database.uri, SQL_WRITE, NULL);
        if (world->sql)
            return;
        g_usleep(50000);
    }
    g_error("the database cannot be opened again");
}

static void kill_one(World *world, int round, gint64 *acknowledged) {
    int ends[2], status;
    char id[11] = "";
    g_assert_true(pipe(ends) == 0);
    sql_close(world->sql);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        child(world, round, ends[1]);
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
        g_assert_true(sql_get_int(world->sql, &error, &there, 0,
                                  "SELECT count(*) FROM r_alarm WHERE _id = ?", "t", id));
        g_assert_cmpint(there, ==, 1);
        ++*acknowledged;
    } while (read(ends[0], id, 10) == 10);
    close(ends[0]);
}

/* At most the act under way at each kill is there without having been said. */
static void test_killed(World *world, gconstpointer data) {
    (void)data;
    gint64 acknowledged = 0;
    for (int round = 0; round < KILLS; round++) {
        kill_one(world, round, &acknowledged);
        whole(world);
        gint64 alarms = count(world, "SELECT count(*) FROM r_alarm");
        g_assert_cmpint(alarms, >=, acknowledged);
        g_assert_cmpint(alarms, <=, acknowledged + round + 1);
    }
    g_test_message("%d kills, %d acts acknowledged", KILLS, (int)acknowledged);
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

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/fault/killed", World, "shared", world_open, test_killed, world_close);
    g_test_add("/fault/disk-full", World, "shared", world_open, test_disk_full, world_close);
    return g_test_run();
}
