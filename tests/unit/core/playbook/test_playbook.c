#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "core/playbook/library.h"
#include "core/playbook/playbook.h"

#define HEAD "playbook: p\ntitle: t\napplies: {types: [misissuance]}\n"
#define STEP(more) "{id: a, title: b, text: c, role: lead, kind: manual" more "}"
#define STEPS(more) HEAD "steps:\n  - " STEP(more) "\n"

static cx_err parse(struct arena *arena, const char *text, struct cx_diag *diag,
                    struct playbook *playbook)
{
    *diag = CX_DIAG_INIT;
    return playbook_parse(arena, CX_BYTES(text, strlen(text)), diag, playbook);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag;
    struct playbook playbook;
    assert_ok(parse(&arena,
                    "playbook: key-lost\ntitle: A key is lost\n"
                    "applies: {types: [key_compromise, other], severities: [critical]}\nsteps:\n"
                    "  - {id: a, title: one, text: do it, role: scribe, kind: containment, "
                    "after: confirmed, within: 24h, evidence: the block}\n"
                    "  - {id: b, title: two, text: then, role: lead, kind: notice, "
                    "after_step: a, when: {tracks: [public]}}\n"
                    "  - {id: c, title: three, text: see to it, role: lead, kind: duty, "
                    "duty: service/customer-notice}\n",
                    &diag, &playbook));
    assert_int_equal(playbook.applies.types, 1u << INCIDENT_KEY_COMPROMISE | 1u << INCIDENT_OTHER);
    assert_int_equal(playbook.applies.severities, 1u << SEVERITY_CRITICAL);
    assert_int_equal(playbook.step_count, 3);
    const struct playbook_step *step = playbook.steps;
    assert_int_equal(step[0].role, INCIDENT_ROLE_SCRIBE);
    assert_int_equal(step[0].kind, PLAYBOOK_CONTAINMENT);
    assert_int_equal(step[0].after, KIND_CONFIRMED);
    assert_int_equal(step[0].after_step, PLAYBOOK_NO_STEP);
    assert_int_equal(step[0].limit.value, 86400);
    assert_int_equal(step[1].after_step, 0);
    assert_int_equal(step[1].within.len, 0);
    assert_int_equal(step[1].when.tracks, 1u << TRACK_PUBLIC);
    assert_true(cx_str_is(step[2].duty, "service/customer-notice"));
    assert_ptr_equal(playbook_step_of(&playbook, CX_STR("b")), &step[1]);
    assert_null(playbook_step_of(&playbook, CX_STR("d")));
    arena_clear(&arena);
}

static void refusals_name_the_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field, *rule;
    } CASES[] = {
        {HEAD "steps: []\n", "/steps", "empty"},
        {HEAD "colour: red\nsteps:\n  - " STEP("") "\n", "/colour", ""},
        {"playbook: P\ntitle: t\n", "/playbook", "playbook-name"},
        {"playbook: p\ntitle: t\napplies: {tracks: [public]}\n", "/applies", "types-missing"},
        {"playbook: p\ntitle: t\napplies: {types: []}\n", "/applies/types", "empty"},
        {"playbook: p\ntitle: t\napplies: {types: [other, other]}\n", "/applies/types/1",
         "duplicate"},
        {"playbook: p\ntitle: t\napplies: {types: [unheard_of]}\n", "/applies/types/0", ""},
        {HEAD "steps:\n  - " STEP("") "\n  - " STEP("") "\n", "/steps/1/id", "duplicate"},
        {STEPS(", colour: red"), "/steps/0/colour", ""},
        {STEPS(", within: 5w"), "/steps/0/within", "limit"},
        {STEPS(", within: stated"), "/steps/0/within", "limit"},
        {STEPS(", after: unheard_of"), "/steps/0/after", ""},
        {STEPS(", after_step: a"), "/steps/0/after_step", "step-unknown"},
        {HEAD "steps:\n  - " STEP("") "\n  - {id: b, title: b, text: c, role: lead, kind: manual, "
                                      "after: aware, after_step: a}\n",
         "/steps/1/after_step", "either-or"},
        {STEPS(", evidence: \"\""), "/steps/0/evidence", "empty"},
        {STEPS(", duty: a/b"), "/steps/0/duty", "duty-kind"},
        {STEPS(", when: {types: [other]}"), "/steps/0/when/types", ""},
        {HEAD "steps:\n  - {id: a, title: b, text: c, role: lead, kind: duty}\n", "/steps/0/duty",
         "duty-name"},
        {HEAD "steps:\n  - {id: a, title: b, text: c, role: lead, kind: duty, duty: a/b/c}\n",
         "/steps/0/duty", "duty-name"},
        {HEAD "steps:\n  - {id: a, title: b, text: c, role: lead, kind: duty, duty: a/b, within: "
              "1h}\n",
         "/steps/0/within", "duty-has-it"},
        {HEAD "steps:\n  - {id: a, title: b, role: lead, kind: manual}\n", "/steps/0/text",
         "missing"},
        {HEAD "steps:\n  - {id: a, title: b, text: c, role: boss, kind: manual}\n", "/steps/0/role",
         ""},
    };
    for (size_t i = 0; i < CX_COUNT_OF(CASES); i++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct cx_diag diag;
        struct playbook playbook;
        assert_true(cx_failed(parse(&arena, CASES[i].text, &diag, &playbook)));
        assert_string_equal(diag.field, CASES[i].field);
        if (CASES[i].rule[0])
            assert_string_equal(diag.rule, CASES[i].rule);
        arena_clear(&arena);
    }
}

/* What comes with the program reads, names duties that are there, and is the same after writing and reading. */
static void the_library_holds(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct rule_set *rules = NULL;
    size_t pack_count = 0;
    assert_ok(rule_set_new(rule_texts, rule_text_count, &diag, &rules));
    const struct rule_pack *packs = rule_set_packs(rules, &pack_count);
    assert_int_equal(playbook_text_count, 8);
    for (size_t i = 0; i < playbook_text_count; i++) {
        struct arena arena = ARENA_INIT(1 << 20);
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(PLAYBOOK_MAX);
        struct playbook playbook, again;
        struct playbook_differences found;
        assert_ok(playbook_parse(&arena, CX_BYTES(playbook_texts[i].text, playbook_texts[i].len),
                                 &diag, &playbook));
        assert_true(cx_str_is(playbook.name, playbook_texts[i].name));
        assert_ptr_equal(playbook_library_find(playbook.name), &playbook_texts[i]);
        for (size_t j = 0; j < playbook.step_count; j++)
            if (playbook.steps[j].kind == PLAYBOOK_DUTY)
                assert_true(playbook_duty_known(packs, pack_count, playbook.steps[j].duty));
        assert_ok(playbook_write(&playbook, &out));
        assert_ok(playbook_parse(&arena, cx_buf_view(&out), &diag, &again));
        playbook_compare(&playbook, &again, &found);
        assert_int_equal(found.count, 0);
        assert_false(found.scope_changed);
        assert_true(cx_str_eq(playbook.description, again.description));
        arena_clear(&arena);
    }
    assert_null(playbook_library_find(CX_STR("nothing")));
    assert_false(playbook_duty_known(packs, pack_count, CX_STR("service/nothing")));
    assert_false(playbook_duty_known(packs, pack_count, CX_STR("servic/customer-notice")));
    rule_set_free(rules);
}

static void differences_are_gained_lost_and_changed(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag;
    struct playbook was, is, nothing = {0};
    struct playbook_differences found;
    assert_ok(parse(&arena,
                    HEAD "steps:\n  - " STEP("") "\n  - {id: x, title: b, text: c, role: lead, "
                                                 "kind: manual}\n",
                    &diag, &was));
    assert_ok(parse(&arena,
                    "playbook: p\ntitle: t\napplies: {types: [other]}\nsteps:\n  - {id: n, title: "
                    "b, text: c, role: lead, kind: manual}\n  - " STEP(", within: 1h") "\n",
                    &diag, &is));
    playbook_compare(&was, &is, &found);
    assert_true(found.scope_changed);
    assert_int_equal(found.count, 3);
    assert_true(cx_str_is(found.list[0].step->id, "n") && found.list[0].what == PLAYBOOK_GAINED);
    assert_true(cx_str_is(found.list[1].step->id, "a") && found.list[1].what == PLAYBOOK_CHANGED);
    assert_true(cx_str_is(found.list[2].step->id, "x") && found.list[2].what == PLAYBOOK_LOST);
    playbook_compare(&nothing, &is, &found);
    assert_int_equal(found.count, 2);
    arena_clear(&arena);
}

static void a_scope_has_what_it_names(void **state)
{
    (void)state;
    const struct playbook_case is = {INCIDENT_MISISSUANCE, SEVERITY_HIGH, 1u << TRACK_PUBLIC,
                                     1u << CERTIFICATES_TLS};
    static const struct {
        struct playbook_scope scope;
        bool has;
    } CASES[] = {
        {{0}, true},
        {{.types = 1u << INCIDENT_MISISSUANCE}, true},
        {{.types = 1u << INCIDENT_OTHER}, false},
        {{.types = 1u << INCIDENT_MISISSUANCE, .severities = 1u << SEVERITY_LOW}, false},
        {{.tracks = 1u << TRACK_PUBLIC | 1u << TRACK_NIS2}, true},
        {{.tracks = 1u << TRACK_NIS2}, false},
        {{.certificates = 1u << CERTIFICATES_SMIME}, false},
        {{.certificates = 1u << CERTIFICATES_TLS, .severities = 1u << SEVERITY_HIGH}, true},
    };
    for (size_t i = 0; i < CX_COUNT_OF(CASES); i++)
        assert_int_equal(playbook_scope_has(&CASES[i].scope, &is), CASES[i].has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(refusals_name_the_key),
        cmocka_unit_test(the_library_holds),
        cmocka_unit_test(differences_are_gained_lost_and_changed),
        cmocka_unit_test(a_scope_has_what_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
