/* Work handed to a second thread in batches of bytes, so that hashing goes on beside reading. One
 * thread fills, the other runs `run` over each full batch in order; a few batches circulate, so
 * memory is bounded and whoever is faster waits. After the first failure nothing more is run. */
#pragma once
#include <glib.h>

typedef struct VerifyQueue VerifyQueue;
/* Whole items only; FALSE with *error ends the work. */
typedef gboolean (*VerifyRun)(gpointer data, const guint8 *bytes, gsize n, GError **error);

VerifyQueue *verify_queue_new(VerifyRun run, gpointer data);
/* Where the next item is to be appended. */
GByteArray *verify_queue_batch(VerifyQueue *queue);
/* An item has been appended. FALSE: the work has failed, there is no need to go on. */
gboolean verify_queue_next(VerifyQueue *queue);
/* Waits for the work that is left and frees. FALSE with the work's error. */
gboolean verify_queue_end(VerifyQueue *queue, GError **error);
