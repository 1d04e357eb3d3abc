/* Bytes as a JSON body of samples: refused with an error, or only good samples come out. */
#include "device/sample_json.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static PointTable *points(void) {
    static PointTable *table;
    if (table)
        return table;
    table = point_table_new();
    json_t *record = json_pack("{s:s, s:s}", "code", "P1", "enterprise", "E1");
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    point_table_apply(table, 0, &def);
    return table;
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
    g_autoptr(GError) error = NULL;
    SampleDoor door = {points(), "E1", 1700000000000, 1, NULL, NULL};
    SampleBatch *batch = sample_batch_new(16);
    guint64 refused = 0;
    gboolean good = sample_json_read(&door, (const char *)data, size, batch, &refused, &error);
    g_assert(good == (error == NULL));
    for (guint i = 0; i < batch->n; i++)
        g_assert(batch->point[i] == 0 && isfinite(batch->value[i]) &&
                 batch->quality[i] <= QUALITY_BAD);
    sample_batch_free(batch);
    return 0;
}
