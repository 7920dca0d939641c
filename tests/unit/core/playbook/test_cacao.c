#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "core/playbook/cacao.h"
#include "core/playbook/library.h"

static const struct cacao_defaults nothing_said;

static void written_and_read_it_is_the_same(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    for (size_t i = 0; i < playbook_text_count; i++) {
        struct arena arena = ARENA_INIT(4 << 20);
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CACAO_MAX);
        CX_CLEANUP(cx_buf_clear) struct cx_buf again = CX_BUF_INIT(CACAO_MAX);
        const struct cacao_origin origin = {
            .tenant_id = {{7}}, .created_us = 1700000000123456, .modified_us = 1700000001000000};
        struct playbook playbook, back;
        struct playbook_differences found;
        assert_ok(playbook_parse(&arena, CX_BYTES(playbook_texts[i].text, playbook_texts[i].len),
                                 &diag, &playbook));
        assert_ok(cacao_write(&playbook, &origin, &out));
        assert_ok(cacao_read(&arena, cx_buf_view(&out), &nothing_said, &diag, &back));
        playbook_compare(&playbook, &back, &found);
        assert_int_equal(found.count, 0);
        assert_false(found.scope_changed);
        assert_true(cx_str_eq(playbook.name, back.name) && cx_str_eq(playbook.title, back.title));
        assert_true(cx_str_eq(playbook.description, back.description));
        assert_ok(cacao_write(&back, &origin, &again));
        assert_true(cx_bytes_eq(cx_buf_view(&out), cx_buf_view(&again)));
        arena_clear(&arena);
    }
}

#define START "start--11111111-1111-4111-8111-111111111111"
#define ONE "action--22222222-2222-4222-8222-222222222222"
#define TWO "action--33333333-3333-4333-8333-333333333333"
#define END "end--44444444-4444-4444-8444-444444444444"
#define AGENT "individual--55555555-5555-4555-8555-555555555555"
#define TOP(more)                                                                                  \
    "{\"type\":\"playbook\",\"spec_version\":\"cacao-2.0\",\"id\":"                                \
    "\"playbook--66666666-6666-4666-8666-666666666666\",\"name\":\"Foreign\",\"created_by\":"      \
    "\"identity--77777777-7777-4777-8777-777777777777\",\"created\":\"2026-01-01T00:00:00.000Z\"," \
    "\"modified\":\"2026-01-02T00:00:00.000Z\",\"workflow_start\":\"" START "\"" more
#define AGENTS                                                                                     \
    ",\"agent_definitions\":{\"" AGENT "\":{\"type\":\"individual\",\"name\":\"On call\"}}}"
#define START_STEP "\"" START "\":{\"type\":\"start\",\"on_completion\":\"" ONE "\"}"
#define END_STEP "\"" END "\":{\"type\":\"end\"}"
#define MANUAL "\"commands\":[{\"type\":\"manual\",\"command\":\"Look.\"}],\"agent\":\"" AGENT "\""
#define ACTION(id, more, next)                                                                     \
    "\"" id "\":{\"type\":\"action\",\"name\":\"Look\"," more ",\"on_completion\":\"" next "\"}"
#define FLOW(steps) ",\"workflow\":{" steps "}" AGENTS
#define PLAIN FLOW(START_STEP "," ACTION(ONE, MANUAL, END) "," END_STEP)

static const struct cacao_defaults all_said = {.name = {"foreign", 7},
                                               .applies = {.types = 1u << INCIDENT_OTHER},
                                               .has_role = true,
                                               .role = INCIDENT_ROLE_SCRIBE};

static void a_foreign_document_is_read(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct playbook playbook;
    static const char text[] =
        TOP(",\"playbook_types\":[\"mitigation\"]") FLOW(START_STEP "," ACTION(
            ONE,
            "\"commands\":[{\"type\":\"manual\",\"command_b64\":\"TG9vay4=\"},{\"type\":\"manual\","
            "\"command\":\"Write.\"}],\"agent\":\"" AGENT "\"",
            TWO) "," ACTION(TWO, MANUAL, END) "," END_STEP);
    assert_ok(cacao_read(&arena, CX_BYTES(text, sizeof(text) - 1), &all_said, &diag, &playbook));
    assert_true(cx_str_is(playbook.name, "foreign") && cx_str_is(playbook.title, "Foreign"));
    assert_int_equal(playbook.applies.types, 1u << INCIDENT_OTHER);
    assert_int_equal(playbook.step_count, 2);
    assert_true(cx_str_is(playbook.steps[0].text, "Look.\nWrite."));
    assert_true(cx_str_is(playbook.steps[0].id, "step-1"));
    assert_true(cx_str_is(playbook.steps[1].id, "step-2"));
    assert_int_equal(playbook.steps[0].role, INCIDENT_ROLE_SCRIBE);
    assert_int_equal(playbook.steps[0].kind, PLAYBOOK_MANUAL);
    arena_clear(&arena);
}

static const struct {
    const char *text, *field, *rule;
} NAMED[] = {
    {TOP(",\"markings\":[]") PLAIN, "/markings", ""},
    {TOP(",\"signatures\":[]") PLAIN, "/signatures", ""},
    {TOP(",\"playbook_variables\":{}") PLAIN, "/playbook_variables", ""},
    {TOP(",\"revoked\":true") PLAIN, "/revoked", "cacao-revoked"},
    {TOP(",\"playbook_extensions\":{\"extension-definition--x\":{}}") PLAIN,
     "/playbook_extensions/extension-definition--x", ""},
    {TOP("") FLOW("\"" START "\":{\"type\":\"start\",\"on_completion\":\"if-condition--"
                  "88888888-8888-4888-8888-888888888888\"},"
                  "\"if-condition--88888888-8888-4888-8888-888888888888\":{\"type\":\"if-"
                  "condition\"}"),
     "/workflow/if-condition--88888888-8888-4888-8888-888888888888/type", ""},
    {TOP("") FLOW(START_STEP "," ACTION(ONE,
                                        "\"commands\":[{\"type\":\"bash\",\"command\":\"rm\"}],"
                                        "\"agent\":\"" AGENT "\"",
                                        END) "," END_STEP),
     "/workflow/" ONE "/commands/0/type", "cacao-type"},
    {TOP("") FLOW(START_STEP "," ACTION(ONE, MANUAL ",\"targets\":[]", END) "," END_STEP),
     "/workflow/" ONE "/targets", ""},
    {TOP("")
         FLOW(START_STEP "," ACTION(ONE, MANUAL ",\"on_failure\":\"" END "\"", END) "," END_STEP),
     "/workflow/" ONE "/on_failure", ""},
    {TOP("") FLOW(START_STEP "," ACTION(ONE, MANUAL, ONE) "," END_STEP), "/workflow",
     "cacao-steps"},
    {TOP("") FLOW(START_STEP "," ACTION(ONE, MANUAL, TWO) "," END_STEP),
     "/workflow/" ONE "/on_completion", "cacao-step"},
    {TOP("") FLOW(START_STEP "," ACTION(ONE, MANUAL, START) "," END_STEP),
     "/workflow/" START "/type", "cacao-start"},
    {TOP("")
         FLOW(START_STEP "," ACTION(ONE, MANUAL, END) "," ACTION(TWO, MANUAL, END) "," END_STEP),
     "/workflow", "cacao-unreached"},
    {TOP("") FLOW(START_STEP "," ACTION(
         ONE, "\"commands\":[{\"type\":\"manual\"}],\"agent\":\"" AGENT "\"", END) "," END_STEP),
     "/workflow/" ONE "/commands/0", "either-or"},
    {TOP("") FLOW(START_STEP "," ACTION(ONE,
                                        "\"commands\":[{\"type\":\"manual\",\"command_b64\":"
                                        "\"/w==\"}],\"agent\":\"" AGENT "\"",
                                        END) "," END_STEP),
     "/workflow/" ONE "/commands", "utf-8"},
    {TOP("") FLOW(START_STEP "," ACTION(ONE,
                                        "\"commands\":[{\"type\":\"manual\",\"command\":\"x\"}],"
                                        "\"agent\":\"" START "\"",
                                        END) "," END_STEP),
     "/workflow/" ONE "/agent", "cacao-agent"},
    {"{\"type\":\"playbook\",\"spec_version\":\"1.1\"}", "/spec_version", "cacao-version"},
    {"{\"type\":\"bundle\"}", "/type", "cacao-type"},
};

static void what_cannot_be_taken_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < CX_COUNT_OF(NAMED); i++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct cx_diag diag = CX_DIAG_INIT;
        struct playbook playbook;
        assert_true(cx_failed(cacao_read(&arena, CX_BYTES(NAMED[i].text, strlen(NAMED[i].text)),
                                         &all_said, &diag, &playbook)));
        assert_string_equal(diag.field, NAMED[i].field);
        if (NAMED[i].rule[0])
            assert_string_equal(diag.rule, NAMED[i].rule);
        arena_clear(&arena);
    }
}

static void what_nobody_says_is_asked_for(void **state)
{
    (void)state;
    static const char text[] = TOP("") PLAIN;
    static const struct {
        struct cacao_defaults defaults;
        const char *rule;
    } CASES[] = {
        {{.applies = {.types = 1}, .has_role = true}, "playbook-name-missing"},
        {{.name = {"x", 1}, .has_role = true}, "types-missing"},
        {{.name = {"x", 1}, .applies = {.types = 1}}, "cacao-role"},
    };
    for (size_t i = 0; i < CX_COUNT_OF(CASES); i++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct cx_diag diag = CX_DIAG_INIT;
        struct playbook playbook;
        assert_true(cx_failed(cacao_read(&arena, CX_BYTES(text, sizeof(text) - 1),
                                         &CASES[i].defaults, &diag, &playbook)));
        assert_string_equal(diag.rule, CASES[i].rule);
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read_it_is_the_same),
        cmocka_unit_test(a_foreign_document_is_read),
        cmocka_unit_test(what_cannot_be_taken_is_named),
        cmocka_unit_test(what_nobody_says_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
