/* Definitions straight from the rows of the records database, for loading all points at start.
 * Private to point_table.c. */
#pragma once
#include "signal/point_table.h"

/* All rows, to be read with sql_step. */
SqlStatement *point_def_select(Sql *records, GError **error);
/* The row's definition; code and name are borrowed until the next step. */
void point_def_row(PointDef *def, SqlStatement *st);
