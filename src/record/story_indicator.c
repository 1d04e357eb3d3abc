/* Figures of indicators that must be true after a step. */
#include "record/indicator.h"
#include "record/story_part.h"

#include <math.h>
#include <string.h>

/* "hazard.overdue" as its type and name. */
static const Indicator *indicator_named(const Story *story, const YamlNode *key,
                                        const RecordType **type, GError **error) {
    g_auto(GStrv) parts = g_strsplit(key->text, ".", 2);
    *type = packs_type(story->packs, parts[0]);
    const Indicator *found = *type && parts[1] ? type_indicator(*type, parts[1]) : NULL;
    if (found == NULL)
        refuse(error, key, "写 类型.指标 / write TYPE.INDICATOR",
               "没有指标“%s” / there is no indicator %s", key->text, key->text);
    return found;
}

/* NAN: the story says that there is no value. */
static gboolean wanted_value(const YamlNode *node, double *value, GError **error) {
    if (node->kind == YAML_SCALAR && node->text && strcmp(node->text, "null") != 0) {
        char *end;
        *value = g_ascii_strtod(node->text, &end);
        return (end != node->text && *end == 0) ||
               refuse(error, node, "写数值或 null / write a number or null",
                      "指标值不是数值 / the figure is no number");
    }
    *value = NAN;
    return TRUE;
}

static gboolean expect_one(const Story *story, const Actor *actor, const YamlNode *key,
                           const YamlNode *node, GError **error) {
    const RecordType *type;
    double wanted;
    const Indicator *indicator = indicator_named(story, key, &type, error);
    if (indicator == NULL || !wanted_value(node, &wanted, error))
        return FALSE;
    if (story->sql == NULL)
        return TRUE;
    IndicatorQuery asked = {0};
    json_t *figure = indicator_json(story->sql, story->packs, actor, type->name, indicator->name,
                                    &asked, story->now_ms, error);
    if (figure == NULL)
        return FALSE;
    json_t *value = json_object_get(figure, "value");
    double got = json_is_number(value) ? json_number_value(value) : NAN;
    json_decref(figure);
    if ((isnan(wanted) && isnan(got)) || fabs(wanted - got) < 0.005)
        return TRUE;
    g_autofree char *want = g_strdup_printf("%s = %g", key->text, wanted),
                    *have = g_strdup_printf("%g", got);
    return story_failed(node, want, have, error);
}

gboolean expect_indicators(Story *story, const YamlNode *node, GError **error) {
    if (!story_is_map(node, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const StoryActor *actor = story_actor(story, node->keys->pdata[i], error);
        const YamlNode *figures = tree_at(node, i);
        if (actor == NULL || !story_is_map(figures, error))
            return FALSE;
        for (guint j = 0; j < tree_count(figures); j++)
            if (!expect_one(story, &actor->actor, figures->keys->pdata[j], tree_at(figures, j),
                            error))
                return FALSE;
    }
    return TRUE;
}
