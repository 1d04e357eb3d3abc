#include "command/command.h"

#include <stdio.h>

static gboolean check(const char *directory, GError **error) {
    Packs *packs = packs_load(directory, error);
    if (packs == NULL)
        return FALSE;
    for (guint i = 0; i < packs->warnings->len; i++)
        printf("warning: %s\n", (const char *)packs->warnings->pdata[i]);
    printf("%s: %u packs, %u types, %u code lists, %u roles: good\n", directory, packs->infos->len,
           packs->types->len, packs->codes->len, packs->roles->len);
    packs_free(packs);
    return TRUE;
}

static gboolean run(char **arguments, GError **error) {
    if (!g_str_equal(arguments[0], "check"))
        return error_set(error, ERROR_USAGE, NULL, "expected: anlan pack check [DIR]", NULL);
    return check(arguments[1] ? arguments[1] : "packs", error);
}

const Command command_pack = {
    .name = "pack",
    .arguments = "check [DIR]",
    .summary = "check packs as the server would at start / 检查业务包",
    .arguments_min = 1,
    .arguments_max = 2,
    .run = run,
};
