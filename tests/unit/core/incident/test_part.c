/* What each kind of part needs, as a table; and the search for phrases. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/incident/part.h"

struct row {
    enum api_part_kind kind;
    struct api_part_content content;
    const char *rule; /* NULL: accepted */
};

#define TEXT .text = {"words 1", 7}
#define OF(member, value) .has_##member = true, .member = CX_STR(value)

static const int64_t ANSWERS[] = {1};
#define CAUSE_FIELDS OF(timeline, "t"), OF(detection, "d")
#define ACTION_FIELDS                                                                              \
    OF(title, "t"), .has_answers = true, .answers = ANSWERS, .answers_count = 1,                   \
                    .has_action_kind = true, OF(criterion, "c"), .has_due = true,                  \
                    .has_owner_id = true, .has_status = true

static const struct row ROWS[] = {
    {API_PART_KIND_DESCRIPTION, {TEXT}, NULL},
    {API_PART_KIND_DESCRIPTION, {TEXT, OF(title, "t")}, "part-field-unused"},
    {API_PART_KIND_DESCRIPTION, {TEXT, OF(evidence, "https://a.example/1")}, NULL},
    {API_PART_KIND_DESCRIPTION, {TEXT, OF(evidence, "http://a.example/1")}, "url-https"},
    {API_PART_KIND_OWNER, {TEXT, OF(owner_code, "A000123")}, NULL},
    {API_PART_KIND_OWNER, {TEXT, OF(owner_code, "A00012")}, "owner-code"},
    {API_PART_KIND_OWNER, {TEXT, OF(owner_code, "A00012x")}, "owner-code"},
    {API_PART_KIND_OWNER, {TEXT}, "part-field-missing"},
    {API_PART_KIND_POLICIES, {TEXT}, NULL},
    {API_PART_KIND_POLICIES, {.text = {"no version", 10}}, "policy-version"},
    {API_PART_KIND_ISSUANCE_STOP, {TEXT, .has_answer = true}, NULL},
    {API_PART_KIND_ISSUANCE_STOP, {TEXT}, "part-field-missing"},
    {API_PART_KIND_REMEDIATION, {TEXT}, NULL},
    {API_PART_KIND_REMEDIATION, {TEXT, .has_due = true}, NULL},
    {API_PART_KIND_CAUSE, {TEXT, OF(title, "Late"), CAUSE_FIELDS}, NULL},
    {API_PART_KIND_CAUSE, {TEXT, OF(title, "HUMAN Error"), CAUSE_FIELDS}, "cause-human-error"},
    {API_PART_KIND_CAUSE,
     {TEXT, OF(title, "Human error"), CAUSE_FIELDS, OF(interaction, "nobody else looked")},
     NULL},
    {API_PART_KIND_CAUSE, {TEXT, OF(title, "Late"), OF(timeline, "t")}, "part-field-missing"},
    {API_PART_KIND_ACTION, {TEXT, ACTION_FIELDS}, NULL},
    {API_PART_KIND_ACTION, {TEXT, ACTION_FIELDS, OF(timeline, "t")}, "part-field-unused"},
    {API_PART_KIND_ACTION, {TEXT, OF(title, "t")}, "part-field-missing"},
    {API_PART_KIND_RELATED,
     {TEXT, OF(title, "t"), OF(url, "https://b.example/1"), OF(reference, "1"), .has_opened = true},
     NULL},
    {API_PART_KIND_RELATED,
     {TEXT, OF(title, "t"), OF(url, "https://b.example/)x"), OF(reference, "1"),
      .has_opened = true},
     "url-https"},
};

static void test_what_each_kind_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < CX_COUNT_OF(ROWS); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        cx_err err = part_check(ROWS[i].kind, &ROWS[i].content, &diag);
        if (!ROWS[i].rule) {
            assert_ok(err);
            continue;
        }
        assert_err(err, POLICY);
        assert_string_equal(diag.rule, ROWS[i].rule);
        assert_int_equal(strncmp(diag.field, "content.", 8), 0);
    }
}

static void test_phrases_are_found_in_any_case(void **state)
{
    (void)state;
    assert_true(part_text_has(CX_STR("There was No Security impact."), "no security impact"));
    assert_true(part_text_has(CX_STR("abc"), "abc"));
    assert_false(part_text_has(CX_STR("ab"), "abc"));
    assert_false(part_text_has(CX_STR(""), "a"));
    assert_false(part_text_has(CX_STR("anything"), ""));
}

static void test_whose_a_part_is(void **state)
{
    (void)state;
    const struct cx_id author = {{1}}, owner = {{2}}, other = {{3}};
    const struct part versions[] = {{.author_id = author},
                                    {.content = {.has_owner_id = true, .owner_id = owner}}};
    assert_true(part_is_of(versions, 2, author));
    assert_true(part_is_of(versions, 2, owner));
    assert_false(part_is_of(versions, 2, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_each_kind_needs),
        cmocka_unit_test(test_phrases_are_found_in_any_case),
        cmocka_unit_test(test_whose_a_part_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
