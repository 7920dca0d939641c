#include "tests/lib/test.h"

#include "core/incident/rule_set.h"

#define HEAD                                                                                       \
    "pack: p\nversion: \"1\"\ntitle: t\ndocument: d 1\nread: primary\nstatus: in-force\n"          \
    "effective_from: 2026-03-20\n"
#define DUTY(more)                                                                                 \
    "duties:\n  - {id: a, title: b, obligation: must, trigger: [aware], scope: each, "             \
    "satisfied_by: [note], owed_to: [public], section: s, warnings: [50, 75, 90], " more "}\n"

static cx_err parse(const char *text, struct cx_diag *diag)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct rule_pack pack;
    *diag = CX_DIAG_INIT;
    cx_err err = rule_pack_parse(&arena, CX_BYTES(text, strlen(text)), diag, &pack);
    arena_clear(&arena);
    return err;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct rule_pack pack;
    static const char text[] =
        HEAD "effective_until: 2027-01-01\ncertificates: [tls, smime]\n" DUTY(
            "limit: 5d, start: [aware, report_received], types: [misissuance], tracks: [public], "
            "items: [1, 31], opens: delayed_revocation, cycle: true, effective_until: 2026-12-01");
    assert_ok(rule_pack_parse(&arena, CX_BYTES(text, sizeof(text) - 1), &diag, &pack));
    const struct rule_duty *duty = &pack.duties[0];
    assert_int_equal(pack.certificates, 1u << CERTIFICATES_TLS | 1u << CERTIFICATES_SMIME);
    assert_int_equal(duty->limit.unit, RULE_SECONDS);
    assert_int_equal(duty->limit.value, 5 * 86400);
    assert_int_equal(duty->starts.count, 2);
    assert_true(rule_kinds_have(&duty->starts, KIND_REPORT_RECEIVED));
    assert_false(rule_kinds_have(&duty->starts, KIND_NOTE));
    assert_int_equal(duty->items, 1u << 1 | 1u << 31);
    assert_true(duty->cycle && duty->opens_delayed_revocation);
    assert_int_equal(pack.until_us - duty->until_us, 31 * CX_US_PER_DAY);
    assert_int_equal(duty->from_us, pack.from_us);
    arena_clear(&arena);
}

static void refusals_name_the_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field, *rule;
    } CASES[] = {
        {HEAD DUTY("limit: 5d, colour: red"), "/duties/0/colour", ""},
        {HEAD DUTY("limit: 5w"), "/duties/0/limit", "limit"},
        {HEAD DUTY("limit: 0d"), "/duties/0/limit", "limit"},
        {HEAD DUTY("limit: 4000d"), "/duties/0/limit", "limit"},
        {HEAD DUTY("limit: stated-1mo"), "/duties/0/limit", "limit"},
        {HEAD DUTY("limit: 5d, start: [unheard_of]"), "/duties/0/start/0", ""},
        {HEAD DUTY("limit: 5d, start: [aware, aware]"), "/duties/0/start/1", "duplicate"},
        {HEAD DUTY("limit: 5d, tracks: []"), "/duties/0/tracks", "empty"},
        {HEAD DUTY("limit: 5d, items: [32]"), "/duties/0/items/0", ""},
        {HEAD DUTY("limit: 5d, effective_from: 2026-03-19"), "/duties/0", "effective"},
        {HEAD DUTY("limit: 5d, effective_from: 20.3.2026"), "/duties/0/effective_from", "date"},
        {HEAD "effective_until: 2026-03-20\n" DUTY("limit: 5d"), "/effective_from", "effective"},
        {HEAD "duties: []\n", "/duties", "empty"},
        {"pack: p\nversion: \"1\"\ntitle: \"a\\nb\"\n", "/title", "control-character"},
        {"pack: P\n", "/version", ""},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct cx_diag diag;
        assert_true(cx_failed(parse(CASES[i].text, &diag)));
        if (i + 1 < sizeof(CASES) / sizeof(CASES[0]))
            assert_string_equal(diag.field, CASES[i].field);
        if (CASES[i].rule[0])
            assert_string_equal(diag.rule, CASES[i].rule);
        assert_true(diag.text[0]);
    }
}

static void a_pack_in_force_has_a_date(void **state)
{
    (void)state;
    struct cx_diag diag;
    static const char undated[] =
        "pack: p\nversion: \"1\"\ntitle: t\ndocument: d\nread: secondary\n";
    char text[1024];
    snprintf(text, sizeof(text), "%sstatus: draft\n%s", undated, DUTY("limit: 5d"));
    assert_ok(parse(text, &diag));
    snprintf(text, sizeof(text), "%sstatus: in-force\n%s", undated, DUTY("limit: 5d"));
    assert_err(parse(text, &diag), PARSE);
    assert_string_equal(diag.field, "/effective_from");
}

static void versions_do_not_overlap(void **state)
{
    (void)state;
    static const char first[] = HEAD DUTY("limit: 5d");
    static const char ended[] = HEAD "effective_until: 2026-07-01\n" DUTY("limit: 5d");
    static const char next[] = "pack: p\nversion: \"2\"\ntitle: t\ndocument: d 2\nread: primary\n"
                               "status: in-force\neffective_from: 2026-07-01\n" DUTY("limit: 4d");
    const struct rule_text good[] = {{"p-1", ended, sizeof(ended) - 1},
                                     {"p-2", next, sizeof(next) - 1}};
    const struct rule_text bad[] = {{"p-1", first, sizeof(first) - 1},
                                    {"p-2", next, sizeof(next) - 1}};
    struct cx_diag diag = CX_DIAG_INIT;
    struct rule_set *set = NULL;
    assert_err(rule_set_new(bad, 2, &diag, &set), PARSE);
    assert_string_equal(diag.rule, "rule-overlap");
    assert_null(set);
    assert_ok(rule_set_new(good, 2, &diag, &set));
    rule_set_free(set);
}

static void the_packs_of_the_program_read(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct rule_set *set = NULL;
    size_t count = 0;
    assert_ok(rule_set_new(rule_texts, rule_text_count, &diag, &set));
    const struct rule_pack *packs = rule_set_packs(set, &count);
    assert_int_equal(count, rule_text_count);
    for (size_t i = 0; i < count; i++) {
        char name[160]; /* the file is named after what it says of itself */
        snprintf(name, sizeof(name), "%.*s-%.*s", CX_STR_ARG(packs[i].name),
                 CX_STR_ARG(packs[i].version));
        assert_string_equal(name, rule_texts[i].name);
        for (size_t j = 0; j < packs[i].duty_count; j++)
            assert_int_equal(packs[i].duties[j].warning_count, 3);
    }
    rule_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),       cmocka_unit_test(refusals_name_the_key),
        cmocka_unit_test(a_pack_in_force_has_a_date),    cmocka_unit_test(versions_do_not_overlap),
        cmocka_unit_test(the_packs_of_the_program_read),
    };
    return cmocka_run_group_tests_name("core/incident/rule_pack", tests, NULL, NULL);
}
