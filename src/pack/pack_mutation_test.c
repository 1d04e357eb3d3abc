/* The rule: whatever is wrong in a pack file, the packs load whole, or not at all with file and
 * line. Every pack, with those it requires beside it, and those of the tests that hold fields of
 * all kinds, tables and expressions, is changed line by line, its CSV tables too (deleted, doubled,
 * swapped, cut, one character or word garbled), and loaded each time: a share of the lines and of
 * the changes each, so that the time stays what it is; -m slow takes all lines. */
#include "pack/pack.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char *pack, *name; /* core, alarm.yaml */
    GStrv lines;
} SourceFile;

typedef struct {
    char *directory;   /* a copy of one or some packs */
    GPtrArray *files;  /* SourceFile*: those that are changed */
    GPtrArray *others; /* char*: paths of those that stay as they are */
    guint loaded, refused;
} Bench;

/* ---- the copy ---- */

static void file_write(const Bench *bench, const SourceFile *file, const char *text) {
    g_autofree char *path = g_build_filename(bench->directory, file->pack, file->name, NULL);
    FILE *out = fopen(path, "w"); /* g_file_set_contents would wait for the disk */
    g_assert_true(out && fputs(text, out) >= 0 && fclose(out) == 0);
}

static void file_restore(const Bench *bench, const SourceFile *file) {
    g_autofree char *text = g_strjoinv("\n", file->lines);
    file_write(bench, file, text);
}

static void file_copy(Bench *bench, const char *root, const char *pack, const char *name) {
    g_autofree char *path = g_build_filename(root, pack, name, NULL), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    SourceFile *file = g_new0(SourceFile, 1);
    file->pack = g_strdup(pack);
    file->name = g_strdup(name);
    file->lines = g_strsplit(text, "\n", -1);
    g_ptr_array_add(bench->files, file);
    file_restore(bench, file);
}

static void other_copy(Bench *bench, const char *root, const char *pack, const char *name) {
    g_autofree char *from = g_build_filename(root, pack, name, NULL), *text = NULL;
    char *to = g_build_filename(bench->directory, pack, name, NULL);
    g_assert_true(g_file_get_contents(from, &text, NULL, NULL));
    g_assert_true(g_file_set_contents(to, text, -1, NULL));
    g_ptr_array_add(bench->others, to);
}

static void pack_copy(Bench *bench, const char *root, const char *pack, gboolean changed) {
    g_autofree char *from = g_build_filename(root, pack, NULL);
    g_autofree char *to = g_build_filename(bench->directory, pack, NULL);
    g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);
    g_assert_nonnull(dir);
    g_assert_cmpint(g_mkdir(to, 0700), ==, 0);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        if (g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".csv"))
            (changed ? file_copy : other_copy)(bench, root, pack, name);
}

static void file_free(gpointer data) {
    SourceFile *file = data;
    g_free(file->pack);
    g_free(file->name);
    g_strfreev(file->lines);
    g_free(file);
}

/* The names under `requires: [...]` of a pack. */
static GStrv required(const char *root, const char *pack) {
    g_autofree char *path = g_build_filename(root, pack, "pack.yaml", NULL), *text = NULL;
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GRegex) regex = g_regex_new("^requires: *\\[(.*)\\]", G_REGEX_MULTILINE, 0, NULL);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    if (!g_regex_match(regex, text, 0, &match))
        return g_new0(char *, 1);
    g_autofree char *names = g_match_info_fetch(match, 1);
    g_autofree char *plain = g_strdelimit(g_strdup(names), ", ", ' ');
    g_auto(GStrv) parts = g_strsplit(plain, " ", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; parts[i]; i++)
        if (*parts[i])
            g_strv_builder_add(builder, parts[i]);
    return g_strv_builder_end(builder);
}

/* Copies what a pack requires, as it is. */
static void companions_copy(Bench *bench, const char *pack) {
    g_auto(GStrv) names = required("packs", pack);
    for (guint i = 0; names[i]; i++) {
        g_autofree char *to = g_build_filename(bench->directory, names[i], NULL);
        if (g_file_test(to, G_FILE_TEST_EXISTS))
            continue;
        companions_copy(bench, names[i]);
        pack_copy(bench, "packs", names[i], FALSE);
    }
}

/* One pack of packs/ to be changed; NULL: those of the tests. */
static Bench *bench_new(const char *pack) {
    Bench *bench = g_new0(Bench, 1);
    bench->directory = g_dir_make_tmp("anlan-mutation-XXXXXX", NULL);
    bench->files = g_ptr_array_new_with_free_func(file_free);
    bench->others = g_ptr_array_new_with_free_func(g_free);
    if (pack) {
        companions_copy(bench, pack);
        pack_copy(bench, "packs", pack, TRUE);
        return bench;
    }
    pack_copy(bench, "packs", "core", FALSE);
    pack_copy(bench, "packs", "hazard", FALSE);
    pack_copy(bench, "tests/packs", "kinds", TRUE); /* fields of all kinds */
    pack_copy(bench, "tests/packs", "rules", TRUE); /* tables, expressions */
    return bench;
}

static void bench_free(Bench *bench) {
    g_autoptr(GDir) dir = g_dir_open(bench->directory, 0, NULL);
    for (guint i = 0; i < bench->files->len; i++) {
        const SourceFile *file = bench->files->pdata[i];
        g_autofree char *path = g_build_filename(bench->directory, file->pack, file->name, NULL);
        g_unlink(path);
    }
    for (guint i = 0; i < bench->others->len; i++)
        g_unlink(bench->others->pdata[i]);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(bench->directory, name, NULL);
        g_rmdir(path);
    }
    g_rmdir(bench->directory);
    g_ptr_array_unref(bench->files);
    g_ptr_array_unref(bench->others);
    g_free(bench->directory);
    g_free(bench);
}

/* ---- what must hold ---- */

static void load(Bench *bench, const SourceFile *file, const char *text) {
    GError *error = NULL;
    file_write(bench, file, text);
    Packs *packs = packs_load(bench->directory, &error);
    if (packs) {
        g_assert_no_error(error);
        bench->loaded++;
        packs_free(packs);
        return;
    }
    g_autofree char *detail = error_detail(error, LANG_EN), *hint = error_hint(error, LANG_EN);
    g_autofree char *start = g_strdup_printf("Pack %s/", bench->directory);
    gboolean placed =
        g_str_has_prefix(detail, start) &&
        g_regex_match_simple("\\.yaml:[1-9][0-9]*: .+ / .+", detail, G_REGEX_DOTALL, 0);
    if (error_kind(error) != ERROR_PACK || !placed || *hint == 0)
        g_error("%s/%s: %s (%s)", file->pack, file->name, detail, hint);
    bench->refused++;
    g_error_free(error);
}

/* ---- changes: each gives the new text of the file ---- */

static char *joined_without(const SourceFile *file, guint line, const char *put) {
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; file->lines[i]; i++) {
        const char *text = i == line ? put : file->lines[i];
        if (text)
            g_string_append_printf(out, "%s\n", text);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *delete_line(const SourceFile *file, guint line) {
    return joined_without(file, line, NULL);
}

static char *double_line(const SourceFile *file, guint line) {
    g_autofree char *twice = g_strdup_printf("%s\n%s", file->lines[line], file->lines[line]);
    return joined_without(file, line, twice);
}

static char *indent_line(const SourceFile *file, guint line) {
    g_autofree char *indented = g_strdup_printf("  %s", file->lines[line]);
    return joined_without(file, line, indented);
}

static guint place_in(const char *text) {
    return (guint)g_test_rand_int_range(0, (gint32)strlen(text) + 1);
}

/* Cuts at any byte, also inside a character. */
static char *cut_file(const SourceFile *file, guint line) {
    g_autofree char *cut = g_strndup(file->lines[line], place_in(file->lines[line]));
    g_autofree char *text = joined_without(file, line, cut);
    gsize end = strlen(cut);
    for (guint i = 0; i < line; i++)
        end += strlen(file->lines[i]) + 1;
    text[end] = 0;
    return g_steal_pointer(&text);
}

static char *garble_character(const SourceFile *file, guint line) {
    static const char characters[] = ":{}[],'\"#&*!|>%@-$ 0aZ_\\\t\n\x01\xe9";
    const char *text = file->lines[line];
    guint at = place_in(text);
    char c = characters[g_test_rand_int_range(0, sizeof characters - 1)];
    g_autofree char *garbled =
        g_strdup_printf("%.*s%c%s", (int)at, text, c, text[at] ? text + at + 1 : "");
    return joined_without(file, line, garbled);
}

static char *remove_character(const SourceFile *file, guint line) {
    const char *text = file->lines[line];
    guint at = place_in(text);
    g_autofree char *less = g_strdup_printf("%.*s%s", (int)at, text, text[at] ? text + at + 1 : "");
    return joined_without(file, line, less);
}

static GStrv words_of(const char *text) { return g_strsplit_set(text, " ,:{}[]'\"", -1); }

/* A word of this line becomes a word of another one. */
static char *swap_word(const SourceFile *file, guint line) {
    guint other = (guint)g_test_rand_int_range(0, (gint32)g_strv_length(file->lines));
    g_auto(GStrv) mine = words_of(file->lines[line]), theirs = words_of(file->lines[other]);
    g_autoptr(GString) text = g_string_new(file->lines[line]);
    if (!mine[0] || !theirs[0])
        return joined_without(file, line, text->str);
    const char *old = mine[g_test_rand_int_range(0, (gint32)g_strv_length(mine))];
    const char *new = theirs[g_test_rand_int_range(0, (gint32)g_strv_length(theirs))];
    if (*old)
        g_string_replace(text, old, new, 1);
    return joined_without(file, line, text->str);
}

static char *(*const changes[])(const SourceFile *, guint) = {
    delete_line, double_line, indent_line, cut_file, garble_character, remove_character, swap_word};

/* ---- tests ---- */

/* How often all packs together are loaded by one test, unless tests may be slow. */
enum { DELETES = 200, RANDOM = 120, RANDOM_SLOW = 20000, FILES = 60 };

static GPtrArray *all_packs(void) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open("packs", 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename("packs", name, "pack.yaml", NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_assert_cmpuint(names->len, >, 5);
    g_ptr_array_add(names, NULL); /* those of the tests */
    return names;
}

typedef void (*Changes)(Bench *bench, guint loads);

/* Its share of `loads` for every pack. */
static void each_pack(Changes change, guint loads, guint *loaded, guint *refused) {
    g_autoptr(GPtrArray) names = all_packs();
    *loaded = *refused = 0;
    for (guint i = 0; i < names->len; i++) {
        Bench *bench = bench_new(names->pdata[i]);
        change(bench, MAX(loads / names->len, 1));
        *loaded += bench->loaded;
        *refused += bench->refused;
        bench_free(bench);
    }
    g_test_message("%u loaded, %u refused", *loaded, *refused);
}

/* Every n-th line. */
static void delete_lines(Bench *bench, guint loads) {
    guint lines = 0;
    for (guint i = 0; i < bench->files->len; i++)
        lines += g_strv_length(((const SourceFile *)bench->files->pdata[i])->lines);
    guint step = g_test_slow() ? 1 : 1 + lines / loads;
    guint line = (guint)g_test_rand_int_range(0, (gint32)step);
    for (guint i = 0; i < bench->files->len; i++) {
        const SourceFile *file = bench->files->pdata[i];
        lines = g_strv_length(file->lines);
        for (; line < lines; line += step) {
            g_autofree char *text = delete_line(file, line);
            load(bench, file, text);
        }
        line -= lines;
        file_restore(bench, file);
    }
}

static void test_delete(void) {
    guint loaded, refused;
    each_pack(delete_lines, DELETES, &loaded, &refused);
    g_assert_cmpuint(refused, >, DELETES / 10);
    g_assert_cmpuint(loaded, >, DELETES / 20); /* comments, optional lines */
}

static void change_some(Bench *bench, guint loads) {
    for (guint round = 0; round < loads; round++) {
        const SourceFile *file =
            bench->files->pdata[g_test_rand_int_range(0, (gint32)bench->files->len)];
        guint line = (guint)g_test_rand_int_range(0, (gint32)g_strv_length(file->lines));
        g_autofree char *text = changes[round % G_N_ELEMENTS(changes)](file, line);
        load(bench, file, text);
        file_restore(bench, file);
    }
}

static void test_random(void) {
    guint loaded, refused, rounds = g_test_slow() ? RANDOM_SLOW : RANDOM;
    each_pack(change_some, rounds, &loaded, &refused);
    g_assert_cmpuint(refused, >, rounds / 5);
}

/* The lines of tables: of every CSV file some, in every way. */
static void change_tables(Bench *bench, guint loads) {
    for (guint i = 0; i < bench->files->len; i++) {
        const SourceFile *file = bench->files->pdata[i];
        for (guint n = 0; g_str_has_suffix(file->name, ".csv") && n < MIN(loads, 30); n++) {
            guint line = (guint)g_test_rand_int_range(0, (gint32)g_strv_length(file->lines));
            g_autofree char *text = changes[n % G_N_ELEMENTS(changes)](file, line);
            load(bench, file, text);
        }
        file_restore(bench, file);
    }
}

static void test_tables(void) {
    guint loaded, refused;
    each_pack(change_tables, RANDOM, &loaded, &refused);
    g_assert_cmpuint(refused, >, 10);
}

/* Files replaced by another one, or missing: some of each pack. */
static void replace_files(Bench *bench, guint loads) {
    guint step = g_test_slow() ? 1 : 1 + bench->files->len * 4 / loads;
    for (guint i = 0; i < bench->files->len; i += step) {
        const SourceFile *file = bench->files->pdata[i];
        const SourceFile *other = bench->files->pdata[(i + 1) % bench->files->len];
        g_autofree char *text = g_strjoinv("\n", other->lines);
        load(bench, file, text);
        load(bench, file, "");
        load(bench, file, "# nothing\n");
        load(bench, file, "{}\n");
        file_restore(bench, file);
    }
}

static void test_files(void) {
    guint loaded, refused;
    each_pack(replace_files, FILES, &loaded, &refused);
    g_assert_cmpuint(loaded, ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pack-mutation/delete", test_delete);
    g_test_add_func("/pack-mutation/random", test_random);
    g_test_add_func("/pack-mutation/tables", test_tables);
    g_test_add_func("/pack-mutation/files", test_files);
    return g_test_run();
}
