#include "base/error.h"
#include "server/base_map.h"

static BaseMap *of(const char *a, const char *b, GError **error) {
    const char *addresses[] = {a, b, NULL};
    return base_map_new(addresses, error);
}

static void none_allows_nothing(void) {
    BaseMap *map = base_map_new(NULL, NULL);
    g_assert_cmpstr(base_map_sources(map), ==, "");
    json_t *json = base_map_json(map);
    g_assert_cmpuint(json_array_size(json_object_get(json, "layers")), ==, 0);
    json_decref(json);
    base_map_free(map);
}

static void allows_the_hosts_it_names(void) {
    g_autoptr(GError) error = NULL;
    BaseMap *map = of("tianditu:abc123", "https://tiles.example:8443/{z}/{x}/{y}.png", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(base_map_sources(map), ==,
                    " https://*.tianditu.gov.cn https://tiles.example:8443");
    json_t *json = base_map_json(map);
    g_assert_cmpuint(json_array_size(json_object_get(json, "layers")), ==, 3);
    json_decref(json);
    base_map_free(map);
    map = of("/tiles/{z}/{x}/{y}.png", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(base_map_sources(map), ==, "");
    base_map_free(map);
}

static void refuses_what_is_no_address(void) {
    static const char *const bad[] = {"",
                                      "ftp://x/{z}/{x}/{y}",
                                      "//x/{z}/{x}/{y}",
                                      "javascript:{z}{x}{y}",
                                      "https://x/{z}/{x}",
                                      "https://x; script-src *//{z}/{x}/{y}",
                                      "https://x/{z}/{x}/{y},y",
                                      "https://a.t{0-7}.x/{z}/{x}/{y}",
                                      "https://{0-7}/{z}/{x}/{y}",
                                      "https://t{0-7.x/{z}/{x}/{y}",
                                      "tianditu:",
                                      "tianditu:a&b",
                                      "\xff"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        BaseMap *map = of(bad[i], NULL, &error);
        g_assert_null(map);
        g_assert_cmpint(error_kind(error), ==, ERROR_REQUEST);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base_map/none", none_allows_nothing);
    g_test_add_func("/base_map/sources", allows_the_hosts_it_names);
    g_test_add_func("/base_map/refused", refuses_what_is_no_address);
    return g_test_run();
}
