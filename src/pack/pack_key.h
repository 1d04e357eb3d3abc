/* The loader's tools: who is being read, and maps read by tables of keys. Private to src/pack.
 *
 * A map in a pack file is read by a table of KeyRow, one row per key, in the order of the table.
 * Because a rule may name what stands later or in another file, all files are read three times:
 * names, then shapes (fields, states), then rules (conditions, references); a row says in which
 * passes it is read. Everything read belongs to the Packs at once, so an error at any point frees
 * all. */
#pragma once
#include "pack/pack.h"
#include "pack/yaml_node.h"

typedef enum { PASS_NAMES = 1, PASS_SHAPE = 2, PASS_RULES = 4, PASS_ALL = 7 } Pass;

typedef struct {
    Packs *packs;
    Pass pass;
    RecordType *type;         /* the one being read */
    const RecordType *record; /* what $record is in a condition; or NULL */
    GHashTable *templates;    /* of documents: name -> YamlNode of the file */
    GHashTable *first_place;  /* "type alarm" -> YamlNode that named it first */
} Loader;

/* Reads `node` into `place`, a member of the target. */
typedef gboolean (*KeyRead)(Loader *loader, const YamlNode *node, gpointer place, GError **error);

typedef struct {
    const char *key;
    gboolean required;
    int passes; /* 0: only allowed, read elsewhere */
    KeyRead read;
    gsize offset; /* of the place in the target */
} KeyRow;

/* A list of maps that become structs with `char *name` as first member. */
typedef struct {
    const char *what; /* "字段 / field"; NULL: a name may stand more than once */
    guint max;
    gsize size;
    void (*init)(Loader *loader, gpointer item, guint index); /* or NULL */
    const KeyRow *rows;
    gsize row_count;
} ListShape;

/* Checks the keys of a map and reads those of this pass. */
gboolean keys_read(Loader *loader, const YamlNode *map, const KeyRow *rows, gsize n,
                   gpointer target, GError **error);
/* Appends a struct per map (GPtrArray), or in later passes reads on into the same ones. Names must
 * differ. */
gboolean items_read(Loader *loader, const YamlNode *list, const ListShape *shape, GPtrArray *items,
                    GError **error);
/* The same for structs without name in a GArray, in one pass. */
gboolean array_read(Loader *loader, const YamlNode *list, const ListShape *shape, GArray *array,
                    GError **error);

gboolean is_list(const YamlNode *node, guint max, GError **error);
gboolean is_map(const YamlNode *node, guint max, GError **error);
gboolean is_text(const YamlNode *node, GError **error); /* a scalar that is not null */
/* Refuses a second thing of this kind and name; remembers the first. */
gboolean is_new(Loader *loader, const char *kind, const YamlNode *name, GError **error);

/* Readers of plain members. */
gboolean read_name(Loader *loader, const YamlNode *node, gpointer place,
                   GError **error); /* char* */
gboolean read_text(Loader *loader, const YamlNode *node, gpointer place,
                   GError **error); /* char* */
gboolean read_title(Loader *loader, const YamlNode *node, gpointer place,
                    GError **error); /* Title */
gboolean read_flag(Loader *loader, const YamlNode *node, gpointer place,
                   GError **error); /* gboolean */
gboolean read_texts(Loader *loader, const YamlNode *node, gpointer place,
                    GError **error); /* GStrv */

gboolean read_validity(Loader *loader, const YamlNode *node, gpointer place,
                       GError **error); /* Validity */

/* Readers that look things up in the type being read, or in all. */
gboolean read_condition(Loader *loader, const YamlNode *node, gpointer place,
                        GError **error); /* Condition* */
/* One that is asked in SQL. */
gboolean read_sql_condition(Loader *loader, const YamlNode *node, gpointer place,
                            GError **error); /* Condition* */
gboolean read_expression(Loader *loader, const YamlNode *node, gpointer place,
                         GError **error); /* Expression* */
gboolean read_own_field(Loader *loader, const YamlNode *node, gpointer place,
                        GError **error); /* const Field* */
/* The same, but of a field that is not secret: what the program has to look at. */
gboolean read_open_field(Loader *loader, const YamlNode *node, gpointer place,
                         GError **error); /* const Field* */
gboolean read_own_state(Loader *loader, const YamlNode *node, gpointer place,
                        GError **error); /* const State* */
/* A list of states as bits of State.index, not empty. */
gboolean read_own_states(Loader *loader, const YamlNode *node, gpointer place,
                         GError **error); /* guint64 */
gboolean read_span(Loader *loader, const YamlNode *node, gpointer place, GError **error); /* Span */
gboolean read_roles(Loader *loader, const YamlNode *node, gpointer place,
                    GError **error); /* RoleSet */
gboolean read_rights(Loader *loader, const YamlNode *node, gpointer place,
                     GError **error); /* RoleSet with everyone, engine */
/* One, or a list that becomes a chain. */
gboolean read_guard(Loader *loader, const YamlNode *node, gpointer place,
                    GError **error); /* Guard* */

/* The parts, one file each. */
gboolean read_role_file(Loader *loader, const YamlNode *file, GError **error);
gboolean read_code_file(Loader *loader, const YamlNode *file, GError **error);
gboolean read_table_file(Loader *loader, const YamlNode *file, GError **error);
gboolean read_calendar_file(Loader *loader, const YamlNode *file, GError **error);
/* Fills has_sector of all types, when all are read. */
void types_find_sectors(Packs *packs);
gboolean read_type_file(Loader *loader, const YamlNode *file, GError **error);
/* An empty one; the Packs own it. */
RecordType *type_new(Packs *packs);
gboolean read_fields(Loader *loader, const YamlNode *node, gpointer type, GError **error);
gboolean read_assigned(Loader *loader, const YamlNode *node, gpointer place,
                       GError **error); /* GArray* of Assigned */
gboolean read_flow(Loader *loader, const YamlNode *node, gpointer type, GError **error);
gboolean read_clocks(Loader *loader, const YamlNode *node, gpointer type, GError **error);
gboolean read_watches(Loader *loader, const YamlNode *node, gpointer type, GError **error);
gboolean read_indicators(Loader *loader, const YamlNode *node, gpointer type, GError **error);
gboolean read_set(Loader *loader, const YamlNode *node, gpointer place,
                  GError **error); /* GArray* */
gboolean read_effects(Loader *loader, const YamlNode *node, gpointer place,
                      GError **error); /* GArray* */
gboolean read_template_file(Loader *loader, const YamlNode *file, GError **error);
gboolean read_documents(Loader *loader, const YamlNode *node, gpointer type, GError **error);
/* The pattern of a document's number: as a record's, and {_office}, {_region},
 * {_region:city}, {_region:province} for names of divisions. */
gboolean read_document_number(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error); /* char* */
/* Whether every {…} of a text means something; `known` judges one. */
typedef gboolean (*PlaceholderKnown)(const RecordType *type, const char *text);
gboolean template_check(Loader *loader, const YamlNode *node, PlaceholderKnown known,
                        GError **error);
gboolean template_placeholder(const RecordType *type, const char *text);
/* Whether a value of the field `from` can be copied as it is. */
gboolean copy_fits(const Field *from, const Field *to);
/* {calc: …}, {count: …}, {sum: …}, {latest: …}, {rows: …}, {pick: …}: a value that is worked out.
 */
gboolean read_calculated(Loader *loader, const YamlNode *node, const Field *field,
                         Assignment *value, GError **error);
/* In the second pass only notes that the field is computed. */
gboolean read_compute(Loader *loader, const YamlNode *node, gpointer field, GError **error);
/* Puts the computed fields of a type in order; refuses circles. */
gboolean compute_order(RecordType *type, const YamlNode *fields, GError **error);
/* Whether a literal (null, text, number, bool) can stand in a field. */
gboolean literal_fits(Loader *loader, const Field *field, const Assignment *value,
                      const YamlNode *node, GError **error);
/* Reads null, true, 12 or text as what it is, without $ and templates. */
gboolean literal_read(Loader *loader, const YamlNode *node, Assignment *value, GError **error);

/* Memory of the Packs. */
Packs *packs_new(void);
gpointer packs_own(Packs *packs, gpointer thing, GDestroyNotify destroy);
char *packs_text(Packs *packs, const char *text);
GPtrArray *packs_pointers(Packs *packs);
GArray *packs_array(Packs *packs, gsize element);
GHashTable *packs_table(Packs *packs); /* by text */
