/* A slice of points as a checkpoint has it: the engine's memory and the open blocks of history,
 * packed. Private to the pipeline and to replays. */
#pragma once
#include "signal/engine.h"
#include "signal/history.h"

GByteArray *slice_save(const Engine *engine, const HistoryBlocks *blocks, guint32 slice);
/* False for bytes that are not of this version or slice. */
gboolean slice_restore(Engine *engine, HistoryBlocks *blocks, guint32 slice, const guint8 *bytes,
                       gsize n);
