/* What the files that make the province share. Inside demo/ only. */
#pragma once
#include "app/app.h"
#include "demo/demo_key.h"
#include "demo/province_plan.h"

typedef struct {
    App *app;
    const Packs *packs;
    const ProvincePlan *plan;
    const char *demo_dir;
    DemoKey key;
    gint64 now_ms;
    gint64 registered_ms; /* when the registers are said to have been filled: before the first
                             hazard */
} Build;

/* A record to be put: type and fields. */
typedef struct {
    const char *type;
    json_t *fields;
} Put;
void put_add(GArray *puts, const char *type, json_t *fields_take);

/* demo_registers.c: all but people. */
GArray *registers_puts(const Build *build);

/* demo_people.c */
GArray *people_puts(const Build *build);
json_t *people_logins(const ProvincePlan *plan);
enum { PERSON_MAX = 64 };
/* The login of who inspects a county, or minds safety or the control room at an enterprise. Returns
 * out. */
char *person_inspector(const ProvincePlan *plan, const PlanEnterprise *e,
                       char out[static PERSON_MAX]);
char *person_safety(const ProvincePlan *plan, const PlanEnterprise *e, char out[static PERSON_MAX]);
char *person_operator(const ProvincePlan *plan, const PlanEnterprise *e,
                      char out[static PERSON_MAX]);
/* A demo login is at home in this enterprise. */
gboolean person_visits(const ProvincePlan *plan, const PlanEnterprise *e);
/* In a writer's job: passwords of the logins (hash of DEMO_PASSWORD) and of the crews. */
gboolean people_set_hashes(const Build *build, Sql *sql, const char *demo_hash,
                           const char *crew_hash, GError **error);

/* Who makes a step of a story. */
typedef struct {
    Actor actor;
    char login[PERSON_MAX];
} Player;
gboolean person_known(const char *login); /* is there such a demo login */
/* The demo login itself at the plant where it is at home; elsewhere somebody of its role there.
 * "system": the program. */
void person_player(const Build *build, const char *login, const PlanEnterprise *e, Player *player);

/* demo_acts.c: something that happened before the province is shown. */
typedef struct {
    gint64 at_ms;
    guint order; /* of two at the same time */
    gboolean (*play)(gpointer book, guint index, gint64 at_ms, Sql *sql, GError **error);
    gpointer book;
    guint index;
} DemoAct;
/* In order of time; what was due before an act is fired before it, so that the journal tells one
 * story. Sorts `acts`. In a writer's job. */
gboolean acts_play(const Build *build, GArray *acts, Sql *sql, GError **error);

/* demo_records.c: demo/records/. `_acts` may be asked for again when a job is repeated. */
typedef struct RecordBook RecordBook;
RecordBook *record_book_read(const Build *build, GError **error);
void record_book_acts(RecordBook *book, GArray *acts);
void record_book_free(RecordBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecordBook, record_book_free)

/* demo_hazards.c: reads hazards.yaml; the same for its stories. */
typedef struct HazardBook HazardBook;
HazardBook *hazard_book_read(const Build *build, GError **error);
void hazard_book_free(HazardBook *book);
void hazard_book_acts(HazardBook *book, GArray *acts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HazardBook, hazard_book_free)
