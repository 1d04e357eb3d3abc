/* For tests: a packs directory with core, hazard and a made-up pack of tests/packs, such as the
 * flow that has every feature once. */
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

G_GNUC_UNUSED static char *flow_folder_new(const char *pack) {
    const char *const packs[] = {"packs/core", "packs/hazard", pack};
    char *folder = g_dir_make_tmp("flow-XXXXXX", NULL);
    g_autofree char *here = g_get_current_dir();
    for (gsize i = 0; i < G_N_ELEMENTS(packs); i++) {
        g_autofree char *name = g_path_get_basename(packs[i]);
        g_autofree char *target = g_build_filename(here, packs[i], NULL);
        g_autofree char *place = g_build_filename(folder, name, NULL);
        g_assert_cmpint(symlink(target, place), ==, 0);
    }
    return folder;
}

G_GNUC_UNUSED static void flow_folder_free(char *folder, const char *pack) {
    const char *const packs[] = {"packs/core", "packs/hazard", pack};
    for (gsize i = 0; i < G_N_ELEMENTS(packs); i++) {
        g_autofree char *name = g_path_get_basename(packs[i]);
        g_autofree char *place = g_build_filename(folder, name, NULL);
        g_remove(place);
    }
    g_rmdir(folder);
    g_free(folder);
}
