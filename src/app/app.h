/* Where the parts are joined: one data directory, its databases, the threads, the HTTP server; the
 * order of starting and stopping.
 *
 * app_open reads the packs, opens (makes, migrates) the two databases of the data directory,
 * records.db and samples.db, and starts their writers; that is enough for the command line.
 * app_start adds the sample pipeline, the scheduler of legal clocks and seals, the live hub and the
 * HTTP server. Only one process may open a data directory (lock file). app_close stops everything
 * in reverse order. The records may be in PostgreSQL instead (records_uri); samples.db stays a
 * file, and only one process may write such a database, too. */
#pragma once
#include "pack/pack.h"
#include "record/record.h"
#include "signal/pipeline.h"
#include "store/writer.h"

typedef struct {
    const char *data_dir;
    const char *records_uri; /* NULL: records.db in data_dir */
    const char *packs_dir;
    const char *web_dir;        /* NULL: no web client */
    const char *host;           /* numeric address to listen on */
    guint port;                 /* 0: any free port, see app_port */
    const char *seal_key;       /* file of the seal key; NULL: keys/seal.key in data_dir */
    gboolean seal_key_lost;     /* make a new key in place of one that is missing */
    const char *const *rates;   /* of rate_parse, or NULL: the defaults */
    guint once_hours;           /* how long an Idempotency-Key holds; 0: 24 */
    const char *const *proxies; /* beside this machine's; "none": not even that */
    const char *metrics_token;  /* file; who brings what stands in it may read /metrics from
                                   elsewhere; NULL: nobody */
    gboolean demo;              /* /api/demo answers with the logins given to app_set_demo_logins */
    Clock *clock;
} AppConfig;

typedef struct App App;
App *app_open(const AppConfig *config, GError **error);
gboolean app_start(App *app, GError **error);
void app_close(App *app);

guint app_port(App *app); /* after app_start */
const Packs *app_packs(App *app);
Clock *app_clock(App *app);
const char *app_data_dir(App *app);
Pipeline *app_pipeline(App *app); /* after app_start */
/* Runs a job of the records database and waits for its commit. */
gboolean app_write(App *app, WriterFunc func, gpointer data, GError **error);
const char *app_seal_key_path(App *app);
const char *app_seal_key_id(App *app);
/* A new seal key; *values sealed anew (app/seal_file.h). */
gboolean app_rotate_seal_key(App *app, gint64 *values, GError **error);
/* A new read connection of the records database; the caller closes it. */
Sql *app_reader(App *app, GError **error);
/* JSON array of {"login","password","title","role","enterprise"}; taken. */
void app_set_demo_logins(App *app, json_t *logins_take);

/* Opens the records of a data directory only to make changes of its packs (record/pack_change.h);
 * `keep` FALSE: to see what they would touch, and undo them. No server may have it open. */
gboolean app_change_packs(const AppConfig *config, GPtrArray *changes, gboolean keep,
                          GError **error);

/* Copies the databases and files of a data directory into a new one, also while a server runs.
 * Records in PostgreSQL are refused after samples and files are saved, with the tool that saves
 * them; files that come during that are to be copied after it (docs/postgresql.md). */
gboolean app_backup(const AppConfig *config, const char *directory, GError **error);
