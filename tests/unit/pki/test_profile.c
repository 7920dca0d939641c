#include "tests/unit/pki/fixture.h"

#include <stdio.h>

static const char base_yaml[] =
    "name: test\nversion: 3\ntitle: A test\nkind: server-tls\ntrust: private\n"
    "key_types: [p256, rsa2048]\n"
    "names: {kinds: [dns], wildcard: true, min: 1, max: 5, dns_suffixes: [Example.org]}\n"
    "subject: [common_name]\n"
    "validity: {max: 90d, default: 12h, backdate: 5m}\n"
    "key_usage: [digital_signature]\n"
    "ext_key_usage: [server_auth, 1.3.6.1.4.1.99999.1]\n"
    "approvals: {issue: 1, revoke: 2}\n";

static void test_fields(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(65536);
    struct pki_profile p;
    assert_ok(pki_profile_parse(&arena, CX_BYTES(base_yaml, sizeof(base_yaml) - 1), NULL, &p));
    assert_str(p.name, "test");
    assert_int_equal(p.version, 3);
    assert_int_equal(p.key_types, 1u << PKI_KEY_P256 | 1u << PKI_KEY_RSA2048);
    assert_true(p.wildcard);
    assert_false(p.single_label);
    assert_int_equal(p.dns_suffix_count, 1);
    assert_str(p.dns_suffixes[0], "example.org");
    assert_int_equal(p.validity_max_s, 90 * 86400);
    assert_int_equal(p.validity_default_s, 12 * 3600);
    assert_int_equal(p.backdate_s, 300);
    assert_int_equal(p.key_usage, 1);
    assert_int_equal(p.ext_key_usage_count, 2);
    assert_str(p.ext_key_usage[0], "1.3.6.1.5.5.7.3.1");
    assert_int_equal(p.path_len, -1);
    assert_int_equal(p.approvals_issue, 1);
    assert_int_equal(p.approvals_revoke, 2);
    assert_false(p.server_key);
    arena_clear(&arena);
}

static void test_built_in(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum pki_kind kind;
        uint32_t approvals;
    } expected[] = {{"server-tls", PKI_KIND_SERVER_TLS, 1},
                    {"server-tls-auto", PKI_KIND_SERVER_TLS, 0},
                    {"server-tls-public", PKI_KIND_SERVER_TLS, 1},
                    {"client-tls", PKI_KIND_CLIENT_TLS, 1},
                    {"mutual-tls", PKI_KIND_MUTUAL_TLS, 1},
                    {"smime", PKI_KIND_SMIME, 1},
                    {"code-signing", PKI_KIND_CODE_SIGNING, 2},
                    {"ocsp-signer", PKI_KIND_OCSP_SIGNER, 0},
                    {"sub-ca", PKI_KIND_SUB_CA, 2},
                    {"root-ca", PKI_KIND_ROOT_CA, 2}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct arena arena = ARENA_INIT(65536);
        struct pki_profile p;
        fixture_profile(&arena, expected[i].name, &p);
        assert_str(p.name, expected[i].name);
        assert_int_equal(p.kind, expected[i].kind);
        assert_int_equal(p.approvals_issue, expected[i].approvals);
        arena_clear(&arena);
    }
}

struct edit {
    const char *from, *to; /* from "" = append */
    const char *field, *rule;
};

static const struct edit edits[] = {
    {"", "colour: red\n", "/colour", NULL},
    {"", "name: again\n", NULL, NULL},
    {"version: 3", "version: 0", "/version", NULL},
    {"version: 3", "version: three", "/version", NULL},
    {"name: test", "name: Test", "/name", "profile-name"},
    {"name: test", "name: -test", "/name", "profile-name"},
    {"title: A test\n", "", "/title", NULL},
    {"kind: server-tls", "kind: server", "/kind", NULL},
    {"[p256, rsa2048]", "[p256, rsa1024]", "/key_types/1", NULL},
    {"[p256, rsa2048]", "[p256, p256]", "/key_types/1", "duplicate"},
    {"[p256, rsa2048]", "[]", "/key_types", "profile-contradiction"},
    {"max: 5", "max: 0", "/names/min", "profile-contradiction"},
    {"max: 5", "max: 101", "/names/max", NULL},
    {"min: 1, max: 5", "min: 0, max: 0", "/names/kinds", "profile-contradiction"},
    {"[Example.org]", "[exa_mple.org]", "/names/dns_suffixes/0", "name-dns-character"},
    {"[Example.org]", "[\"*.example.org\"]", "/names/dns_suffixes/0", "name-wildcard"},
    {"kinds: [dns]", "kinds: [ip]", "/names", "profile-contradiction"},
    {"max: 90d", "max: 90", "/validity/max", NULL},
    {"max: 90d", "max: 90w", "/validity/max", "duration"},
    {"max: 90d", "max: 999999d", "/validity/max", "duration"},
    {"default: 12h", "default: 91d", "/validity/default", "profile-contradiction"},
    {"default: 12h", "default: 0s", "/validity/default", "profile-contradiction"},
    {"[digital_signature]", "[]", "/key_usage", "profile-contradiction"},
    {"[digital_signature]", "[key_cert_sign]", "/key_usage", "profile-contradiction"},
    {"server_auth,", "2.5.29.37.0,", "/ext_key_usage/0", "any-ext-key-usage"},
    {"server_auth,", "3.1,", "/ext_key_usage/0", "oid"},
    {"server_auth,", "1.3.6.1.4.1.99999.1,", "/ext_key_usage/1", "duplicate"},
    {"", "path_len: 0\n", "/path_len", "profile-contradiction"},
    {"trust: private", "trust: public\nlint_ignore: [rfc5280-ku-critical]", "/lint_ignore",
     "profile-contradiction"},
    {"", "lint_ignore: [rfc5280-ku-critical, rfc5280-ku-critcal]\n", "/lint_ignore/1", "lint-rule"},
    {"", "lint_baseline: 1\n", "/lint_baseline", NULL},
    {"wildcard: true", "wildcard: yes", "/names/wildcard", NULL},
    {"kind: server-tls", "kind: sub-ca", "/key_usage", "profile-contradiction"},
    {"issue: 1", "issue: 11", "/approvals/issue", NULL},
    {"approvals: {issue: 1, revoke: 2}", "approvals: 1", "/approvals", NULL},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        char yaml[2048];
        const char *at =
            edits[i].from[0] ? strstr(base_yaml, edits[i].from) : base_yaml + sizeof(base_yaml) - 1;
        assert_non_null(at);
        int len = snprintf(yaml, sizeof(yaml), "%.*s%s%s", (int)(at - base_yaml), base_yaml,
                           edits[i].to, at + strlen(edits[i].from));
        struct arena arena = ARENA_INIT(65536);
        struct cx_diag diag = CX_DIAG_INIT;
        struct pki_profile p = {.version = 77};
        cx_err err = pki_profile_parse(&arena, CX_BYTES(yaml, len), &diag, &p);
        if (cx_is_ok(err) || (edits[i].field && strcmp(diag.field, edits[i].field) != 0) ||
            (edits[i].rule && strcmp(diag.rule, edits[i].rule) != 0))
            fail_msg("case %zu (%s): %s at %s, rule %s", i, edits[i].to, cx_err_name(err),
                     diag.field, diag.rule);
        assert_int_equal(p.version, 77);
        arena_clear(&arena);
    }
}

static void test_words(void **state)
{
    (void)state;
    for (int type = 0; type < PKI_KEY_COUNT; type++) {
        enum pki_key_type got = PKI_KEY_COUNT;
        assert_ok(
            pki_key_type_from_name(cx_str_from(pki_key_type_name((enum pki_key_type)type)), &got));
        assert_int_equal(got, type);
    }
    enum pki_key_type key = PKI_KEY_COUNT;
    assert_err(pki_key_type_from_name(CX_STR("rsa1024"), &key), PARSE);
    enum pki_name_kind kind = PKI_NAME_COUNT;
    assert_ok(pki_name_kind_from_name(CX_STR("email"), &kind));
    assert_int_equal(kind, PKI_NAME_EMAIL);
    assert_string_equal(pki_ext_key_usage_name(CX_STR("1.3.6.1.5.5.7.3.9")), "ocsp_signing");
    assert_null(pki_ext_key_usage_name(CX_STR("1.2.3")));
    assert_string_equal(pki_key_usage_name(5), "key_cert_sign");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields), cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_words)};
    return cmocka_run_group_tests_name("pki/profile", tests, NULL, NULL);
}
