/* What the engine needs of a point, put together from the records that say something about it: the
 * point itself, its alarm rules (type alarm_rule), and how it is judged in the mode of operation
 * that its installation or enterprise is in (types operating_mode, point_mode). Whenever one of
 * them changes the whole is put together again and passes through the sample log as one change of
 * the point (pipeline_point_changed), so that a replay judges every sample by what held at its
 * time. */
#pragma once
#include "record/record.h"
#include "signal/point_table.h"

/* The point record with limits as they are now and the members `suppressed` and `extra`
 * (point_def_read); new reference. ERROR_NOT_FOUND; a rule that cannot be read is an error when
 * `strict` (doors), else it is left out. */
json_t *point_compose(Sql *records, const Packs *packs, const char *code, gboolean strict,
                      GError **error);
/* The same with other values of some of the point's fields (null: none); `changes` may be NULL. */
json_t *point_compose_changed(Sql *records, const Packs *packs, const char *code, json_t *changes,
                              gboolean strict, GError **error);
/* Whether records of this type are part of what point_compose puts together. */
gboolean point_compose_reads(const char *type);
/* Codes of the points that a record of such a type says something about; the caller frees the array
 * of strings. */
GPtrArray *point_compose_touched(Sql *records, const char *type, json_t *record, GError **error);
/* For doors, inside the transaction: what the record now says about its points can be judged. */
gboolean point_compose_check(Sql *records, const Packs *packs, json_t *record, GError **error);
/* After point_table_load: the definitions that need more than their own row. Before the engine. */
gboolean point_compose_all(PointTable *table, Sql *records, const Packs *packs, GError **error);
