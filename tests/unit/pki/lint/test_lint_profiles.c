/* What the built-in profiles issue has nothing that lint minds. */
#include "tests/unit/pki/fixture.h"
#include "pki/lint.h"

static const char *const PROFILES[] = {
    "client-tls", "code-signing",    "mutual-tls",        "ocsp-signer", "root-ca",
    "server-tls", "server-tls-auto", "server-tls-public", "smime",       "sub-ca"};

static void check(const struct fixture *f, const struct pki_certificate *certificate,
                  const char *name)
{
    struct pki_lint_report report;
    struct cx_diag diag = CX_DIAG_INIT;
    const struct pki_lint_context context = {.trust = f->profile.trust,
                                             .kind = f->profile.kind,
                                             .baseline = f->profile.lint_baseline,
                                             .ignore = f->profile.lint_ignore,
                                             .ignore_count = f->profile.lint_ignore_count};
    pki_lint(certificate, &context, &report);
    for (size_t i = 0; i < report.count; i++)
        print_message("%s: %s: %s %s\n", name, report.findings[i].rule->id,
                      report.findings[i].field, report.findings[i].text);
    assert_ok(pki_lint_verdict(&report, &diag));
    for (size_t i = 0; i < report.count; i++) {
        /* Against the recommendation of BR §7.1.2.7: what RFC 5280 §4.2.1.2 recommends, and what clients show. */
        const char *id = report.findings[i].rule->id;
        assert_true(strcmp(id, "br-ski-not-recommended") == 0 ||
                    strcmp(id, "br-cn-not-recommended") == 0);
    }
}

static void issue_and_check(const char *name, enum pki_key_type type)
{
    struct fixture f;
    struct pki_certificate certificate;
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    fixture_init(&f, name, type, type);
    if (f.profile.trust == PKI_TRUST_PUBLIC)
        f.names[1].value = CX_BYTES("\x01\x01\x01\x01", 4); /* the fixture's is reserved */
    fixture_issue(&f, &der);
    assert_ok(pki_certificate_parse(cx_buf_view(&der), &f.diag, &certificate));
    check(&f, &certificate, name);
    fixture_clear(&f);
}

static void test_every_profile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(PROFILES) / sizeof(PROFILES[0]); i++)
        issue_and_check(PROFILES[i], PKI_KEY_P256);
}

static void test_other_keys(void **state)
{
    (void)state;
    issue_and_check("server-tls", PKI_KEY_ED25519);
    issue_and_check("server-tls-public", PKI_KEY_P384);
    issue_and_check("server-tls-public", PKI_KEY_RSA2048);
    issue_and_check("sub-ca", PKI_KEY_ED25519);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_profile),
        cmocka_unit_test(test_other_keys),
    };
    return cmocka_run_group_tests_name("pki/lint_profiles", tests, NULL, NULL);
}
