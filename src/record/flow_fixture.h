/* For tests: a packs directory with core, hazard and the made-up type of tests/packs/flow, which
 * has every feature of a flow once. */
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

static const char *const flow_packs[] = {"packs/core", "packs/hazard", "tests/packs/flow"};

G_GNUC_UNUSED static char *flow_folder_new(void) {
    char *folder = g_dir_make_tmp("flow-XXXXXX", NULL);
    g_autofree char *here = g_get_current_dir();
    for (gsize i = 0; i < G_N_ELEMENTS(flow_packs); i++) {
        g_autofree char *name = g_path_get_basename(flow_packs[i]);
        g_autofree char *target = g_build_filename(here, flow_packs[i], NULL);
        g_autofree char *place = g_build_filename(folder, name, NULL);
        g_assert_cmpint(symlink(target, place), ==, 0);
    }
    return folder;
}

G_GNUC_UNUSED static void flow_folder_free(char *folder) {
    for (gsize i = 0; i < G_N_ELEMENTS(flow_packs); i++) {
        g_autofree char *name = g_path_get_basename(flow_packs[i]);
        g_autofree char *place = g_build_filename(folder, name, NULL);
        g_remove(place);
    }
    g_rmdir(folder);
    g_free(folder);
}
