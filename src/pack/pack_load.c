/* Finding the packs of a directory, putting them in order, and reading their files in three passes.
 */
#include "base/error.h"
#include "pack/pack_key.h"

#include <string.h>

enum { PACKS_MAX = 100, FILES_MAX = 500, REQUIRES_MAX = 100, VERSION_MAX = 1000000 };

/* A folder with a pack.yaml. */
typedef struct {
    char *path, *folder;
    PackInfo *info;
    const YamlNode *root;
    const YamlNode *requires; /* list of names, or NULL */
    GPtrArray *files;         /* const YamlNode*, without pack.yaml, by name */
    gboolean visiting, placed;
} PackSource;

typedef struct {
    Loader loader;      /* first: readers are given this */
    GPtrArray *sources; /* PackSource*, by name; then in order of `requires` */
    GPtrArray *trees;   /* YamlNode*, owned */
} Load;

static void source_free(gpointer data) {
    PackSource *source = data;
    g_free(source->path);
    g_free(source->folder);
    g_ptr_array_unref(source->files);
    g_free(source);
}

static gboolean read_file(Load *load, const char *path, const YamlNode **root, GError **error) {
    YamlNode *tree = tree_read(path, packs_text(load->loader.packs, path), error);
    *root = tree;
    if (tree == NULL)
        return FALSE;
    g_ptr_array_add(load->trees, tree);
    return is_map(tree, YAML_NODES, error);
}

/* ---- folders and files ---- */

static gint compare_texts(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory, sorted; hidden ones left out. */
static GPtrArray *names_in(const char *directory, GError **error) {
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &cause);
    if (dir == NULL) {
        error_set(error, ERROR_FILE, NULL, directory, cause->message, NULL);
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        if (*name != '.')
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_texts);
    return names;
}

static gboolean refuse_place(GError **error, const char *place, const char *what,
                             const char *remedy) {
    g_autofree char *at = g_strdup_printf("%s:1", place);
    return error_set(error, ERROR_PACK, NULL, at, what, remedy, NULL);
}

static gboolean add_source(Load *load, const char *directory, const char *folder, GError **error) {
    g_autofree char *path = g_build_filename(directory, folder, NULL);
    g_autofree char *pack = g_build_filename(path, "pack.yaml", NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_DIR))
        return TRUE;
    if (!g_file_test(pack, G_FILE_TEST_EXISTS)) {
        g_autofree char *warning = g_strdup_printf("%s: no pack.yaml, left out", path);
        g_ptr_array_add(load->loader.packs->warnings, packs_text(load->loader.packs, warning));
        return TRUE;
    }
    if (load->sources->len == PACKS_MAX)
        return refuse_place(error, pack, "超过 100 个业务包 / more than 100 packs",
                            "合并 / merge some");
    PackSource *source = g_new0(PackSource, 1);
    source->files = g_ptr_array_new();
    source->path = g_steal_pointer(&path);
    source->folder = g_strdup(folder);
    g_ptr_array_add(load->sources, source);
    return read_file(load, pack, &source->root, error);
}

static gboolean find_sources(Load *load, const char *directory, GError **error) {
    g_autoptr(GPtrArray) names = names_in(directory, error);
    if (names == NULL)
        return FALSE;
    for (guint i = 0; i < names->len; i++)
        if (!add_source(load, directory, names->pdata[i], error))
            return FALSE;
    return load->sources->len > 0 ||
           error_set(error, ERROR_FILE, NULL, directory,
                     "没有业务包（含 pack.yaml 的文件夹） / no folder with a pack.yaml", NULL);
}

static gboolean add_file(Load *load, PackSource *source, const char *name, GError **error) {
    g_autofree char *path = g_build_filename(source->path, name, NULL);
    if (g_str_has_suffix(name, ".yml"))
        return refuse_place(error, path, "文件名应以 .yaml 结尾 / the name must end in .yaml",
                            "改名 / rename it");
    if (!g_str_has_suffix(name, ".yaml") || strcmp(name, "pack.yaml") == 0)
        return TRUE;
    if (source->files->len == FILES_MAX)
        return refuse_place(error, path,
                            "一个业务包超过 500 个文件 / more than 500 files in a pack",
                            "拆分 / split it");
    const YamlNode *root;
    if (!read_file(load, path, &root, error))
        return FALSE;
    g_ptr_array_add(source->files, (gpointer)root);
    return TRUE;
}

static gboolean find_files(Load *load, PackSource *source, GError **error) {
    g_autoptr(GPtrArray) names = names_in(source->path, error);
    if (names == NULL)
        return FALSE;
    for (guint i = 0; i < names->len; i++)
        if (!add_file(load, source, names->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* ---- pack.yaml ---- */

static gboolean read_version(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    double number = 0;
    if (!tree_is_number(node, &number) || number < 1 || number > VERSION_MAX ||
        number != (int)number)
        return refuse(error, node, "写 1、2、3 … / write 1, 2, 3 …",
                      "版本应为正整数 / the version is a whole number from 1");
    *(int *)place = (int)number;
    return TRUE;
}

static gboolean read_requires(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    (void)loader;
    *(const YamlNode **)place = node;
    if (!is_list(node, REQUIRES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!is_text(tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

static gboolean source_read(Load *load, PackSource *source, GError **error) {
    typedef struct {
        PackInfo info;
        const YamlNode *requires;
    } PackRead;
    static const KeyRow rows[] = {
        {"pack", TRUE, PASS_NAMES, read_name, offsetof(PackRead, info.name)},
        {"title", TRUE, PASS_NAMES, read_title, offsetof(PackRead, info.title)},
        {"version", TRUE, PASS_NAMES, read_version, offsetof(PackRead, info.version)},
        {"requires", FALSE, PASS_NAMES, read_requires, offsetof(PackRead, requires)},
    };
    PackRead read = {0};
    if (!keys_read(&load->loader, source->root, rows, G_N_ELEMENTS(rows), &read, error))
        return FALSE;
    if (strcmp(read.info.name, source->folder) != 0)
        return refuse(error, source->root, "与文件夹同名 / name it like its folder",
                      "业务包 %s 在文件夹 %s 中 / the pack %s stands in the folder %s",
                      read.info.name, source->folder, read.info.name, source->folder);
    source->info = packs_own(load->loader.packs, g_memdup2(&read.info, sizeof read.info), g_free);
    source->requires = read.requires;
    return TRUE;
}

/* ---- order: a pack stands behind those it requires, else by name ---- */

static PackSource *source_named(const Load *load, const char *name) {
    for (guint i = 0; i < load->sources->len; i++) {
        PackSource *source = load->sources->pdata[i];
        if (strcmp(source->folder, name) == 0)
            return source;
    }
    return NULL;
}

static gboolean place(Load *load, PackSource *source, GPtrArray *order, GError **error) {
    if (source->placed)
        return TRUE;
    if (source->visiting)
        return refuse(error, source->root, "去掉一个 requires / remove one requires",
                      "业务包 %s 循环依赖 / the pack %s requires itself", source->folder,
                      source->folder);
    source->visiting = TRUE;
    for (guint i = 0; source->requires && i < tree_count(source->requires); i++) {
        const YamlNode *name = tree_at(source->requires, i);
        PackSource *other = source_named(load, name->text);
        if (other == NULL)
            return refuse(error, name, "放入该业务包 / add that pack",
                          "没有业务包“%s” / there is no pack %s", name->text, name->text);
        if (!place(load, other, order, error))
            return FALSE;
    }
    source->placed = TRUE;
    g_ptr_array_add(order, source);
    return TRUE;
}

static gboolean put_in_order(Load *load, GPtrArray *order, GError **error) {
    for (guint i = 0; i < load->sources->len; i++)
        if (!place(load, load->sources->pdata[i], order, error))
            return FALSE;
    return TRUE;
}

/* ---- passes ---- */

static const struct {
    const char *first_key;
    int passes;
    gboolean (*read)(Loader *loader, const YamlNode *file, GError **error);
} file_kinds[] = {
    {"roles", PASS_NAMES, read_role_file},        {"codes", PASS_NAMES, read_code_file},
    {"calendar", PASS_NAMES, read_calendar_file}, {"table", PASS_SHAPE, read_table_file},
    {"template", PASS_NAMES, read_template_file}, {"type", PASS_ALL, read_type_file},
};

static gboolean file_read(Loader *loader, const YamlNode *file, GError **error) {
    const char *key = file->keys->len ? ((const YamlNode *)file->keys->pdata[0])->text : "";
    for (gsize i = 0; i < G_N_ELEMENTS(file_kinds); i++) {
        if (strcmp(file_kinds[i].first_key, key) != 0)
            continue;
        return !(file_kinds[i].passes & (int)loader->pass) ||
               file_kinds[i].read(loader, file, error);
    }
    return refuse(error, file,
                  "第一个键应为 type、template、codes、roles、table 或 calendar / the first key is "
                  "type, template, codes, roles, table or calendar",
                  "看不出文件内容：“%s” / the first key %s tells nothing", key, key);
}

static gboolean pass_run(Load *load, const GPtrArray *order, Pass pass, GError **error) {
    load->loader.pass = pass;
    const GPtrArray *types = load->loader.packs->types;
    for (guint i = 0; i < order->len; i++) {
        const PackSource *source = order->pdata[i];
        guint before = types->len;
        for (guint j = 0; j < source->files->len; j++)
            if (!file_read(&load->loader, source->files->pdata[j], error))
                return FALSE;
        for (guint j = before; j < types->len; j++)
            ((RecordType *)types->pdata[j])->pack = source->info->name;
    }
    return TRUE;
}

/* What src/record/delegation.c reads by name. */
static gboolean delegation_check(const Loader *loader, GError **error) {
    static const struct {
        const char *field;
        FieldKind kind;
    } needed[] = {{"from_user", FIELD_TEXT}, {"to_user", FIELD_TEXT}, {"until", FIELD_TIME}};
    const Packs *packs = loader->packs;
    const RecordType *type = packs_type(packs, "delegation");
    for (gsize i = 0; type && i < G_N_ELEMENTS(needed); i++) {
        const Field *field = type_field(type, needed[i].field);
        if (field == NULL || field->kind != needed[i].kind || !type_state(type, "active") ||
            !packs_type(packs, "user"))
            return refuse(error, g_hash_table_lookup(loader->first_place, "type delegation"),
                          "参见 docs/packs.md 的委托 / see docs/packs.md, delegation",
                          "类型 delegation 须有 from_user、to_user、until 和状态 active / the type "
                          "delegation needs from_user, to_user, until and a state active");
    }
    return TRUE;
}

static gboolean passes_run(Load *load, const GPtrArray *order, GError **error) {
    static const Pass passes[] = {PASS_NAMES, PASS_SHAPE, PASS_RULES};
    for (gsize i = 0; i < G_N_ELEMENTS(passes); i++)
        if (!pass_run(load, order, passes[i], error))
            return FALSE;
    return TRUE;
}

/* ---- the whole ---- */

/* Says which years between the first and one behind the last have no entry. */
static void warn_of_calendar(Packs *packs) {
    enum { FIRST = 1970, LAST = 9999 };
    int first = FIRST, last = LAST;
    while (first <= LAST && !calendar_has_year(packs->calendar, first))
        first++;
    while (last > first && !calendar_has_year(packs->calendar, last))
        last--;
    if (first > LAST)
        g_ptr_array_add(packs->warnings, packs_text(packs, "calendar: no entry at all"));
    for (int year = first; first <= LAST && year <= last + 1; year++) {
        if (calendar_has_year(packs->calendar, year))
            continue;
        g_autofree char *warning = g_strdup_printf("calendar: no entry for %d", year);
        g_ptr_array_add(packs->warnings, packs_text(packs, warning));
    }
}

static gboolean load_sources(Load *load, const char *directory, GError **error) {
    if (!find_sources(load, directory, error))
        return FALSE;
    for (guint i = 0; i < load->sources->len; i++)
        if (!source_read(load, load->sources->pdata[i], error) ||
            !find_files(load, load->sources->pdata[i], error))
            return FALSE;
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    if (!put_in_order(load, order, error))
        return FALSE;
    for (guint i = 0; i < order->len; i++)
        g_ptr_array_add(load->loader.packs->infos, ((PackSource *)order->pdata[i])->info);
    if (!passes_run(load, order, error) || !delegation_check(&load->loader, error))
        return FALSE;
    types_find_sectors(load->loader.packs);
    return TRUE;
}

Packs *packs_load(const char *directory, GError **error) {
    Load load = {.loader = {.packs = packs_new(), .pass = PASS_NAMES}};
    load.sources = g_ptr_array_new_with_free_func(source_free);
    load.trees = g_ptr_array_new_with_free_func((GDestroyNotify)tree_free);
    load.loader.templates = g_hash_table_new(g_str_hash, g_str_equal);
    load.loader.first_place = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean loaded = load_sources(&load, directory, error);
    if (loaded)
        warn_of_calendar(load.loader.packs);
    g_hash_table_unref(load.loader.first_place);
    g_hash_table_unref(load.loader.templates);
    g_ptr_array_unref(load.sources);
    g_ptr_array_unref(load.trees);
    if (!loaded)
        g_clear_pointer(&load.loader.packs, packs_free);
    return load.loader.packs;
}
