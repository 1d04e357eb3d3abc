#include "pack/pack.h"

#include <glib/gstdio.h>
#include <string.h>

/* ---- the packs of this repository ---- */

static Packs *real_packs(void) {
    GError *error = NULL;
    Packs *packs = packs_load("packs", &error);
    g_assert_no_error(error);
    return packs;
}

static void test_real(void) {
    static const char *const types[] = {"region",     "organisation", "user",      "device",
                                        "enterprise", "installation", "equipment", "point",
                                        "alarm",      "hazard"};
    Packs *packs = real_packs();
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        g_assert_nonnull(packs_type(packs, types[i]));
    const PackInfo *first = packs->infos->pdata[0];
    g_assert_cmpstr(first->name, ==, "core"); /* hazard requires it */
    g_assert_null(packs_type(packs, "nothing"));
    g_assert_null(packs_role(packs, "nobody"));
    packs_free(packs);
    packs_free(NULL);
}

static gboolean warned(const Packs *packs, const char *text) {
    for (guint i = 0; i < packs->warnings->len; i++)
        if (strcmp(packs->warnings->pdata[i], text) == 0)
            return TRUE;
    return FALSE;
}

static void test_warnings(void) {
    Packs *packs = real_packs();
    g_assert_true(warned(packs, "calendar: no entry for 2027"));
    g_assert_false(warned(packs, "calendar: no entry for 2026"));
    packs_free(packs);
}

static void test_point_type(void) {
    Packs *packs = real_packs();
    const RecordType *point = packs_type(packs, "point");
    const Field *code = type_field(point, "code"), *delay = type_field(point, "on_delay_s");
    g_assert_true(point->key == code && code->required && code->index == 0);
    g_assert_cmpint(code->max_chars, ==, 64);
    g_assert_true(g_regex_match(code->pattern, "TI-101.A:1", 0, NULL));
    g_assert_false(g_regex_match(code->pattern, "TI 101", 0, NULL));
    g_assert_false(g_regex_match(code->pattern, "TI\n", 0, NULL));
    g_assert_true(delay->has_min && delay->has_max && delay->max == 86400);
    g_assert_cmpstr(delay->unit, ==, "s");
    g_assert_cmpint(type_field(point, "unit")->max_chars, ==, 20);
    g_assert_cmpstr(type_field(point, "measure")->codes->name, ==, "measure");
    g_assert_cmpstr(type_field(point, "enterprise")->ref_type, ==, "enterprise");
    g_assert_true(point->scope_enterprise == type_field(point, "enterprise"));
    g_assert_null(point->scope_region);
    g_assert_cmpstr(point->initial->name, ==, "in_service");
    g_assert_cmpuint(point->checks->len, ==, 8);
    g_assert_cmpuint(point->states->len, ==, 2);
    packs_free(packs);
}

static const Assignment *assignment(const GArray *list, const char *field) {
    for (guint i = 0; i < list->len; i++)
        if (strcmp(g_array_index(list, Assignment, i).field, field) == 0)
            return &g_array_index(list, Assignment, i);
    return NULL;
}

static void test_alarm_type(void) {
    Packs *packs = real_packs();
    const RecordType *alarm = packs_type(packs, "alarm");
    const Move *hazard = type_move(alarm, "to_hazard"), *unshelve = type_move(alarm, "unshelve");
    const Effect *raise = &g_array_index(hazard->effects, Effect, 0);
    g_assert_cmpint(raise->kind, ==, EFFECT_RAISE);
    g_assert_cmpstr(raise->type, ==, "hazard");
    g_assert_cmpstr(raise->link, ==, "hazard");
    g_assert_cmpint(assignment(raise->fields, "title")->kind, ==, VALUE_TEMPLATE);
    g_assert_cmpint(assignment(raise->fields, "enterprise")->kind, ==, VALUE_ENTERPRISE);
    g_assert_cmpint(assignment(raise->fields, "alarm")->kind, ==, VALUE_ID);
    g_assert_cmpint(assignment(raise->fields, "source")->kind, ==, VALUE_TEXT);
    g_assert_cmpint(assignment(raise->fields, "found_at")->kind, ==, VALUE_FIELD);
    g_assert_cmpstr(assignment(raise->fields, "found_at")->text, ==, "onset");
    g_assert_cmpint(unshelve->by, ==, BY_CLOCK);
    g_assert_cmpuint(unshelve->to->len, ==, 7);
    g_assert_cmpint(assignment(unshelve->set, "shelve_reason")->kind, ==, VALUE_NULL);
    g_assert_null(g_array_index(hazard->to, MoveTarget, 0).state); /* same */
    const Move *acknowledge = type_move(alarm, "acknowledge");
    g_assert_cmpint(assignment(acknowledge->set, "acknowledged")->kind, ==, VALUE_BOOL);
    g_assert_cmpint(assignment(acknowledge->set, "acknowledged_at")->kind, ==, VALUE_NOW);
    g_assert_cmpint(assignment(acknowledge->set, "acknowledged_by")->kind, ==, VALUE_ACTOR);
    g_assert_true(type_move(alarm, "comment")->require_comment);
    g_assert_true(alarm->create == ROLE_ENGINE && alarm->edit == 0);
    const ClockType *shelf = alarm->clocks->pdata[0];
    g_assert_true(!shelf->has_limit && shelf->until == type_field(alarm, "shelved_until"));
    packs_free(packs);
}

static void test_hazard_type(void) {
    Packs *packs = real_packs();
    const RecordType *hazard = packs_type(packs, "hazard");
    const ClockType *rectify = hazard->clocks->pdata[1];
    const ClockStep *second = &g_array_index(rectify->steps, ClockStep, 1);
    g_assert_cmpstr(hazard->initial->name, ==, "reported");
    g_assert_true(rectify->start == type_state(hazard, "rectifying"));
    g_assert_true(rectify->has_limit && rectify->limit.n == 15);
    g_assert_cmpint(rectify->limit.unit, ==, SPAN_WORKDAYS);
    g_assert_cmpint(second->after.n, ==, 3);
    g_assert_cmpstr(second->move->name, ==, "escalate_city");
    g_assert_cmpstr(rectify->basis[0], !=, NULL);
    g_assert_nonnull(type_field(hazard, "criterion")->required_when);
    g_assert_false(type_field(hazard, "criterion")->required);
    g_assert_cmpstr(type_field(hazard, "escalation")->default_value, ==, "0");
    g_assert_cmpstr(type_move(hazard, "accept")->not_by->pdata[0], ==, "submit");
    g_assert_cmpuint(type_state(hazard, "rectifying")->todo->len, ==, 8);
    g_assert_true(type_state(hazard, "closed")->final);
    packs_free(packs);
}

static void test_roles(void) {
    Packs *packs = real_packs();
    const RecordType *region = packs_type(packs, "region");
    const Role *admin = packs_role(packs, "admin"), *city = packs_role(packs, "city_duty");
    g_autofree char *zh = roles_text(packs, region->create, LANG_ZH);
    g_autofree char *en = roles_text(
        packs, (RoleSet)1 << admin->index | (RoleSet)1 << city->index | ROLE_ENGINE, LANG_EN);
    g_autofree char *none = roles_text(packs, 0, LANG_EN);
    g_assert_cmpstr(zh, ==, "系统管理员");
    g_assert_cmpstr(en, ==, "System administrator、City duty officer、Alarm engine");
    g_assert_cmpstr(none, ==, "");
    g_assert_true(role_in(admin, region->create) && !role_in(city, region->create));
    g_assert_true(role_in(city, region->read)); /* everyone */
    g_assert_cmpint(city->level, ==, LEVEL_CITY);
    packs_free(packs);
}

static void test_terms(void) {
    Packs *packs = real_packs();
    gpointer alarm = (gpointer)packs_type(packs, "alarm");
    g_assert_cmpint(type_term_kind(alarm, "onset"), ==, TERM_TIME);
    g_assert_cmpint(type_term_kind(alarm, "level"), ==, TERM_TEXT);
    g_assert_cmpint(type_term_kind(alarm, "state"), ==, TERM_TEXT);
    g_assert_cmpint(type_term_kind(alarm, "nothing"), ==, TERM_NONE);
    g_assert_cmpint(field_term_kind(FIELD_POINT), ==, TERM_NONE);
    g_assert_cmpstr(field_kind_name(FIELD_DECIMAL), ==, "decimal");
    packs_free(packs);
}

static void test_uscc(void) {
    g_assert_true(uscc_valid("91350100M000100Y43")); /* the example of GB 32100-2015 */
    g_assert_false(uscc_valid("91350100M000100Y44"));
    g_assert_false(uscc_valid("91350100M000100Y4"));
    g_assert_false(uscc_valid("91350100M000100Y433"));
    g_assert_false(uscc_valid("91350100m000100y43"));
    g_assert_false(uscc_valid("9135010OM000100Y43")); /* letter O */
    g_assert_false(uscc_valid(""));
}

/* ---- mistakes: a small right pack, one change each ---- */

typedef struct {
    const char *name, *text;
} FileText;

static const FileText small[] = {
    {"pack.yaml", "pack: small\ntitle: {zh: 小, en: Small}\nversion: 1\n"},
    {"roles.yaml",
     "roles:\n"
     "  - {name: boss, level: system, title: {zh: 长, en: Boss}}\n"
     "  - {name: hand, level: enterprise, title: {zh: 手, en: Hand}, groups: [all]}\n"},
    {"codes.yaml", "codes:\n"
                   "  colour:\n"
                   "    title: {zh: 颜色, en: Colour}\n"
                   "    items:\n"
                   "      - {code: red, title: {zh: 红, en: Red}}\n"
                   "      - {code: '1', title: {zh: 一, en: One}}\n"},
    {"lamp.yaml",
     "type: lamp\n"
     "title: {zh: 灯, en: Lamp}\n"
     "fields:\n"
     "  - {name: work,  kind: ref, type: job, title: {zh: 活, en: Work}}\n"
     "  - {name: cause, kind: ref, type: job, title: {zh: 因, en: Cause}}\n"
     "  - {name: note,  kind: text, title: {zh: 注, en: Note}}\n"
     "flow:\n"
     "  initial: dark\n"
     "  states:\n"
     "    - {name: dark, title: {zh: 暗, en: Dark}}\n"
     "    - {name: lit, title: {zh: 亮, en: Lit}, final: true}\n"
     "  moves:\n"
     "    - {name: light, title: {zh: 亮, en: Light}, by: engine, from: [dark], accepts: [cause], "
     "to: lit}\n"
     "    - {name: press, title: {zh: 按, en: Press}, who: [boss], from: [dark], to: same}\n"
     "watch:\n"
     "  - {name: w, title: {zh: 看, en: Watch}, of: job, on: [create, close], when: \"amount > "
     "1\", match: {work: id}, move: light, link: cause}\n"
     "rights: {read: [boss]}\n"},
    {"size.yaml", "table: size\n"
                  "title: {zh: 大小, en: Size}\n"
                  "source: somebody\n"
                  "keys: [from, below]\n"
                  "columns: [{name: colour, codes: colour}, factor]\n"
                  "rows:\n"
                  "  - [0, 5, red, 1]\n"
                  "  - [5, ~, '1', 2.5]\n"},
    {"rate.yaml", "table: rate\n"
                  "title: {zh: 率, en: Rate}\n"
                  "source: nobody\n"
                  "keys: [{name: colour, codes: colour}, amount]\n"
                  "columns: [rate]\n"
                  "rows:\n"
                  "  - [red, 1, 3]\n"
                  "  - ['1', 2, 4]\n"},
    {"calendar.yaml", "calendar:\n"
                      "  2025:\n"
                      "    source: somebody\n"
                      "    holidays: [2025-10-01, 2025-10-02]\n"
                      "    workdays: [2025-09-28]\n"},
    {"enterprise.yaml",
     "type: enterprise\n"
     "title: {zh: 企业, en: Enterprise}\n"
     "key: code\n"
     "scope: {enterprise: code}\n"
     "fields:\n"
     "  - {name: code, kind: text, max: 18, required: true, title: {zh: 码, en: Code}}\n"
     "rights: {read: [everyone], create: [boss]}\n"},
    {"paper.yaml", "template: paper\n"
                   "layout: {margins: [37, 26, 35, 28], body: 16, date: arabic}\n"
                   "pieces:\n"
                   "  - letterhead: \"{_region:city}局\"\n"
                   "  - number: \"{_number}\"\n"
                   "  - {text: \"{name} {due:date} {colour:title}\", when: \"done = TRUE\"}\n"
                   "  - form: {名: \"{name}\", 量: \"{amount}\"}\n"
                   "  - table: {rows: scans, columns: [name, hash]}\n"
                   "  - attachments: [\"{scans}\"]\n"
                   "  - signature: \"{_office:full}\"\n"
                   "  - check: x\n"},
    {"job.yaml",
     "type: job\n"
     "title: {zh: 工作, en: Job}\n"
     "key: code\n"
     "label: name\n"
     "scope: {enterprise: enterprise}\n"
     "number: \"J{region}-{year}-{serial:4}\"\n"
     "fields:\n"
     "  - {name: code, kind: text, max: 20, required: true, title: {zh: 码, en: Code}}\n"
     "  - {name: name, kind: text, max: 9, pattern: '[a-z ]+', title: {zh: 名, en: Name}}\n"
     "  - {name: enterprise, kind: ref, type: enterprise, title: {zh: 企, en: Ent}}\n"
     "  - {name: colour, kind: code, codes: colour, default: red, title: {zh: 色, en: Col}}\n"
     "  - {name: amount, kind: integer, min: 0, max: 9, default: 3, title: {zh: 量, en: Amt}}\n"
     "  - {name: due, kind: date, required: {when: \"colour = 'red'\"}, title: {zh: 期, en: Due}}\n"
     "  - {name: at, kind: time, title: {zh: 时, en: At}}\n"
     "  - {name: done, kind: bool, title: {zh: 毕, en: Done}}\n"
     "  - {name: place, kind: point, title: {zh: 点, en: Place}}\n"
     "  - {name: price, kind: money, min: 0, default: 0.29, shown: {when: \"done <> FALSE\"}, "
     "title: "
     "{zh: 价, en: Price}}\n"
     "  - {name: pause, kind: duration, min: PT1M, max: P1D, default: PT8H, title: {zh: 歇, en: "
     "Pause}}\n"
     "  - {name: mark, kind: score, max: 10, default: 7.5, required: {states: [shut]}, title: {zh: "
     "分, en: Mark}}\n"
     "  - {name: next, kind: ref, type: job, title: {zh: 次, en: Next}}\n"
     "  - {name: scans, kind: file, accept: [image, pdf], max_files: 3, max_size: 5MB, title: {zh: "
     "件, en: Scans}}\n"
     "  - {name: half, kind: decimal, compute: \"amount / 2\", title: {zh: 半, en: Half}}\n"
     "  - {name: tone, kind: code, codes: colour, compute: \"band('size', half)\", title: {zh: 调, "
     "en: Tone}}\n"
     "  - {name: total, kind: decimal, title: {zh: 合, en: Total}}\n"
     "checks:\n"
     "  - {when: \"amount > 7\", message: {zh: 多, en: Much}, field: amount}\n"
     "flow:\n"
     "  initial: open\n"
     "  states:\n"
     "    - {name: open, title: {zh: 开, en: Open}, todo: [{who: [hand], when: \"done = TRUE\"}]}\n"
     "    - {name: shut, title: {zh: 关, en: Shut}, final: true}\n"
     "  moves:\n"
     "    - name: close\n"
     "      title: {zh: 关闭, en: Close}\n"
     "      who: [boss, hand]\n"
     "      from: [open]\n"
     "      accepts: [name, due]\n"
     "      require: [due, comment]\n"
     "      guard: {when: \"due >= $today\", message: {zh: 晚, en: Late}, field: due}\n"
     "      not: [remind]\n"
     "      set: {done: true, at: $now, amount: 5, total: {sum: half, of: job, where: "
     "\"next = $record.id\"}, colour: '1'}\n"
     "      to:\n"
     "        - {when: \"amount > 3\", state: shut}\n"
     "        - {state: same}\n"
     "      effects:\n"
     "        - raise:\n"
     "            type: job\n"
     "            link: next\n"
     "            fields: {code: \"{code}\", enterprise: $enterprise, due: $due}\n"
     "        - notify: {who: [boss], title: {zh: \"{number} {name} {colour:title} {next:title} "
     "{state:title}\", en: Done}}\n"
     "    - {name: remind, title: {zh: 催, en: Remind}, by: [clock, engine], from: [open], to: "
     "same}\n"
     "clocks:\n"
     "  - name: slow\n"
     "    title: {zh: 慢, en: Slow}\n"
     "    start: {state: open}\n"
     "    stop: {leave: open}\n"
     "    until: due\n"
     "    limit: 3wd\n"
     "    steps:\n"
     "      - {after: 0h, move: remind}\n"
     "      - {after: 2wd, move: remind}\n"
     "rights: {read: [boss, hand], create: [boss], edit: []}\n"
     "documents:\n"
     "  - {name: note, title: {zh: 单, en: Note}, move: close, when: \"amount > 3\", number: "
     "\"{_office}〔{year}〕{serial:1}号\", template: paper}\n"
     "indicators:\n"
     "  - {name: late, where: \"amount > 3\", of: \"done = TRUE\", time: due, by: [colour],\n"
     "     target: {at_most: 5}, title: {zh: 迟, en: Late}}\n"
     "  - {name: load, sum: amount, title: {zh: 量, en: Load}}\n"},
};

typedef struct {
    const char *file, *find, *put; /* the change */
    int lines;                     /* the error stands so many lines behind it */
    const char *words;             /* in the message */
} Mistake;

static const Mistake mistakes[] = {
    /* expressions */
    {"job.yaml", "amount / 2", "amount / ", 0, "a value or field is expected"},
    {"job.yaml", "amount / 2", "amont / 2", 0, "no field amont"},
    {"job.yaml", "amount / 2", "name", 0, "does not fit the field half"},
    {"job.yaml", "amount / 2", "name / 2", 0, "needs here a number"},
    {"job.yaml", "amount / 2", "enterprise.nothing / 2", 0, "no field enterprise.nothing"},
    {"job.yaml", "amount / 2", "name.amount / 2", 0, "no field name.amount"},
    {"job.yaml", "amount / 2", "half / 2", 0, "needs itself"},
    {"job.yaml", "amount / 2", "choose(tone = 'red', 1, 2)", 0, "needs itself"},
    {"job.yaml", "amount / 2", "choose(tone = 'blue', 1, 2)", 0, "can never be"},
    {"job.yaml", "amount / 2", "lookup('rate', 'rate', colour)", 0, "2 keys"},
    {"job.yaml", "amount / 2", "lookup('rate', 'rate', colour, name)", 0, "a number"},
    {"job.yaml", "amount / 2", "lookup('rate', 'rat', colour, amount)", 0, "no column rat"},
    {"job.yaml", "amount / 2", "lookup('rat', 'rate', colour, amount)", 0, "no table rat"},
    {"job.yaml", "amount / 2", "lookup('size', 'factor', 1, 2)", 0, "with band"},
    {"job.yaml", "band('size', half)", "band('rate', half)", 0, "with lookup"},
    {"job.yaml", "band('size', half)", "band('size', half, 'factor')", 0, "does not fit"},
    {"job.yaml", "compute: \"amount / 2\"", "default: 1, compute: \"amount / 2\"", 0,
     "cannot be computed"},
    {"job.yaml", "done = TRUE", "enterprise.code = 'x'", 0, "asked of the database"},
    {"job.yaml", "accepts: [name, due]", "accepts: [name, half]", 0, "half is not given"},
    {"job.yaml", "amount: 5, total", "half: 5, total", 0, "half is not given"},
    {"job.yaml", "amount: 5, total", "amount: {calc: name}, total", 0, "does not fit"},
    {"job.yaml", "amount: 5, total", "amount: {calc: name + }, total", 0, "a number"},
    {"job.yaml", "amount: 5, total", "amount: {rows: job, fields: {name: name}}, total", 0,
     "cannot be made so"},
    {"job.yaml", "amount: 5, total", "amount: {pick: half, by: half, count: 1}, total", 0,
     "cannot be made so"},
    {"job.yaml", "{sum: half, of: job, where", "{sum: name, of: job, where", 0, "does not fit"},
    {"job.yaml", "{sum: half, of: job, where", "{sum: hal, of: job, where", 0, "no field hal"},
    {"job.yaml", "{sum: half, of: job, where", "{sum: half, of: jobb, where", 0, "no type jobb"},
    {"job.yaml", "{sum: half, of: job, where", "{sum: half, where", 0, "not a question"},
    {"job.yaml", "{sum: half, of: job, where", "{count: job, by: at, where", 0, "not a question"},
    {"job.yaml", "next = $record.id", "next = $record.ide", 0, "no field ide"},
    {"job.yaml", "next = $record.id", "next.code = $record.id", 0, "asked of the database"},
    {"job.yaml", "limit: 3wd", "limit: {field: colour}", 0, "stands for no span"},
    {"job.yaml", "    limit: 3wd\n", "    limit: 3wd\n    by: day\n", 1, "by is now"},
    {"job.yaml", "rights:",
     "  - {name: slow, title: {zh: 慢, en: S}, start: {field: due}, limit: 1d, "
     "steps: [{after: 0h, move: remind}]}\nrights:",
     0, "the clock slow stands twice"},
    {"job.yaml", "field: amount}\n", "field: amount, valid: {from: 1}}\n", 0, "not a date"},
    /* tables */
    {"size.yaml", "[5, ~, '1', 2.5]", "[4, ~, '1', 2.5]", 0, "bands overlap"},
    {"size.yaml", "[5, ~, '1', 2.5]", "[5, 5, '1', 2.5]", 0, "from is not below"},
    {"size.yaml", "[5, ~, '1', 2.5]", "[5, ~, blue, 2.5]", 0, "does not have"},
    {"size.yaml", "[5, ~, '1', 2.5]", "[5, ~, '1']", 0, "3 cells"},
    {"size.yaml", "[5, ~, '1', 2.5]", "[x, ~, '1', 2.5]", -4, "are numbers"},
    {"size.yaml", "[5, ~, '1', 2.5]", "[[5], ~, '1', 2.5]", 0, "one value is expected"},
    {"rate.yaml", "['1', 2, 4]", "[red, 1, 4]", 0, "stand twice"},
    {"rate.yaml", "['1', 2, 4]", "[~, 1, 4]", 0, "a key is empty"},
    {"rate.yaml", "source: nobody\n", "", -2, "source is missing"},
    {"rate.yaml", "columns: [rate]", "columns: [amount]", 0, "the column amount stands twice"},
    {"rate.yaml", "columns: [rate]", "columns: [rate]\ncsv: x.csv", -4, "either rows or csv"},
    {"size.yaml", "table: size", "table: rate", 0, "for one time"},
    {"rate.yaml", "source: nobody", "source: x\nvalid: {from: 2026-02-30}", 1, "not a date"},
    {"rate.yaml", "source: nobody", "source: x\nvalid: {from: 2026-02-03, to: 2026-02-02}", 1,
     "is empty"},
    /* code lists */
    {"codes.yaml", "{code: red,", "{code: red, parent: blue,", 0, "no code blue above"},
    {"codes.yaml", "{code: red,", "{code: red, parent: red,", 0, "stands above itself"},
    {"codes.yaml", "{code: red,", "{code: red, span: 3x,", 0, "not a span"},
    {"codes.yaml", "{code: red,", "{code: red, valid: {},", 0, "is empty"},
    {"codes.yaml", "{code: red,", "{code: red, map: [x],", 0, "key: value is expected"},
    {"codes.yaml", "    items:\n", "    worst: big\n    items:\n", 0, "first or last"},
    /* YAML */
    {"job.yaml", "label: name", "label: [name", 1, "YAML"},
    {"job.yaml", "label: name", "label: name\nlabel: code", 1, "stands twice"},
    {"job.yaml", "label: name", "label: &a name", 0, "anchors"},
    {"job.yaml", "label: name", "label: *a", 0, "anchors"},
    {"job.yaml", "label: name", "label: !!str name", 0, "tags"},
    {"job.yaml", "label: name", "label: \"a\\0b\"", 0, "NUL"},
    {"job.yaml", "label: name", "label: name\n---", 1, "more than one document"},
    {"job.yaml", "label: name", "label: [[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]", 0,
     "too deep"},
    {"job.yaml", "label: name", "label: \xff", 0, "UTF-8"},
    {"job.yaml", "label: name", "[a]: name", 0, "cannot be a key"},
    /* keys */
    {"job.yaml", "label: name", "lable: name", 0, "unknown key “lable”"},
    {"job.yaml", "title: {zh: 工作, en: Job}", "x: 1", 0, "unknown key"},
    {"job.yaml", "title: {zh: 工作, en: Job}", "title: {zh: 工作}", 0, "en is missing"},
    {"job.yaml", "title: {zh: 工作, en: Job}", "title: {zh: 工作, en: ''}", 0, "empty"},
    {"job.yaml", "title: {zh: 工作, en: Job}", "title: {zh: 工作, en: A, b}", 0, "unknown key “b”"},
    {"job.yaml", "title: {zh: 工作, en: Job}", "title: 工作", 0, "key: value is expected"},
    {"job.yaml", "title: {zh: 工作, en: Job}\n", "", -1, "title is missing"},
    {"job.yaml", "rights: {read: [boss, hand], create: [boss], edit: []}", "", -61,
     "rights is missing"},
    {"job.yaml", "read: [boss, hand], ", "", 0, "read is missing"},
    {"job.yaml", "read: [boss, hand]", "read: []", 0, "nobody may read"},
    {"job.yaml", "read: [boss, hand]", "read: boss", 0, "a list is expected"},
    {"job.yaml", "read: [boss, hand]", "read: [boss, bos]", 0, "no role bos"},
    {"job.yaml", "read: [boss, hand]", "read: [boss, boss]", 0, "stands twice"},
    {"job.yaml", "type: job\ntitle", "typ: job\ntitle", 0, "tells nothing"},
    {"job.yaml", "type: job\ntitle", "type: Job\ntitle", 0, "not a name"},
    {"job.yaml", "type: job\ntitle", "type: enterprise\ntitle", 0, "is defined already"},
    {"job.yaml", "key: code", "key: name", 0, "required text"},
    {"job.yaml", "key: code", "key: nothing", 0, "no field nothing"},
    {"job.yaml", "max: 20, required", "max: 900, required", -5, "120 characters"},
    {"job.yaml", "scope: {enterprise: enterprise}", "scope: {enterprise: next}", 0,
     "no ref to an enterprise"},
    {"job.yaml", "scope: {enterprise: enterprise}", "scope: {region: name}", 0, "holds no region"},
    {"job.yaml", "scope: {enterprise: enterprise}", "scope: {enterprise: enterprise, sector: name}",
     0, "no code field"},
    {"job.yaml", "{serial:4}", "{serial:99}", 0, "number pattern"},
    {"job.yaml", "{serial:4}", "{serial:4}{serial:4}", 0, "number pattern"},
    {"job.yaml", "{serial:4}", "{serial", 0, "number pattern"},
    {"job.yaml", "-{serial:4}", "", 0, "number pattern"},
    {"job.yaml", "{year}", "{month}", 0, "number pattern"},
    {"job.yaml", "scope: {enterprise: enterprise}",
     "scope: {enterprise: enterprise, assigned: [nobody]}", 0, "names no people"},
    {"job.yaml", "scope: {enterprise: enterprise}",
     "scope: {enterprise: enterprise, assigned: [next]}", 0, "names no people"},
    {"job.yaml", "scope: {enterprise: enterprise}",
     "scope: {enterprise: enterprise, assigned: [name.code]}", 0, "names no people"},
    {"job.yaml", "scope: {enterprise: enterprise}",
     "scope: {enterprise: enterprise, assigned: [{role: name}]}", 0, "holds no role"},
    {"job.yaml", "scope: {enterprise: enterprise}", "scope: {}", 1, "number pattern"},
    {"job.yaml", "by: [clock, engine]", "by: [clock, receipt]", 0, "without receipts nobody"},
    {"job.yaml", "limit: 3wd", "limit: {timer: nothing}", 0, "no legal timer nothing"},
    {"job.yaml", "by: [clock, engine]", "by: [clock, guest]", 0, "engine, clock or receipt"},
    {"job.yaml", "who: [boss, hand]\n", "who: [boss]\n      second: [hand]\n      receipt: true\n",
     -2, "gives no receipt"},
    /* fields */
    {"job.yaml", "{name: name,", "{name: code,", 0, "stands twice"},
    {"job.yaml", "{name: name,", "{name: state,", 0, "reserved"},
    {"job.yaml", "{name: name,", "{name: _x,", 0, "reserved"},
    {"job.yaml", "{name: at,", "{name: place_lon,", 0, "belongs to the field place"},
    {"job.yaml", "kind: text, max: 9", "kind: txt, max: 9", 0, "no kind txt"},
    {"job.yaml", "kind: bool, ", "kind: bool, max: 3, ", 0, "has no max"},
    {"job.yaml", "{name: next,", "{name: next, secret: true,", 0, "has no secret"},
    {"job.yaml", "{name: name,", "{name: name, secret: true,", -5, "the field name is secret"},
    {"job.yaml", "read: [boss, hand], ", "read: [boss, hand], keepers: [boss], ", 0,
     "keepers without a secret field"},
    {"job.yaml", "read: [boss, hand], ", "read: [boss, hand, public], ", 0, "needs publish"},
    {"job.yaml", "edit: []", "edit: [public]", 0, "the public does not edit"},
    {"job.yaml", "label: name", "label: name\npublish: {fields: [name]}", 1,
     "publish without public"},
    {"job.yaml", "label: name", "label: name\npublish: {fields: [nothing]}", 1, "no field nothing"},
    {"job.yaml", "label: name", "label: name\npublish: {fields: [name, name]}", 1, "stands twice"},
    {"job.yaml", "kind: code, codes: colour,", "kind: code,", 0, "needs codes"},
    {"job.yaml", "kind: code, codes: colour", "kind: code, codes: color", 0, "no code list color"},
    {"job.yaml", "kind: ref, type: job", "kind: ref", 0, "needs type"},
    {"job.yaml", "kind: ref, type: job", "kind: ref, type: jobs", 0, "no type jobs"},
    {"job.yaml", "kind: time", "kind: region", 0, "no type region"},
    {"job.yaml", "max: 9, pattern", "max: 0, pattern", 0, "number of characters"},
    {"job.yaml", "max: 9, pattern", "max: many, pattern", 0, "a number is expected"},
    {"job.yaml", "'[a-z ]+'", "'[a-z'", 0, "regular expression"},
    {"job.yaml", "'[a-z ]+'", "'a)|(b'", 0, "regular expression"},
    {"job.yaml", "min: 0, max: 9", "min: 10, max: 9", 0, "outside min..max"},
    {"job.yaml", "min: 0, max: 9, default: 3", "min: 10, max: 9", 0, "min is above max"},
    {"job.yaml", "default: 3", "default: 3.5", 0, "of kind integer"},
    {"job.yaml", "default: 3", "default: '3'", 0, "of kind integer"},
    {"job.yaml", "default: red", "default: blue", 0, "no code blue"},
    {"job.yaml", "default: red", "default: 1", 0, "of kind code"},
    {"job.yaml", "kind: bool,", "kind: bool, default: yes,", 0, "of kind bool"},
    {"job.yaml", "kind: date,", "kind: date, default: 2026-02-30,", 0, "of kind date"},
    {"job.yaml", "required: {when: \"colour = 'red'\"}", "required: {when: \"color = 'red'\"}", 0,
     "no field color"},
    {"job.yaml", "required: {when: \"colour = 'red'\"}", "required: {when: \"colour = 'blue'\"}", 0,
     "can never be"},
    {"job.yaml", "required: {when: \"colour = 'red'\"}", "required: maybe", 0, "true or false"},
    {"job.yaml", "default: 0.29", "default: 0.295", 0, "two decimals"},
    {"job.yaml", "default: 0.29", "default: 10000000000000", 0, "two decimals"},
    {"job.yaml", "default: 0.29", "default: -0.29", 0, "outside min..max"},
    {"job.yaml", "default: 0.29", "default: '0.29'", 0, "of kind money"},
    {"job.yaml", "money, min: 0", "money, min: 0.001", 0, "two decimals"},
    {"job.yaml", "money, min: 0", "money, unit: yuan", 0, "has no unit"},
    {"job.yaml", "default: PT8H", "default: 8h", 0, "of kind duration"},
    {"job.yaml", "default: PT8H", "default: P2D", 0, "outside min..max"},
    {"job.yaml", "min: PT1M", "min: P1M", 0, "a duration is expected"},
    {"job.yaml", "max: P1D", "max: 1", 0, "a duration is expected"},
    {"job.yaml", "max: P1D", "max: PT1S", 0, "outside min..max"},
    {"job.yaml", "kind: score, max: 10", "kind: score", 0, "needs max"},
    {"job.yaml", "default: 7.5", "default: -1", 0, "outside min..max"},
    {"job.yaml", "{states: [shut]}", "{states: [shutt]}", 0, "no state shutt"},
    {"job.yaml", "{states: [shut]}", "{states: []}", 0, "the list of states is empty"},
    {"job.yaml", "{states: [shut]}", "{}", 0, "has one key"},
    {"job.yaml", "{states: [shut]}", "{states: [shut], when: \"done = TRUE\"}", 0, "has one key"},
    {"job.yaml", "shown: {when: \"done <> FALSE\"}", "shown: {when: \"done <> 1\"}", 0,
     "kinds differ"},
    {"job.yaml", "shown: {when: \"done <> FALSE\"}", "shown: true", 0, "key: value is expected"},
    {"job.yaml", "shown: {when: \"done <> FALSE\"}", "shown: {}", 0, "when is missing"},
    {"job.yaml", "max: 20, required: true,",
     "max: 20, required: true, shown: {when: \"done <> "
     "TRUE\"},",
     -5, "cannot have shown"},
    {"job.yaml", "type: enterprise, title",
     "type: enterprise, shown: {when: \"done <> FALSE\"}, title", -5, "cannot have shown"},
    {"job.yaml", "kind: text, max: 9, pattern: '[a-z ]+'", "kind: rows", 0, "needs fields"},
    {"job.yaml", "kind: bool,", "kind: bool, min_rows: 1,", 0, "has no min_rows"},
    {"job.yaml", "kind: bool,",
     "kind: rows, fields: [{name: record, kind: text, title: {zh: a, en: a}}],", 0, "reserved"},
    {"job.yaml", "kind: bool,",
     "kind: rows, fields: [{name: a, kind: text, unique: true, title: {zh: a, en: a}}],", 0,
     "has no unique"},
    {"job.yaml", "kind: bool,",
     "kind: rows, fields: [{name: a, kind: rows, fields: [], title: {zh: a, en: a}}],", 0,
     "no rows inside rows"},
    {"job.yaml", "kind: bool,",
     "kind: rows, fields: [{name: a, kind: area, title: {zh: a, en: a}}],", 0,
     "no areas inside rows"},
    {"job.yaml", "kind: bool,", "kind: area, secret: true,", 0, "has no secret"},
    {"job.yaml", "kind: bool,",
     "kind: rows, min_rows: 3, max_rows: 2, fields: [{name: a, kind: text, title: {zh: a, en: "
     "a}}],",
     0, "above max_rows"},
    {"job.yaml", "kind: bool,",
     "kind: rows, max_rows: 1001, fields: [{name: a, kind: text, title: {zh: a, en: a}}],", 0,
     "number of rows"},
    {"job.yaml", "kind: bool,",
     "kind: rows, fields: [{name: a, kind: text, required: {states: [open]}, title: {zh: a, en: "
     "a}}],",
     0, "no state open"},
    {"job.yaml", "kind: bool,", "kind: bool, under: done,", 0, "has no under"},
    {"job.yaml", "kind: bool,",
     "kind: rows, fields: [{name: a, kind: code, codes: colour, under: note, title: {zh: a, en: "
     "a}}],",
     0, "no code field of the record"},
    {"job.yaml", "type: job\ntitle", "type: a__b\ntitle", 0, "has no __"},
    {"job.yaml", "accept: [image, pdf]", "accept: [image, exe]", 0, "no such class"},
    {"job.yaml", "accept: [image, pdf]", "accept: []", 0, "empty list"},
    {"job.yaml", "max_files: 3", "max_files: 51", 0, "number of files"},
    {"job.yaml", "max_files: 3", "max_files: 1.5", 0, "number of files"},
    {"job.yaml", "max_size: 5MB", "max_size: 5GB", 0, "not a size"},
    {"job.yaml", "max_size: 5MB", "max_size: 101MB", 0, "not a size"},
    {"job.yaml", "max_size: 5MB", "default: x", 0, "of kind file"},
    {"job.yaml", "kind: bool,", "kind: bool, max_size: 5MB,", 0, "has no max_size"},
    /* documents */
    {"job.yaml", "move: close, when", "move: shut, when", 0, "no such move"},
    {"job.yaml", "move: close, when", "move: [], when", 0, "empty list"},
    {"job.yaml", "when: \"amount > 3\", number", "when: \"amont > 3\", number", 0,
     "no field amont"},
    {"job.yaml", "template: paper}", "template: papers}", 0, "no template papers"},
    {"job.yaml", "{_office}〔{year}〕{serial:1}号", "{_office}〔{year}〕号", 0, "number pattern"},
    {"job.yaml", "{_office}〔{year}〕{serial:1}号", "{_ofice}{serial:1}", 0, "number pattern"},
    {"paper.yaml", "{_region:city}局", "{_region:town}局", 0, "means nothing"},
    {"paper.yaml", "{due:date}", "{name:date}", 0, "means nothing"},
    {"paper.yaml", "{name} {due", "{nam} {due", 0, "means nothing"},
    {"paper.yaml", "done = TRUE", "don = TRUE", 0, "no field don"},
    {"paper.yaml", "rows: scans", "rows: name", 0, "holds no list"},
    {"paper.yaml", "[name, hash]", "[name, owner]", 0, "no such column"},
    {"paper.yaml", "[name, hash]", "[]", 0, "no columns"},
    {"paper.yaml", "  - check: x", "  - seal: x", 0, "no piece seal"},
    {"paper.yaml", "  - check: x", "  - {check: x, title: x}", 0, "one thing"},
    {"paper.yaml", "  - check: x", "  - {when: \"done = TRUE\"}", 0, "one thing"},
    {"paper.yaml", "35, 28]", "35]", 0, "four numbers"},
    {"paper.yaml", "35, 28]", "35, 280]", 0, "in range"},
    {"paper.yaml", "body: 16", "body: 200", 0, "in range"},
    {"paper.yaml", "date: arabic", "date: roman", 0, "form of dates"},
    {"paper.yaml", "template: paper\n", "template: Paper\n", 0, "not a name"},
    /* checks and flow */
    {"job.yaml", "amount > 7", "amount > '7'", 0, "kinds differ"},
    {"job.yaml", "message: {zh: 多, en: Much}, field: amount",
     "message: {zh: 多, en: Much}, field: x", 0, "no field x"},
    {"job.yaml", "initial: open", "initial: opened", 0, "no state opened"},
    {"job.yaml", "initial: open", "initial: shut", 2, "open cannot be reached"},
    {"job.yaml", "{name: shut,", "{name: same,", 0, "reserved"},
    {"job.yaml", "{name: shut,", "{name: open,", 0, "stands twice"},
    {"job.yaml", "    - {name: shut,",
     "    - {name: lost, title: {zh: 失, en: Lost}, final: true}\n    - {name: shut,", 0,
     "lost cannot be reached"},
    {"job.yaml", ", final: true}", "}", 0, "no move leaves"},
    {"job.yaml", "final: true}", "final: true, todo: [{who: [boss]}]}", 0, "final state"},
    {"job.yaml", "todo: [{who: [hand]", "todo: [{who: [hands]", 0, "no role hands"},
    {"job.yaml", "when: \"done = TRUE\"", "when: \"done = 1\"", 0, "kinds differ"},
    {"job.yaml", "      who: [boss, hand]\n", "", -2, "nobody can make"},
    {"job.yaml", "from: [open]\n", "from: []\n", 0, "the list of states is empty"},
    {"job.yaml", "from: [open]\n", "from: [opne]\n", 0, "no state opne"},
    {"job.yaml", "from: [open]\n", "from: [open, open]\n", 0, "stands twice"},
    {"job.yaml", "accepts: [name, due]", "accepts: [name, code]", 0, "key code cannot change"},
    {"job.yaml", "accepts: [name, due]", "accepts: [name, dew]", 0, "no field dew"},
    {"job.yaml", "accepts: [name, due]", "accepts: [due, due]", 0, "stands twice"},
    {"job.yaml", "require: [due, comment]", "require: [due, comments]", 0, "no field comments"},
    {"job.yaml", "due >= $today", "due >= $now", 0, "kinds differ"},
    {"job.yaml", "not: [remind]", "not: [reminds]", 0, "no move reminds"},
    {"job.yaml", "{when: \"amount > 3\", state: shut}", "{state: shut}", 0, "never used"},
    {"job.yaml", "{state: same}", "{state: same, when: \"done = TRUE\"}", 0, "last target"},
    {"job.yaml", "\"amount > 3\", state: shut", "\"state = 'openn'\", state: shut", 0,
     "can never be"},
    {"job.yaml", "by: [clock, engine]", "by: hand", 0, "engine, clock or receipt"},
    {"job.yaml", "by: [clock, engine]", "by: engine", 9, "clock may not make"},
    {"job.yaml", "{name: remind, title", "{name: close, title", 0, "stands twice"},
    /* who and when */
    {"job.yaml", "not: [remind]", "withdraws: [reminds]", 0, "no move reminds"},
    {"job.yaml", "not: [remind]", "second: [bosses]", 0, "no role bosses"},
    {"job.yaml", "not: [remind]", "second: []", -7, "confirmed by people"},
    {"job.yaml", "not: [remind]", "approve: {n: 0, who: [boss]}", 0, "number of persons"},
    {"job.yaml", "not: [remind]", "approve: {n: 2}", 0, "who is missing"},
    {"job.yaml", "not: [remind]", "approve: {n: 2, who: [boss]}\n      second: [boss]", 1,
     "second or approve"},
    {"job.yaml", "by: [clock, engine]", "by: [clock, engine], second: [boss]", 0,
     "confirmed by people"},
    {"job.yaml", "not: [remind]", "before: {clock: quick, at_least: 3wd}", 0, "no such clock"},
    {"job.yaml", "not: [remind]", "before: {clock: slow}", 0, "at_least is missing"},
    {"job.yaml", "not: [remind]", "before: {clock: slow, at_least: soon}", 0, "span of time"},
    {"job.yaml", "not: [remind]", "level: colour", 0, "are no levels"},
    {"job.yaml", "{name: remind, title", "{name: turn_down, title", 0, "reserved"},
    /* set, effects */
    {"job.yaml", "set: {done: true,", "set: {don: true,", 0, "no field don"},
    {"job.yaml", "set: {done: true,", "set: {done: 'true',", 0, "of kind bool"},
    {"job.yaml", "set: {done: true,", "set: {code: x,", 0, "key code cannot change"},
    {"job.yaml", "at: $now", "at: $today", 0, "of kind time"},
    {"job.yaml", "at: $now", "at: $then", 0, "no $then"},
    {"job.yaml", "at: $now", "at: [1]", 0, "one value"},
    {"job.yaml", "amount: 5", "name: ''", 0, "empty text"},
    {"job.yaml", "amount: 5", "amount: 50", 0, "outside min..max"},
    {"job.yaml", "amount: 5", "name: UP", 0, "does not match the pattern"},
    {"job.yaml", "amount: 5", "name: abcdefghij", 0, "longer than the 9"},
    {"job.yaml", "colour: '1'}", "colour: blue}", 0, "no code blue"},
    {"job.yaml", "            type: job", "            type: work", 0, "no type work"},
    {"job.yaml", "link: next", "link: enterprise", 0, "no ref to job"},
    {"job.yaml", "fields: {code: \"{code}\", ", "fields: {", 0, "required field code of job"},
    {"job.yaml", "fields: {code: \"{code}\", ", "fields: {code: null, ", 0, "cannot be null"},
    {"job.yaml", "fields: {code: \"{code}\", ", "fields: {code: x, more: 1, ", 0, "no field more"},
    {"job.yaml", "fields: {code: \"{code}\", ", "fields: {code: \"{cod}\", ", 0,
     "{cod} means nothing"},
    {"job.yaml", "fields: {code: \"{code}\", ", "fields: {code: \"{code\", ", 0, "means nothing"},
    {"job.yaml", "due: $due}", "due: $at}", 0, "of kind date"},
    {"job.yaml", "enterprise: $enterprise,", "enterprise: $next,", 0, "of kind ref"},
    {"job.yaml", "{colour:title}", "{colour:code}", 0, "means nothing"},
    {"job.yaml", "{colour:title}", "{id:title}", 0, "means nothing"},
    {"job.yaml", "{colour:title}", "{name:title}", 0, "means nothing"},
    {"job.yaml", "notify: {who: [boss]", "notify: {who: []", 0, "who is empty"},
    {"job.yaml", "        - notify:", "        - notfy:", 0, "unknown key “notfy”"},
    {"job.yaml", "        - notify:", "          notify:", -4, "one effect"},
    /* clocks */
    {"job.yaml", "start: {state: open}", "start: {state: opn}", 0, "no state opn"},
    {"job.yaml", "start: {state: open}", "start: {field: name}", 0, "no date or time"},
    {"job.yaml", "start: {state: open}", "start: {field: due, state: open}", 0, "one beginning"},
    {"job.yaml", "stop: {leave: open}", "stop: {enter: [opn]}", 0, "no state opn"},
    {"job.yaml", "stop: {leave: open}", "stop: {leave: open, enter: [shut]}", 0, "one end"},
    {"job.yaml", "    stop: {leave: open}\n", "", -3, "has no stop"},
    {"job.yaml", "stop: {leave: open}", "stop: {leave: open}\n    pause: \"amount = 'x'\"", 1,
     "kinds differ"},
    {"job.yaml", "stop: {leave: open}", "stop: {leave: open}\n    when: \"state = 'x'\"", 1,
     "can never be"},
    {"job.yaml", "until: due", "until: name", 0, "no date or time"},
    {"job.yaml", "limit: 3wd", "limit: 3w", 0, "span of time"},
    {"job.yaml",
     "    steps:\n      - {after: 0h, move: remind}\n      - {after: 2wd, move: remind}\n", "", -6,
     "has no steps"},
    {"job.yaml", "limit: 3wd", "limit: 99999d", 0, "span of time"},
    {"job.yaml", "    until: due\n    limit: 3wd\n", "", -4, "has no limit"},
    {"job.yaml", "{after: 0h, move: remind}", "{after: 4wd, move: remind}", 1, "order of after"},
    {"job.yaml", "{after: 0h, move: remind}", "{after: 0h, move: close}", 0, "clock may not make"},
    {"job.yaml", "{after: 0h, move: remind}", "{after: 0h, move: tell}", 0, "no move tell"},
    {"job.yaml", "start: {state: open}\n    stop: {leave: open}",
     "start: {state: shut}\n    stop: {leave: shut}", 5, "never open"},
    /* watch */
    {"lamp.yaml", "of: job", "of: lamp", 0, "does not watch itself"},
    {"lamp.yaml", "of: job", "of: jib", 0, "no type jib"},
    {"lamp.yaml", "on: [create, close]", "on: [clothe]", 0, "no move clothe"},
    {"lamp.yaml", "on: [create, close]", "on: []", 0, "on is empty"},
    {"lamp.yaml", "amount > 1", "note = 'x'", 0, "no field note"},
    {"lamp.yaml", "match: {work: id}", "match: {}", 0, "match is empty"},
    {"lamp.yaml", "match: {work: id}", "match: {note: id}", 0, "cannot be matched"},
    {"lamp.yaml", "match: {work: id}", "match: {work: amount}", 0, "no id or code"},
    {"lamp.yaml", "match: {work: id}", "match: {id: amount}", 0, "no id or code"},
    {"lamp.yaml", "move: light", "move: press", 0, "machine may not make"},
    {"lamp.yaml", "move: light", "move: glow", 0, "no move glow"},
    {"lamp.yaml", "link: cause", "link: work", 0, "does not fit"},
    {"lamp.yaml", "accepts: [cause], to: lit}",
     "accepts: [cause], to: lit, effects: [{raise: {type: job, fields: {code: x}}}]}", 3,
     "a circle"},
    /* indicators */
    {"job.yaml", "time: due", "time: colour", 0, "is no date or time"},
    {"job.yaml", "by: [colour]", "by: [amount]", 0, "cannot be grouped by amount"},
    {"job.yaml", "by: [colour]", "by: [colour, colour]", 0, "stands twice"},
    {"job.yaml", "sum: amount", "sum: name", 0, "cannot be summed"},
    {"job.yaml", "at_most: 5", "at_most: five", 0, "is no number"},
    {"job.yaml", "{at_most: 5}", "{at_most: 5, at_least: 3}", 0, "not clear"},
    {"job.yaml", "{at_most: 5}", "{}", 0, "not clear"},
    {"job.yaml", "sum: amount", "sum: amount, mean: amount", 0, "is not clear"},
    {"job.yaml", "name: load", "name: late", 0, "stands twice"},
    /* the other files */
    {"roles.yaml", "level: system", "level: village", 0, "no such level"},
    {"roles.yaml", "level: system", "level: city, scope: town", 0, "can only be sector"},
    {"roles.yaml", "level: system", "level: system, scope: sector", 0, "the level of a territory"},
    {"roles.yaml", "name: hand", "name: boss", 0, "is defined already"},
    {"roles.yaml", "name: hand", "name: everyone", 0, "reserved"},
    {"roles.yaml", "groups: [all]", "groups: [boss]", 0, "is the name of a role"},
    {"roles.yaml", "groups: [all]", "groups: [hand]", 0, "is the name of a role"},
    {"codes.yaml", "code: '1'", "code: red", 0, "stands twice"},
    {"codes.yaml", "code: '1'", "code: ", 0, "text is expected"},
    {"codes.yaml", "    items:\n", "    item:\n", 0, "unknown key"},
    {"calendar.yaml", "2025-10-02", "2025-10-32", 0, "not a date of 2025"},
    {"calendar.yaml", "2025-10-02", "2024-10-02", 0, "not a date of 2025"},
    {"calendar.yaml", "2025-10-02", "2025-10-01", 0, "stands twice"},
    {"calendar.yaml", "2025-09-28", "2025-09-29", 0, "is a weekday already"},
    {"calendar.yaml", "2025-09-28", "2025-10-01", 0, "stands twice"},
    {"calendar.yaml", "  2025:", "  25:", 0, "not a year"},
    {"pack.yaml", "pack: small", "pack: big", 0, "stands in the folder small"},
    {"pack.yaml", "version: 1", "version: one", 0, "whole number"},
    {"pack.yaml", "version: 1", "version: 1\nrequires: [big]", 1, "no pack big"},
    {"pack.yaml", "version: 1", "version: 1\nrequires: [small]", -2, "requires itself"},
};

static void write_file(const char *folder, const char *name, const char *text) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A directory with the small pack, `mistake` made in it; caller frees the name. */
static char *small_packs(const Mistake *mistake) {
    char *directory = g_dir_make_tmp("anlan-pack-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(directory, "small", NULL);
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(small); i++) {
        g_autoptr(GString) text = g_string_new(small[i].text);
        if (mistake && strcmp(mistake->file, small[i].name) == 0)
            if (g_string_replace(text, mistake->find, mistake->put, 1) != 1)
                g_error("not found: %s", mistake->find);
        write_file(folder, small[i].name, text->str);
    }
    return directory;
}

static void remove_packs(char *directory) {
    g_autofree char *folder = g_build_filename(directory, "small", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
    g_rmdir(directory);
    g_free(directory);
}

static int line_of_mistake(const Mistake *mistake) {
    for (gsize i = 0; i < G_N_ELEMENTS(small); i++) {
        if (strcmp(small[i].name, mistake->file) != 0)
            continue;
        int line = 1;
        const char *at = strstr(small[i].text, mistake->find);
        for (const char *p = small[i].text; p < at; p++)
            line += *p == '\n';
        return line + mistake->lines;
    }
    g_assert_not_reached();
}

static void test_mistake(gconstpointer data) {
    const Mistake *mistake = data;
    GError *error = NULL;
    char *directory = small_packs(mistake);
    Packs *packs = packs_load(directory, &error);
    if (packs) {
        g_test_fail_printf("accepted: %s -> %s", mistake->find, mistake->put);
        packs_free(packs);
        remove_packs(directory);
        return;
    }
    g_assert_cmpint(error_kind(error), ==, ERROR_PACK);
    g_autofree char *detail = error_detail(error, LANG_EN), *hint = error_hint(error, LANG_ZH);
    g_autofree char *place = g_strdup_printf("Pack %s/small/%s:%d: ", directory, mistake->file,
                                             line_of_mistake(mistake));
    if (!g_str_has_prefix(detail, place) || !strstr(detail, mistake->words) || *hint == 0)
        g_test_fail_printf("%s -> %s: %s (%s), not %s…%s", mistake->find, mistake->put, detail,
                           hint, place, mistake->words);
    g_error_free(error);
    remove_packs(directory);
}

static void test_small(void) {
    GError *error = NULL;
    char *directory = small_packs(NULL);
    Packs *packs = packs_load(directory, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(packs->types->len, ==, 3);
    packs_free(packs);
    remove_packs(directory);
}

/* ---- directories ---- */

static void refused(const char *directory, ErrorKind kind, const char *words) {
    GError *error = NULL;
    g_assert_null(packs_load(directory, &error));
    g_autofree char *detail = error_detail(error, LANG_EN);
    g_assert_cmpint(error_kind(error), ==, kind);
    if (!strstr(detail, words))
        g_error("%s, not %s", detail, words);
    g_error_free(error);
}

static void test_directories(void) {
    char *directory = small_packs(NULL);
    g_autofree char *folder = g_build_filename(directory, "small", NULL);
    refused("/nowhere/at/all", ERROR_FILE, "/nowhere/at/all");
    refused(folder, ERROR_FILE, "no folder with a pack.yaml");
    write_file(folder, "more.yml", "type: x\n");
    refused(directory, ERROR_PACK, "more.yml:1: ");
    g_autofree char *large = g_strnfill((1 << 20) + 1, '#');
    write_file(folder, "more.yml", "");
    g_autofree char *path = g_build_filename(folder, "more.yml", NULL);
    g_unlink(path);
    write_file(folder, "more.yaml", large);
    refused(directory, ERROR_PACK, "more.yaml:1: ");
    write_file(folder, "more.yaml", "");
    refused(directory, ERROR_PACK, "the file is empty");
    write_file(folder, "more.yaml", "- a\n");
    refused(directory, ERROR_PACK, "key: value is expected");
    remove_packs(directory);
}

/* More states than bits in Move.from, or roles than bits in a RoleSet, are refused, not wrapped. */
static void test_limits(void) {
    char *directory = small_packs(NULL);
    g_autofree char *folder = g_build_filename(directory, "small", NULL);
    g_autoptr(GString) states =
        g_string_new("type: x\ntitle: {zh: x, en: x}\nfields:\n  - {name: a, "
                     "kind: text, title: {zh: a, en: a}}\nflow:\n  initial: s0\n"
                     "  moves: []\n  states:\n");
    for (int i = 0; i < 65; i++)
        g_string_append_printf(states, "    - {name: s%d, title: {zh: a, en: a}, final: true}\n",
                               i);
    g_string_append(states, "rights: {read: [everyone]}\n");
    write_file(folder, "x.yaml", states->str);
    refused(directory, ERROR_PACK, "more than 64");
    g_autoptr(GString) roles = g_string_new("roles:\n");
    for (int i = 0; i < 55; i++)
        g_string_append_printf(roles, "  - {name: r%d, level: city, title: {zh: a, en: a}}\n", i);
    write_file(folder, "x.yaml", roles->str);
    refused(directory, ERROR_PACK, "more than 56");
    remove_packs(directory);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pack/real", test_real);
    g_test_add_func("/pack/warnings", test_warnings);
    g_test_add_func("/pack/point", test_point_type);
    g_test_add_func("/pack/alarm", test_alarm_type);
    g_test_add_func("/pack/hazard", test_hazard_type);
    g_test_add_func("/pack/roles", test_roles);
    g_test_add_func("/pack/terms", test_terms);
    g_test_add_func("/pack/uscc", test_uscc);
    g_test_add_func("/pack/small", test_small);
    for (gsize i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        g_autofree char *path = g_strdup_printf("/pack/mistake/%" G_GSIZE_FORMAT, i);
        g_test_add_data_func(path, &mistakes[i], test_mistake);
    }
    g_test_add_func("/pack/directories", test_directories);
    g_test_add_func("/pack/limits", test_limits);
    return g_test_run();
}
