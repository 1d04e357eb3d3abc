/* Bytes as a row of the sample log: refused, or a batch that encodes and decodes to itself. */
#include "signal/sample.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
    SampleBatch *batch = sample_batch_decode(data, size);
    if (batch == NULL)
        return 0;
    g_autoptr(GByteArray) bytes = sample_batch_encode(batch);
    SampleBatch *again = sample_batch_decode(bytes->data, bytes->len);
    g_assert(again && again->n == batch->n && again->received_ms == batch->received_ms);
    g_assert(batch->n == 0 ||
             memcmp(again->value, batch->value, batch->n * sizeof batch->value[0]) == 0);
    g_assert(batch->n == 0 ||
             memcmp(again->time_ms, batch->time_ms, batch->n * sizeof batch->time_ms[0]) == 0);
    g_assert(batch->n == 0 ||
             memcmp(again->point, batch->point, batch->n * sizeof batch->point[0]) == 0);
    sample_batch_free(batch);
    sample_batch_free(again);
    return 0;
}
