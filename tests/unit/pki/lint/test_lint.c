/* The runner: which rules apply, what a report holds, how rules are found. */
#include "tests/unit/pki/lint/draft.h"

#include "base/cleanup.h"

static const struct edit NO_SAN = {DROP, "2.5.29.17", NULL};

static void lint_edited(const struct edit *edit, const struct pki_lint_context *context,
                        struct pki_lint_report *ret_report)
{
    struct draft draft;
    struct pki_certificate certificate;
    draft_init(&draft, context->kind);
    draft_edit(&draft, edit);
    draft_finish(&draft, &certificate);
    pki_lint(&certificate, context, ret_report);
    draft_clear(&draft);
}

static void test_rules_are_known_by_unique_ids(void **state)
{
    (void)state;
    assert_true(pki_lint_rule_count() >= 60);
    assert_null(pki_lint_rule_at(pki_lint_rule_count()));
    assert_null(pki_lint_rule_find(CX_STR("rfc5280-no-such-rule")));
    assert_null(pki_lint_rule_find(CX_STR("")));
    for (size_t i = 0; i < pki_lint_rule_count(); i++) {
        const struct pki_lint_rule *rule = pki_lint_rule_at(i);
        assert_ptr_equal(pki_lint_rule_find(cx_str_from(rule->id)), rule);
        bool baseline = cx_str_starts(cx_str_from(rule->id), CX_STR("br-"));
        assert_int_equal(rule->source, baseline ? PKI_LINT_BASELINE : PKI_LINT_RFC5280);
        assert_true(rule->citation[0] && rule->title[0]);
    }
}

static void test_ignored_rules_are_for_private_trust_only(void **state)
{
    (void)state;
    const struct cx_str ignore[] = {CX_STR("br-san-present"), CX_STR("br-cn-in-san")};
    struct pki_lint_context context = {.kind = PKI_KIND_SERVER_TLS, .baseline = true};
    struct pki_lint_report report;
    lint_edited(&NO_SAN, &context, &report);
    assert_int_equal(report.errors, 2);
    context.ignore = ignore;
    context.ignore_count = 1;
    lint_edited(&NO_SAN, &context, &report);
    assert_int_equal(report.errors, 1);
    context.ignore_count = 2;
    lint_edited(&NO_SAN, &context, &report);
    assert_int_equal(report.errors, 0);
    context.trust = PKI_TRUST_PUBLIC;
    lint_edited(&NO_SAN, &context, &report);
    assert_int_equal(report.errors, 2);
}

static void test_a_rule_is_for_its_kinds(void **state)
{
    (void)state;
    /* Names are demanded of servers, not of people. */
    struct pki_lint_context context = {.kind = PKI_KIND_CLIENT_TLS, .trust = PKI_TRUST_PUBLIC};
    struct pki_lint_report report;
    lint_edited(&NO_SAN, &context, &report);
    assert_int_equal(report.count, 0);
}

static void test_the_verdict_names_the_first_error(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct pki_lint_context context = {.kind = PKI_KIND_SERVER_TLS, .trust = PKI_TRUST_PUBLIC};
    struct pki_lint_report report;
    const struct edit notice = {EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2}"};
    lint_edited(&notice, &context, &report);
    assert_int_equal(report.notices, 3); /* clientAuth; a common name and a key identifier */
    assert_int_equal(report.count, 3);
    assert_ok(pki_lint_verdict(&report, &diag)); /* a notice stops nothing */
    const struct edit warning = {EXT, "1.2.3.4", "!NULL{}"};
    lint_edited(&warning, &context, &report);
    assert_int_equal(report.warnings, 2);
    assert_ok(pki_lint_verdict(&report, &diag));
    lint_edited(&NO_SAN, &context, &report);
    assert_err(pki_lint_verdict(&report, &diag), POLICY);
    assert_string_equal(diag.rule, "br-san-present");
    assert_string_equal(diag.field, "extensions.subjectAltName");
    assert_non_null(strstr(diag.text, "7.1.2.7.12"));
}

/* A certificate of many mistakes: what does not fit is counted, and its errors still refuse. */
static void test_a_full_report_still_counts(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf names = CX_BUF_INIT(DRAFT_TEXT_MAX);
    assert_ok(cx_buf_add_str(&names, CX_STR("SEQ{")));
    for (int i = 0; i < 100; i++)
        assert_ok(cx_buf_add_str(&names, CX_STR("P2{'-'}")));
    assert_ok(cx_buf_add(&names, CX_BYTES("}", 2)));
    const struct edit edit = {EXT, "2.5.29.17", (const char *)names.ptr};
    struct pki_lint_context context = {.kind = PKI_KIND_SERVER_TLS, .trust = PKI_TRUST_PUBLIC};
    struct pki_lint_report report;
    lint_edited(&edit, &context, &report);
    assert_int_equal(report.count, PKI_LINT_FINDINGS_MAX);
    assert_true(report.errors > 200);
    assert_err(pki_lint_verdict(&report, NULL), POLICY);
}

static void test_what_was_found_is_shown_printably(void **state)
{
    (void)state;
    const struct edit edit = {
        SUBJECT,
        "SEQ{SET{SEQ{2.5.4.3 UTF8{`1b5b316d0a`'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}}}}",
        NULL};
    struct pki_lint_context context = {.kind = PKI_KIND_SERVER_TLS, .trust = PKI_TRUST_PUBLIC};
    struct pki_lint_report report;
    lint_edited(&edit, &context, &report);
    assert_true(report.count > 0);
    for (size_t i = 0; i < report.count; i++) {
        for (const char *c = report.findings[i].text; *c; c++)
            assert_true(*c >= 0x20 && *c < 0x7f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_are_known_by_unique_ids),
        cmocka_unit_test(test_ignored_rules_are_for_private_trust_only),
        cmocka_unit_test(test_a_rule_is_for_its_kinds),
        cmocka_unit_test(test_the_verdict_names_the_first_error),
        cmocka_unit_test(test_a_full_report_still_counts),
        cmocka_unit_test(test_what_was_found_is_shown_printably),
    };
    return cmocka_run_group_tests_name("pki/lint", tests, NULL, NULL);
}
