/* Packs: the text files that say what people keep (docs/packs.md), read and checked into frozen
 * tables.
 *
 * packs_load reads every folder of a directory, or refuses with file, line and rule; nothing
 * half-loads. What it returns is read-only and may be shared by all threads until packs_free. All
 * pointers inside belong to the Packs. */
#pragma once
#include "base/error.h"
#include "pack/calendar.h"
#include "pack/condition.h"
#include "pack/document_type.h"
#include "pack/span.h"

typedef struct RecordType RecordType;
typedef struct Packs Packs;

typedef struct {
    char *zh, *en;
} Title;

/* Days on which a rule or code is in force, both included; 0 when open. */
typedef struct {
    gint64 from, to;
} Validity;

typedef struct CodeItem CodeItem;
struct CodeItem {
    char *code;
    Title title;
    guint index;            /* place in the list */
    const CodeItem *parent; /* or NULL */
    char *parent_code;
    Validity valid;
    Span span;                 /* n 0: none */
    char *basis, *mark, *note; /* of a legal timer; or NULL */
    GHashTable *map;           /* the code of another system, by the system's name; or NULL */
};

struct CodeList {
    char *name;
    Title title;
    GPtrArray *items; /* CodeItem, in file order */
    GHashTable *by_code;
    gboolean worst_last; /* worst() takes the last in order instead of the first */
    gboolean has_spans;  /* every code stands for a span */
};

typedef enum {
    LEVEL_SYSTEM,
    LEVEL_PROVINCE,
    LEVEL_CITY,
    LEVEL_COUNTY,
    LEVEL_TOWN, /* town, street, park, grid */
    LEVEL_ENTERPRISE
} Level;

typedef struct {
    char *name;
    Title title;
    Level level;
    gboolean sector; /* sees only the sectors of its user, inside his region */
    guint index;     /* bit in a RoleSet */
} Role;

/* A set of roles as bits; ROLE_EVERYONE and ROLE_ENGINE stand for `everyone` and `engine` in
 * rights. At most 56 roles. */
typedef guint64 RoleSet;
#define ROLE_EVERYONE ((RoleSet)1 << 63)
#define ROLE_ENGINE ((RoleSet)1 << 62)
#define ROLE_PUBLIC ((RoleSet)1 << 61) /* guests: what is published, and reports */

typedef enum {
    FIELD_TEXT,
    FIELD_INTEGER,
    FIELD_DECIMAL,
    FIELD_BOOL,
    FIELD_DATE,
    FIELD_TIME,
    FIELD_CODE,
    FIELD_REF,
    FIELD_REGION,
    FIELD_ROLE,
    FIELD_POINT,
    FIELD_MONEY,
    FIELD_DURATION,
    FIELD_SCORE,
    FIELD_ROWS,
    FIELD_FILE,
    FIELD_AREA,
    FIELD_KINDS
} FieldKind;
const char *field_kind_name(FieldKind kind); /* "text" */

/* Bounds of fields of kind file: how many in one field, how large one may be at most. */
enum { FILES_OF_FIELD_MAX = 50, FILE_BYTES_MAX = 100 * 1000 * 1000 };

typedef struct {
    char *name;
    Title title;
    FieldKind kind;
    guint index; /* place in RecordType.fields */
    gboolean required;
    Condition *required_when; /* or NULL */
    guint64 required_states;  /* in a record that stands in one of these: bits of State.index */
    Condition *shown_when;    /* has a value only while this holds; NULL: always */
    gboolean unique, has_min, has_max;
    gboolean secret;  /* sealed at rest, opened by keepers only (record/sealed.h) */
    gboolean by_move; /* people give it in moves only, never at creation or by an edit */
    double min, max;  /* numbers; yuan; ms of a duration */
    int max_chars;    /* text */
    GRegex *pattern;  /* anchored, or NULL */
    char *pattern_text;
    char *format; /* "uscc", "login" (forms offer one's own) or NULL */
    const CodeList *codes;
    char *ref_type; /* FIELD_REF: the type's name */
    char *unit;
    char *default_value; /* as text, or NULL */
    RecordType *rows;    /* FIELD_ROWS: the fields of one row, as a type named TYPE__FIELD */
    guint min_rows, max_rows;
    char *under; /* of a code inside rows: the record's code field whose branch forms offer, or NULL
                  */
    gboolean computed; /* made at each write, never given: */
    Expression *compute;
    guint accept; /* FIELD_FILE: MediaClass bits */
    int max_files;
    gint64 max_size; /* bytes of one file */
} Field;

typedef struct {
    RoleSet who;
    Condition *when; /* NULL: always */
} Todo;

typedef struct {
    char *name;
    Title title;
    guint index; /* bit in Move.from */
    gboolean final;
    gboolean locked; /* people do not edit a record that stands here, they make moves */
    gboolean aside;  /* beside the usual way: shown only to records that came there */
    GArray *todo;    /* Todo */
} State;

typedef struct Guard Guard;
struct Guard {
    Condition *when;
    Title message;
    char *field;    /* or NULL */
    Validity valid; /* of the law it serves */
    Guard *next;    /* of the same move; or NULL */
};

typedef struct {
    Condition *when;    /* NULL: always */
    const State *state; /* NULL: same */
} MoveTarget;

typedef enum {
    VALUE_NULL,
    VALUE_TEXT,
    VALUE_NOW,
    VALUE_TODAY,
    VALUE_ACTOR,
    VALUE_TEMPLATE,
    VALUE_FIELD,
    VALUE_ID,
    VALUE_ENTERPRISE,
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_CALC,
    VALUE_RECORDS,
    VALUE_ROWS
} ValueKind;

/* A question to the records of a type: how many, the sum of a field (none when one of them is
 * empty), or the field of the latest. */
typedef struct {
    enum { RECORDS_COUNT, RECORDS_SUM, RECORDS_LATEST } what;
    const RecordType *type;
    const Field *field; /* sum, latest */
    const Field *by;    /* latest: by this date or time; NULL: by creation */
    Condition *where;   /* over `type`, $record.f is the asking record's; or NULL */
} RecordsAsked;

/* Rows that are made: one of each record of `type` in the order of their ids, or copies of the
 * `count` rows of `pick` for which `by` is least, in that order. */
typedef struct {
    const RecordType *type; /* NULL: pick */
    Condition *where;       /* as in RecordsAsked */
    GArray *cells;          /* RowCell */
    const Field *pick;      /* own field of kind rows */
    Expression *by;         /* over its rows; without a value: not picked */
    Expression *count;      /* over the record; without a value: none are picked */
} RowsMade;
typedef struct {
    const Field *cell;
    Expression *value; /* over the record that the row is made of */
} RowCell;

typedef struct {
    char *field;
    ValueKind kind;
    char *text;    /* VALUE_TEXT, VALUE_TEMPLATE, VALUE_FIELD (its name) */
    double number; /* VALUE_NUMBER; VALUE_BOOL 0 or 1 */
    Expression *calc;
    RecordsAsked *records;
    RowsMade *rows;
} Assignment;

typedef enum { EFFECT_RAISE, EFFECT_NOTIFY } EffectKind;
typedef struct {
    EffectKind kind;
    Condition *when; /* on the record after the move; NULL: always */
    char *type;      /* raise */
    char *link;      /* raise: own field, or NULL */
    GArray *fields;  /* raise: Assignment */
    RoleSet who;     /* notify */
    Title title;     /* notify: template */
} Effect;

typedef struct ClockType ClockType;

#define LEGAL_TIMERS "legal_timers" /* the code list that {timer: NAME} looks into */
/* Turns a proposal down (by who may confirm it) or takes it back (by who made it). */
#define MOVE_TURN_DOWN "turn_down"

enum { BY_ENGINE = 1, BY_CLOCK = 2, BY_RECEIPT = 4 };
typedef struct {
    char *name;
    Title title;
    guint64 from; /* bits of State.index; at most 64 states */
    GArray *to;   /* MoveTarget, the last without condition */
    RoleSet who;
    int by;             /* BY_ bits; BY_RECEIPT: by the holder of a receipt of the record */
    gboolean receipt;   /* answers with a receipt of the record as it stands then */
    GPtrArray *accepts; /* Field* */
    GPtrArray *require; /* Field* */
    gboolean require_comment;
    Guard *guard;      /* or NULL */
    GPtrArray *not_by; /* char*: names of moves */
    GArray *set;       /* Assignment */
    GArray *effects;   /* Effect */
    int approvals;     /* takes effect when so many others have confirmed it; 0: at once */
    RoleSet approvers;
    GPtrArray *withdraws;          /* char*: only by who made the last act, one of these moves */
    const Field *level;            /* its value names the level that may make it; or NULL */
    const ClockType *before_clock; /* only while at least `before` is left on it; or NULL */
    Span before;
} Move;

/* A paper that is made when one of `moves` is, while `when` holds after it. */
typedef struct {
    char *name;
    Title title;
    GPtrArray *moves; /* const Move* */
    Condition *when;  /* NULL: always */
    char *number;     /* pattern or NULL */
    GStrv basis;      /* or NULL */
    PaperStyle style;
    GPtrArray *pieces; /* DocumentPiece* */
} DocumentType;

typedef struct {
    Span after;
    const Move *move;
} ClockStep;

struct ClockType {
    char *name;
    Title title;
    GStrv basis;              /* or NULL */
    const State *start;       /* runs from entering this state, */
    const Field *start_field; /* or from the value of this date or time */
    const State *stop;        /* until leaving this state, or NULL; always until a final state */
    guint64 stop_enter;       /* or until entering one of these: bits of State.index */
    Condition *when;          /* runs only while this holds; or NULL */
    Condition *pause;         /* stands still while this holds; or NULL */
    const Field *until;       /* or NULL */
    gboolean has_limit;
    Validity valid;  /* several of one name and disjoint validity are one clock over time */
    gboolean by_now; /* the law of the day the run starts, not of the record's making */
    Span limit;
    const CodeItem *timer;    /* the legal timer that `limit` is; or NULL */
    const Field *limit_field; /* a duration, or a code that stands for a span; or NULL */
    GArray *steps;            /* ClockStep, in order of `after` */
};

/* A figure over the records of a type: how many, a sum or mean of a field, or the share (in per
 * cent) that `where` has among those of which `of` holds. */
typedef struct {
    char *name;
    Title title;
    GStrv basis;             /* or NULL */
    Condition *where, *of;   /* or NULL */
    const Field *sum, *mean; /* or NULL */
    char *time;    /* field that dates a record, or "created_at"; NULL: a stock, as of now */
    GPtrArray *by; /* Field*: offered for a breakdown */
    char *unit;    /* or NULL */
    enum { AIM_NONE, AIM_AT_MOST, AIM_AT_LEAST } aim;
    double target;
} Indicator;

/* What happens to records of one type makes records of another move. */
typedef struct {
    const Field *own;  /* ref, code or region; NULL: the id */
    Expression *value; /* over the watched record: equal to `own` in those that it concerns */
} WatchMatch;

typedef struct {
    char *name;
    Title title;
    GStrv basis; /* or NULL */
    const Packs *packs;
    const RecordType *type, *of; /* whose move it makes, and whose records it watches */
    gboolean created;            /* at their creation, */
    GPtrArray *moves;            /* and at these moves of them */
    Condition *when;             /* over the watched record; NULL: always */
    Condition *where;            /* over those that watch, asked in SQL; NULL: all */
    GArray *match;               /* WatchMatch: all must hold */
    const Move *move;
    const Field *link; /* takes the watched record's id; or NULL */
} Watch;

/* A way in which a record names people who see it wherever they are: a field of the record, or of
 * its rows, or of the record that such a field refers to. */
typedef struct {
    const Field *rows;      /* of kind rows, that holds `field`; NULL: the record itself */
    const Field *field;     /* holds who it is; with `via`, a ref to the record that does */
    const RecordType *via;  /* or NULL */
    const Field *via_field; /* of `via` */
    enum { ASSIGNED_LOGIN, ASSIGNED_ENTERPRISE, ASSIGNED_ROLE } by;
    const Field *within; /* ASSIGNED_ROLE: a region whose people only; or NULL */
} Assigned;

struct RecordType {
    char *name;
    Title title;
    const char *pack; /* name of the pack that brings it */
    GStrv basis;
    const RecordType *owner;  /* rows: the type whose records hold them; else NULL */
    const Field *key, *label; /* NULL: none */
    const Field *scope_region, *scope_enterprise; /* NULL: none. A ref scope of `enterprise` gives
                                                     the region when scope_region is NULL */
    const Field *scope_sector;                    /* code field, or NULL: that of the enterprise */
    gboolean has_sector;                          /* by a field of its own or by its enterprise */
    GArray *assigned;                             /* Assigned: who sees it beside the scope */
    gboolean own;      /* who made a record sees and edits it; system level sees no others' */
    char *number;      /* pattern or NULL */
    GPtrArray *fields; /* Field* */
    GHashTable *fields_by_name;
    GPtrArray *given;      /* Field*: those that people may give at creation and by an edit */
    GPtrArray *indexed;    /* Field*: lists are sorted and narrowed by these at any size */
    GPtrArray *row_fields; /* Field*: those of kind rows */
    GPtrArray *computed;   /* Field*: each behind those that its expression names */
    GPtrArray *checks;     /* Guard*: refused when true */
    const State *initial;  /* NULL: no flow */
    GArray *adopt;         /* MoveTarget: where records from before the flow stand */
    GPtrArray *states;     /* State* */
    GPtrArray *moves;      /* Move* */
    GPtrArray *clocks;     /* ClockType* */
    GPtrArray *indicators; /* Indicator* */
    GPtrArray *documents;  /* DocumentType* */
    GPtrArray *watches;    /* Watch*: of this type's records over others, */
    GPtrArray *watchers;   /* and of others over this type's */
    RoleSet read, create, edit, keepers;
    gboolean receipts;        /* creation answers with a receipt */
    GPtrArray *receipt_shows; /* Field*: what the holder of a receipt sees, beside the state */
    /* What the public sees of a record, when `publish_when` holds; NULL: nothing. Names of fields,
     * or state, number, created_at, updated_at. */
    GPtrArray *publish;
    Condition *publish_when; /* NULL: always */
    gboolean publish_region;
};

typedef struct {
    char *name;
    Title title;
    int version;
} PackInfo;

struct Packs {
    GPtrArray *infos; /* PackInfo* */
    GPtrArray *types; /* RecordType*, in order of packs and files */
    GHashTable *types_by_name;
    GPtrArray *codes; /* CodeList* */
    GHashTable *codes_by_name;
    GPtrArray *tables; /* PackTable*, in order of files */
    GPtrArray *roles;  /* Role* */
    GHashTable *roles_by_name;
    GHashTable *role_groups; /* name of a group -> RoleSet* */
    Calendar *calendar;
    GPtrArray *warnings; /* char*: e.g. "calendar: no entry for 2027" */
};

/* Reads all packs under `directory` (each sub-folder with a pack.yaml). Errors: ERROR_PACK with
 * "file:line" as {0}, ERROR_FILE. */
Packs *packs_load(const char *directory, GError **error);
void packs_free(Packs *packs);

const RecordType *packs_type(const Packs *packs, const char *name);        /* or NULL */
const Role *packs_role(const Packs *packs, const char *name);              /* or NULL */
const Field *type_field(const RecordType *type, const char *name);         /* or NULL */
const State *type_state(const RecordType *type, const char *name);         /* or NULL */
const Move *type_move(const RecordType *type, const char *name);           /* or NULL */
const Indicator *type_indicator(const RecordType *type, const char *name); /* or NULL */
gboolean type_gives_receipts(const RecordType *type); /* at creation or at a move */
gboolean packs_role_group(const Packs *packs, const char *name, RoleSet *out);
/* What a table calls a member of a field's list (kind file); NULL: there is none. */
const Title *field_column_title(const Field *field, const char *column);
gboolean role_in(const Role *role, RoleSet set);
const char *level_name(Level level); /* "county" */
gboolean level_parse(const char *text, Level *level);
/* Hundredths of a number that has at most two decimals and 15 digits: the fen of an amount in yuan.
 * FALSE for any other number. */
gboolean hundredths_of(double number, gint64 *hundredths);
/* What a field of a kind is in a condition; TERM_NONE for a point, area or rows, which conditions
 * cannot name. */
TermKind field_term_kind(FieldKind kind);
/* A ConditionKind over `type` (a const RecordType *): its fields, `state`, `id`, `number`,
 * `created_at`, `updated_at`, `created_by`. */
TermKind type_term_kind(gpointer type, const char *name);
/* The names that a condition or expression over a type may use, with `ref.field`; `record`: the
 * type of $record, or NULL. The result borrows `names`. */
typedef struct {
    const Packs *packs;
    const RecordType *type, *record;
} TypeNames;
ConditionScope type_scope(TypeNames *names);
/* In the fields of rows: the F of `record.F`, a field of the record that holds them; or NULL. */
const char *name_of_owner(const RecordType *type, const char *name);
/* The field of `REF.FIELD` in another type, and the ref's; NULL when there is none. `rest` is set
 * to what stands behind the dot. */
const RecordType *type_of_ref(const Packs *packs, const RecordType *type, const char *name,
                              const Field **ref, const char **rest);
/* Whether a clock is the one of its name for a record whose law is that of `law_day`, and a run
 * that starts on `start_day`. */
gboolean clock_in_force(const ClockType *clock, gint64 law_day, gint64 start_day);
gboolean validity_holds(const Validity *valid, gint64 day);
gboolean validity_overlap(const Validity *a, const Validity *b);
/* Titles of the roles in a set, joined by "、"; caller frees. */
char *roles_text(const Packs *packs, RoleSet set, Lang lang);
/* GB 32100-2015: 18 characters and the check character. */
gboolean uscc_valid(const char *text);
/* The check character of the first 17; 0 when one of them may not stand in a code. */
char uscc_check_character(const char *text);
