/* What a file is, told by its bytes: media_sniff and the names under which it is kept. */
#include "base/media.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n) {
    g_autoptr(GError) error = NULL;
    guint width, height, scans;
    const Media *media = media_sniff(bytes, n, &error);
    g_assert((media == NULL) == (error != NULL));
    g_autofree char *given = g_strndup((const char *)bytes, n);
    for (guint i = 0; media_at(i); i++) {
        g_autofree char *name = media_name(media_at(i), given);
        g_autofree char *again = media_name(media_at(i), name);
        g_assert(g_utf8_validate(name, -1, NULL) && g_utf8_strlen(name, -1) <= 120);
        g_assert(*name && *name != '.' && strpbrk(name, "/\\\"\r\n") == NULL);
        g_assert(strcmp(name, again) == 0);
    }
    if (media_size(bytes, n, &width, &height, &scans))
        g_assert(width > 0 && height > 0);
    if (media && media->drawn)
        g_assert(media_size(bytes, n, &width, &height, &scans) && scans > 0);
    return 0;
}
