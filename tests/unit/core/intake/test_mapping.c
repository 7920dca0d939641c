/* From tools' JSON to alerts: the built-in mappings, words that tell equal alerts, texts that fit, refusals. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "core/intake/mapping.h"

struct made {
    struct arena arena;
    json_t *root;
    struct api_alert_mapping mapping;
    struct mapped mapped;
};

static cx_err apply(struct made *made, enum api_alert_source_kind kind, const char *json,
                    struct cx_diag *diag)
{
    *made = (struct made){.arena = ARENA_INIT(1 << 24)};
    assert_ok(mapping_builtin(kind, &made->arena, &made->mapping, &made->root));
    return mapping_apply(&made->mapping, cx_str_bytes(cx_str_from(json)), &made->arena, diag,
                         &made->mapped);
}

static void clear(struct made *made)
{
    json_decref(made->root);
    arena_clear(&made->arena);
}

static void test_alertmanager(void **state)
{
    (void)state;
    static const char json[] =
        "{\"version\":\"4\",\"groupKey\":\"{}\",\"status\":\"firing\",\"receiver\":\"cx\","
        "\"alerts\":["
        "{\"status\":\"firing\",\"labels\":{\"alertname\":\"CrlStale\",\"instance\":\"ca-1:9100\","
        "\"severity\":\"critical\"},\"annotations\":{\"summary\":\"CRL is stale\",\"description\":"
        "\"since\\nyesterday\"},\"startsAt\":\"2026-11-20T08:00:00Z\",\"fingerprint\":\"ab\"},"
        "{\"status\":\"resolved\",\"labels\":{\"alertname\":\"CrlStale\"},\"annotations\":{}}]}";
    struct made made;
    assert_ok(apply(&made, API_ALERT_SOURCE_KIND_ALERTMANAGER, json, NULL));
    assert_int_equal(made.mapped.count, 1);
    assert_int_equal(made.mapped.skipped, 1);
    const struct mapped_alert *alert = &made.mapped.alerts[0];
    assert_true(cx_str_is(alert->rule, "CrlStale"));
    assert_true(cx_str_is(alert->subject, "ca-1:9100"));
    assert_true(cx_str_is(alert->title, "CRL is stale"));
    assert_true(cx_str_is(alert->summary, "since\nyesterday"));
    assert_int_equal(alert->level, LEVEL_HIGH);
    clear(&made);
}

static void test_sarif(void **state)
{
    (void)state;
    static const char json[] =
        "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":["
        "{\"ruleId\":\"c/weak\",\"level\":\"note\",\"message\":{\"text\":\"MD5\"},\"locations\":[{"
        "\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"lib/a.c\"}}}]},"
        "{\"ruleId\":\"CVE-2026-1\",\"message\":{\"text\":\"old\"},\"properties\":{"
        "\"security-severity\":\"9.8\"}},"
        "{\"ruleId\":\"ok\",\"kind\":\"pass\",\"message\":{\"text\":\"fine\"}}]},{\"results\":[]}]"
        "}";
    struct made made;
    assert_ok(apply(&made, API_ALERT_SOURCE_KIND_SARIF, json, NULL));
    assert_int_equal(made.mapped.count, 2);
    assert_int_equal(made.mapped.skipped, 1);
    const struct mapped_alert *weak = &made.mapped.alerts[0], *old = &made.mapped.alerts[1];
    assert_true(cx_str_starts(weak->rule, CX_STR("c-weak:")));
    assert_true(cx_str_starts(weak->subject, CX_STR("lib-a.c:")));
    assert_int_equal(weak->level, LEVEL_LOW);
    assert_true(cx_str_is(old->rule, "CVE-2026-1"));
    assert_true(cx_str_is(old->subject, "-"));
    assert_int_equal(old->level, LEVEL_HIGH);
    clear(&made);
}

static void test_words_stay_apart(void **state)
{
    (void)state;
    static const char *const rules[] = {"a/b",
                                        "a b",
                                        "a-b",
                                        "a-b:",
                                        "0123456789012345678901234567890123456789A",
                                        "0123456789012345678901234567890123456789B"};
    enum { COUNT = sizeof(rules) / sizeof(rules[0]) };
    struct made made[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        char json[128];
        snprintf(json, sizeof(json), "{\"rule\":\"%s\"}", rules[i]);
        assert_ok(apply(&made[i], API_ALERT_SOURCE_KIND_GENERIC, json, NULL));
        assert_true(made[i].mapped.alerts[0].rule.len <= MAPPING_WORD_MAX);
        for (size_t k = 0; k < i; k++)
            assert_false(cx_str_eq(made[k].mapped.alerts[0].rule, made[i].mapped.alerts[0].rule));
    }
    for (size_t i = 0; i < COUNT; i++)
        clear(&made[i]);
}

static void test_texts_fit(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf json = CX_BUF_INIT(1024);
    struct made made;
    assert_ok(cx_buf_add_str(&json, CX_STR("{\"rule\":\"r\",\"summary\":\"a\\tb\\u0085c\\u2028d"
                                           "\\u0007\",\"title\":\"")));
    for (int i = 0; i < 150; i++)
        assert_ok(cx_buf_add_str(&json, CX_STR("\xc3\xa4")));
    assert_ok(cx_buf_add_str(&json, CX_STR("\"}")));
    assert_ok(cx_buf_terminate(&json));
    assert_ok(apply(&made, API_ALERT_SOURCE_KIND_GENERIC, (const char *)json.ptr, NULL));
    assert_int_equal(made.mapped.alerts[0].title.len, 2 * MAPPING_TITLE_MAX);
    assert_true(cx_str_is(made.mapped.alerts[0].summary, "a\tb c d "));
    assert_int_equal(made.mapped.alerts[0].level, LEVEL_MEDIUM);
    clear(&made);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        enum api_alert_source_kind kind;
        const char *json, *field, *rule;
    } cases[] = {
        {API_ALERT_SOURCE_KIND_GENERIC, "nonsense", "", "json-syntax"},
        {API_ALERT_SOURCE_KIND_GENERIC, "{\"rule\":\"a\",\"rule\":\"b\"}", "", "json-syntax"},
        {API_ALERT_SOURCE_KIND_GENERIC, "{}", "", "alert-rule"},
        {API_ALERT_SOURCE_KIND_GENERIC, "{\"rule\":[]}", "", "alert-rule"},
        {API_ALERT_SOURCE_KIND_ALERTMANAGER, "{}", "/alerts", "json-missing"},
        {API_ALERT_SOURCE_KIND_ALERTMANAGER, "{\"alerts\":{}}", "/alerts", "json-type"},
        {API_ALERT_SOURCE_KIND_ALERTMANAGER, "{\"alerts\":[1]}", "/alerts/0", "json-type"},
        {API_ALERT_SOURCE_KIND_ALERTMANAGER, "{\"alerts\":[{}]}", "/alerts/0", "alert-rule"},
        {API_ALERT_SOURCE_KIND_SARIF, "{\"runs\":[{}]}", "/runs/0/results", "json-missing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct made made;
        assert_int_equal(apply(&made, cases[i].kind, cases[i].json, &diag).code, CX_E_PARSE);
        if (cases[i].field[0])
            assert_string_equal(diag.field, cases[i].field);
        if (cases[i].field[0] || i > 1)
            assert_string_equal(diag.rule, cases[i].rule);
        clear(&made);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf json = CX_BUF_INIT(1 << 16);
    struct cx_diag diag = CX_DIAG_INIT;
    struct made made;
    assert_ok(cx_buf_add_str(&json, CX_STR("{\"alerts\":[")));
    for (int i = 0; i <= MAPPING_ITEMS_MAX; i++)
        assert_ok(cx_buf_addf(&json, "%s{\"labels\":{\"alertname\":\"a\"}}", i ? "," : ""));
    assert_ok(cx_buf_add_str(&json, CX_STR("]}")));
    assert_ok(cx_buf_terminate(&json));
    assert_int_equal(
        apply(&made, API_ALERT_SOURCE_KIND_ALERTMANAGER, (const char *)json.ptr, &diag).code,
        CX_E_LIMIT);
    assert_string_equal(diag.field, "/alerts/200");
    clear(&made);
}

static void test_levels(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum incident_level level;
    } cases[] = {{"CRITICAL", LEVEL_HIGH}, {"error", LEVEL_HIGH}, {"warning", LEVEL_MEDIUM},
                 {"Info", LEVEL_LOW},      {"", LEVEL_MEDIUM},    {"purple", LEVEL_MEDIUM},
                 {"9.8", LEVEL_HIGH},      {"10", LEVEL_HIGH},    {"6.9", LEVEL_MEDIUM},
                 {"3.9", LEVEL_LOW},       {"11", LEVEL_MEDIUM},  {"1x", LEVEL_MEDIUM}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(mapping_level(cx_str_from(cases[i].word)), cases[i].level);
}

static void test_own_mapping(void **state)
{
    (void)state;
    static const struct {
        const char *json, *field;
    } bad[] = {{"{\"items\":\"x\",\"rule\":[\"/r\"]}", "mapping/items"},
               {"{\"items\":\"\",\"rule\":[\"/*\"]}", "mapping/rule"},
               {"{\"items\":\"\",\"rule\":[\"/r\"],\"skip\":[\"/a\"]}", "mapping/skip"},
               {"{\"items\":\"\",\"rule\":[]}", "/rule"},
               {"{\"items\":\"\",\"rule\":[\"/r\"],\"colour\":[]}", "/colour"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
        struct api_alert_mapping mapping;
        struct cx_diag diag = CX_DIAG_INIT;
        json_auto_t *root = NULL;
        assert_true(cx_failed(
            mapping_parse(cx_str_bytes(cx_str_from(bad[i].json)), &arena, &diag, &mapping, &root)));
        assert_string_equal(diag.field, bad[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alertmanager),     cmocka_unit_test(test_sarif),
        cmocka_unit_test(test_words_stay_apart), cmocka_unit_test(test_texts_fit),
        cmocka_unit_test(test_refusals),         cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_levels),           cmocka_unit_test(test_own_mapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
