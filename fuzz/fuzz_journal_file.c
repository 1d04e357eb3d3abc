/* Bytes as a journal file: refused with a reason, or clean; never a crash, never more memory than
 * the bytes. */
#include "record/journal_file.h"

#include <glib/gstdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
    g_autofree char *path = g_strdup_printf("%s/anlan-fuzz-journal-%d", g_get_tmp_dir(), getpid());
    g_autoptr(GError) error = NULL;
    VerifyReport report;
    g_assert_true(g_file_set_contents(path, (const char *)data, (gssize)size, NULL));
    gboolean good = journal_file_verify(path, NULL, &report, &error);
    g_assert_true(good == (error == NULL));
    g_unlink(path);
    return 0;
}
