/* The plan: real counties, made-up enterprises with valid codes inside their county, the same for
 * the same seed, and no nonsense from bad files. */
#include "demo/demo_file.h"
#include "demo/demo_uscc.h"
#include "demo/dice.h"
#include "demo/province_plan.h"
#include "pack/pack.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static ProvincePlan *plan_read(guint64 seed) {
    g_autoptr(GError) error = NULL;
    ProvincePlan *plan = province_plan_read("demo", seed, &error);
    g_assert_no_error(error);
    return plan;
}

/* Issue item 4: about 300 enterprises, at least 3,000 points, spread over the province. */
static void test_size(void) {
    g_autoptr(ProvincePlan) plan = plan_read(2026);
    g_autoptr(GHashTable) counties = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_assert_cmpuint(plan->enterprises->len, ==, 300);
    g_assert_cmpuint(plan->points, >=, 3000);
    for (guint i = 0; i < plan->enterprises->len; i++)
        g_hash_table_add(counties, (gpointer)plan_enterprise(plan, i)->region);
    g_test_message("%u enterprises in %u counties, %u points", plan->enterprises->len,
                   g_hash_table_size(counties), plan->points);
    g_assert_cmpuint(g_hash_table_size(counties), ==, 94);
}

/* 1 province, 13 cities, 95 counties and 9 zones; parents first. Nanjing's Gulou is not where the
 * reference table put it (Xuzhou's). */
static void test_regions(void) {
    g_autoptr(ProvincePlan) plan = plan_read(1);
    guint cities = 0, zones = 0;
    for (guint i = 0; i < plan->regions->len; i++) {
        const PlanRegion *r = g_ptr_array_index(plan->regions, i);
        cities += strcmp(r->kind, "city") == 0, zones += strcmp(r->kind, "zone") == 0;
        g_assert_true(r->lon > 116.3 && r->lon < 122 && r->lat > 30.7 && r->lat < 35.2);
        g_assert_true(strcmp(r->kind, "zone") != 0 || r->weight == 0);
    }
    g_assert_cmpuint(plan->regions->len, ==, 118);
    g_assert_cmpuint(cities, ==, 13);
    g_assert_cmpuint(zones, ==, 9);
    const PlanRegion *gulou = plan_region(plan, "320106");
    g_assert_true(gulou->lon > 118.73 && gulou->lon < 118.80 && gulou->lat > 32.04 &&
                  gulou->lat < 32.12);
}

static void unique(GHashTable *seen, const char *code) {
    if (!g_hash_table_add(seen, (gpointer)code))
        g_error("%s twice", code);
}

/* Codes as the packs and the Jiangsu interface want them: 9 digits, 12, 17 characters; nothing
 * twice; USCC by the pack's own check. */
static void test_codes(void) {
    g_autoptr(ProvincePlan) plan = plan_read(2026);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < plan->enterprises->len; i++) {
        const PlanEnterprise *e = plan_enterprise(plan, i);
        const PlanRegion *r = e->region;
        g_assert_cmpuint(strlen(e->code), ==, 9);
        g_assert_true(g_str_has_prefix(e->code, r->code));
        g_assert_true(uscc_valid(e->uscc));
        g_assert_true(e->lon > r->west && e->lon < r->east && e->lat > r->south &&
                      e->lat < r->north);
        g_assert_nonnull(strstr(e->name, "虚构"));
        unique(seen, e->code), unique(seen, e->name), unique(seen, e->uscc);
        for (guint k = 0; k < e->units->len; k++)
            g_assert_cmpuint(strlen(g_array_index(e->units, PlanUnit, k).code), ==, 12);
        for (guint k = 0; k < e->equipment->len; k++) {
            const char *code = g_array_index(e->equipment, PlanEquipment, k).code;
            g_assert_cmpuint(strlen(code), ==, 17);
            unique(seen, code);
        }
        for (guint k = 0; k < e->points->len; k++)
            unique(seen, g_array_index(e->points, PlanPoint, k).code);
    }
}

/* Vectors of GB 32100 from the project's reference. */
static void test_uscc(void) {
    static const char *const known[] = {"91350100M000100Y43", "91110108551385082Q",
                                        "91440300708461136T"};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_assert_cmpint(uscc_check_character(known[i]), ==, known[i][17]);
        g_assert_cmpint(organisation_check_digit(known[i] + 8), ==, known[i][16]);
    }
    g_assert_cmpint(uscc_check_character("9135010OM000100Y4"), ==, 0);
}

static guint64 fingerprint(guint64 seed) {
    g_autoptr(ProvincePlan) plan = plan_read(seed);
    guint64 hash = 0;
    for (guint i = 0; i < plan->enterprises->len; i++) {
        const PlanEnterprise *e = plan_enterprise(plan, i);
        hash = dice_hash_text(hash, e->code);
        hash = dice_hash_text(hash, e->name);
        hash = dice_hash(hash, (guint64)(e->lon * 1e6), (guint64)(e->lat * 1e6));
        hash = dice_hash(hash, e->points->len, (guint64)e->employees);
    }
    return hash;
}

static void test_seed(void) {
    guint64 one = fingerprint(7);
    g_assert_true(one == fingerprint(7));
    g_assert_true(one != fingerprint(8));
}

/* Gas detectors alarm where the reference table says (GB/T 50493-2019). */
static void test_gas_limits(void) {
    g_autoptr(ProvincePlan) plan = plan_read(1);
    guint seen = 0;
    for (guint i = 0; i < plan->templates->equipment->len; i++) {
        const EquipmentTemplate *e = g_ptr_array_index(plan->templates->equipment, i);
        const PointTemplate *p = g_ptr_array_index(e->points, 0);
        if (strcmp(p->measure, "gas_combustible") == 0)
            g_assert_true(p->limit_high == 25 && p->limit_high_high == 50 && ++seen);
        if (strcmp(p->measure, "gas_toxic") == 0)
            g_assert_true(p->limit_high == 100 && p->limit_high_high == 200 && ++seen);
        if (strcmp(p->measure, "oxygen") == 0)
            g_assert_true(p->limit_low == 19.5 && p->limit_high == 23.5 && ++seen);
    }
    g_assert_cmpuint(seen, ==, 3);
}

/* A mistake in a data file is refused with the file's name, never half-read. */
static void test_refusals(void) {
    static const struct {
        const char *from, *to, *says;
    } cases[] = {{"model: gas", "model: gass", "no model"},
                 {"lag_s: 12", "lag: 12", "parameter lag"},
                 {"output: level", "output: depth", "no such output"},
                 {"[0.6, 1.2, 10.2, 10.8]", "[0.6, 1.2, 10.9, 10.8]", "do not rise"},
                 {"use: reactor", "use: ractor", "no equipment"},
                 {"quantum: 0.001}", "quantum: 0.001, colour: 3}", "colour"},
                 {"plants:", "plants: [", "YAML syntax"}};
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents("demo/plants.yaml", &text, NULL, NULL));
    g_autofree char *path = g_strdup_printf("%s/anlan-plants-%d.yaml", g_get_tmp_dir(),
                                            (int)g_random_int_range(0, G_MAXINT));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) parts = g_strsplit(text, cases[i].from, 2);
        g_autofree char *broken = g_strjoinv(cases[i].to, parts);
        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        g_assert_true(g_file_set_contents(path, broken, -1, NULL));
        g_assert_null(plant_templates_read(path, &error));
        g_autofree char *detail = error_detail(error, LANG_EN);
        if (!strstr(detail, cases[i].says) || !strstr(detail, path))
            g_error("case %d says: %s", (int)i, detail);
    }
    g_remove(path);
    g_autoptr(GError) error = NULL;
    g_assert_null(demo_csv_read("/nonexistent.csv", &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_FILE);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/province_plan/size", test_size);
    g_test_add_func("/province_plan/regions", test_regions);
    g_test_add_func("/province_plan/codes", test_codes);
    g_test_add_func("/province_plan/uscc", test_uscc);
    g_test_add_func("/province_plan/seed", test_seed);
    g_test_add_func("/province_plan/gas_limits", test_gas_limits);
    g_test_add_func("/province_plan/refusals", test_refusals);
    return g_test_run();
}
