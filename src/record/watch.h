/* What the change of one record makes others do (`watch` of packs), in the transaction of the
 * change. Inside record/ only. */
#pragma once
#include "record/act.h"

/* After the record was created (`move` NULL) or made `move`: those that watch it make their moves,
 * by the engine. A move that is refused is passed over and journaled, and stops neither the others
 * nor the change; FALSE only for failures of the store. */
gboolean watches_run(const Act *act, const Row *row, const Move *move, GError **error);
