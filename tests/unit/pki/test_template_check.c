#include "tests/unit/pki/fixture.h"

static void expect(struct fixture *f, const char *field, const char *rule)
{
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = pki_template_check(&f->tmpl, &f->issuer, FIXTURE_NOW, &diag);
    if (cx_is_ok(err) || strcmp(diag.field, field) != 0 || strcmp(diag.rule, rule) != 0)
        fail_msg("expected %s %s, got %s %s %s: %s", field, rule, cx_err_name(err), diag.field,
                 diag.rule, diag.text);
}

static void test_names(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls-auto", PKI_KEY_P256, PKI_KEY_P256);
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    const struct pki_name good = f.names[1];
    const struct {
        struct pki_name name;
        const char *rule;
    } cases[] = {
        {{PKI_NAME_DNS, CX_BYTES("*.example.org", 13)}, "name-wildcard-not-allowed"},
        {{PKI_NAME_DNS, CX_BYTES("127.0.0.1", 9)}, "name-dns-address"},
        {{PKI_NAME_DNS, CX_BYTES("WWW.example.org", 15)}, "name-dns-character"},
        {{PKI_NAME_DNS, CX_BYTES("www.example.org", 15)}, "name-duplicate"},
        {{PKI_NAME_EMAIL, CX_BYTES("a@example.org", 13)}, "name-kind-not-allowed"},
        {{PKI_NAME_IP, CX_BYTES("abc", 3)}, "name-ip-length"},
        {{PKI_NAME_COUNT, CX_BYTES("x", 1)}, "name-kind"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f.names[1] = cases[i].name;
        expect(&f, "/names/1", cases[i].rule);
    }
    f.names[1] = good;
    f.tmpl.name_count = 0;
    expect(&f, "/names", "names-min");
    f.tmpl.name_count = 2;
    f.profile.names_max = 1;
    expect(&f, "/names", "names-max");
    f.profile.names_max = 2;
    f.profile.wildcard = true;
    f.names[1] = (struct pki_name){PKI_NAME_DNS, CX_BYTES("*.org", 5)};
    expect(&f, "/names/1", "name-wildcard-too-wide");
    f.names[1] = (struct pki_name){PKI_NAME_DNS, CX_BYTES("intranet", 8)};
    f.profile.single_label = false;
    expect(&f, "/names/1", "name-single-label-not-allowed");
    const struct cx_str suffix = CX_STR("example.net");
    f.profile.dns_suffixes = &suffix;
    f.profile.dns_suffix_count = 1;
    expect(&f, "/names/0", "name-suffix-not-allowed");
    fixture_clear(&f);
}

static void test_issuer_constraints(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    struct pki_constraint constraints[] = {
        {PKI_NAME_DNS, false, CX_BYTES("example.org", 11)},
        {PKI_NAME_IP, true, CX_BYTES("\xc0\x00\x02\x00\xff\xff\xff\x00", 8)},
    };
    f.issuer.constraints = constraints;
    f.issuer.constraint_count = 1;
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    f.issuer.constraint_count = 2;
    expect(&f, "/names/1", "issuer-constraint-excluded");
    constraints[0].value = CX_BYTES("example.net", 11);
    expect(&f, "/names/0", "issuer-constraint-permitted");
    fixture_clear(&f);
}

static void test_validity(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    const struct pki_template good = f.tmpl;
    f.tmpl.not_before_us = FIXTURE_NOW - 302 * CX_US_PER_S;
    expect(&f, "/not_before", "validity-backdate");
    f.tmpl = good;
    f.tmpl.not_before_us = FIXTURE_NOW + PKI_SKEW_MAX_S * CX_US_PER_S;
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    f.tmpl.not_before_us += CX_US_PER_S;
    expect(&f, "/not_before", "validity-ahead");
    f.tmpl = good;
    f.tmpl.not_after_us = f.tmpl.not_before_us + 397 * FIXTURE_DAY - CX_US_PER_S;
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    f.tmpl.not_after_us += CX_US_PER_S; /* the last second counts */
    expect(&f, "/not_after", "validity-max");
    f.tmpl = good;
    f.tmpl.not_after_us = f.tmpl.not_before_us;
    expect(&f, "/not_after", "validity-order");
    f.tmpl.not_after_us = f.tmpl.not_before_us + CX_US_PER_S;
    expect(&f, "/not_after", "validity-past");
    f.tmpl = good;
    f.tmpl.not_before_us += 1;
    expect(&f, "/not_before", "validity-seconds");
    f.tmpl = good;
    f.issuer.not_after_us = f.tmpl.not_after_us - CX_US_PER_S;
    expect(&f, "/not_after", "validity-issuer");
    fixture_clear(&f);
}

static void test_subject(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    f.tmpl.subject_count = 2;
    const struct {
        struct pki_attribute attribute;
        const char *rule;
    } cases[] = {
        {{PKI_ATTR_EMAIL, CX_STR("a@example.org")}, "subject-attribute-not-allowed"},
        {{PKI_ATTR_COUNT, CX_STR("x")}, "subject-attribute-not-allowed"},
        {{PKI_ATTR_COMMON_NAME, CX_STR("www.example.org")}, "subject-attribute-duplicate"},
        {{PKI_ATTR_COUNTRY, CX_STR("ch")}, "subject-country"},
        {{PKI_ATTR_COUNTRY, CX_STR("CHE")}, "subject-length"},
        {{PKI_ATTR_ORGANIZATION, CX_STR("")}, "subject-length"},
        {{PKI_ATTR_ORGANIZATION, CX_STR(" Acme")}, "subject-blank"},
        {{PKI_ATTR_ORGANIZATION, CX_STR("Ac\nme")}, "subject-control"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f.subject[1] = cases[i].attribute;
        expect(&f, "/subject/1", cases[i].rule);
    }
    f.profile.attributes |= 1u << PKI_ATTR_SERIAL_NUMBER;
    f.subject[1] = (struct pki_attribute){PKI_ATTR_SERIAL_NUMBER, CX_STR("a@b")};
    expect(&f, "/subject/1", "subject-alphabet");
    f.tmpl.subject_count = PKI_ATTRIBUTES_MAX + 1;
    expect(&f, "/subject", "subject-attribute-count");
    f.tmpl.subject_count = 1;
    f.subject[0].value = CX_STR("other.example.org");
    expect(&f, "/subject", "common-name-not-in-names");
    f.subject[0].value = CX_STR("192.0.2.1");
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    fixture_clear(&f);
}

/* RFC 5280 §4.1.2.6: an e-mail address belongs in the names; the subject may repeat it. */
static void test_email(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "smime", PKI_KEY_P256, PKI_KEY_P256);
    assert_int_equal(f.tmpl.names[0].kind, PKI_NAME_EMAIL);
    f.tmpl.subject_count = 1;
    f.subject[0] = (struct pki_attribute){PKI_ATTR_EMAIL, CX_STR("other@example.org")};
    expect(&f, "/subject", "email-not-in-names");
    f.subject[0].value =
        (struct cx_str){(const char *)f.tmpl.names[0].value.ptr, f.tmpl.names[0].value.len};
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    fixture_clear(&f);
}

static void test_key_and_serial(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "code-signing", PKI_KEY_P256, PKI_KEY_P256);
    const struct cx_bytes spki = f.tmpl.spki;
    f.tmpl.spki = CX_BYTES("\x30\x00", 2);
    expect(&f, "/public_key", "key-type-unsupported");
    f.tmpl.spki = f.issuer.spki;
    expect(&f, "/public_key", "key-is-issuer");
    f.tmpl.spki = spki;
    f.profile.key_types = 1u << PKI_KEY_ED25519;
    expect(&f, "/public_key", "key-type-not-allowed");
    f.profile.key_types = 1u << PKI_KEY_P256;
    f.profile.key_usage = 1u << 2; /* encipherment with an EC key */
    expect(&f, "/public_key", "key-usage-none");
    f.profile.key_usage = 1;
    f.serial[0] = 0x4F;
    expect(&f, "/serial", "serial-shard");
    f.serial[0] = 0x80;
    expect(&f, "/serial", "serial");
    f.tmpl.serial.len = 0;
    expect(&f, "/serial", "serial");
    fixture_clear(&f);
}

static void test_ca(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "sub-ca", PKI_KEY_P256, PKI_KEY_P256);
    f.issuer.path_len_set = true;
    f.issuer.path_len = 1;
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    f.issuer.path_len = 0;
    expect(&f, "/path_len", "path-len-issuer");
    f.tmpl.path_len_set = true;
    f.tmpl.path_len = 1;
    expect(&f, "/path_len", "path-len-max");
    f.tmpl.path_len_set = false;
    f.issuer.path_len_set = false;
    f.tmpl.subject_count = 0;
    expect(&f, "/subject", "subject-empty");
    f.tmpl.subject_count = 1;
    const struct pki_constraint bad = {PKI_NAME_IP, false,
                                       CX_BYTES("\x0a\x00\x00\x00\xff\x00\xff\x00", 8)};
    f.tmpl.constraints = &bad;
    f.tmpl.constraint_count = 1;
    expect(&f, "/name_constraints/0", "constraint-ip");
    const struct pki_constraint wide = {PKI_NAME_DNS, false, CX_BYTES("*.example.org", 13)};
    f.tmpl.constraints = &wide;
    expect(&f, "/name_constraints/0", "constraint-wildcard");
    f.tmpl.constraint_count = PKI_CONSTRAINTS_MAX + 1;
    expect(&f, "/name_constraints", "constraints-max");
    fixture_clear(&f);
    fixture_init(&f, "root-ca", PKI_KEY_P256, PKI_KEY_P256);
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    CX_CLEANUP(crypto_key_freep) struct crypto_key *other = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &other));
    f.tmpl.spki = crypto_key_spki(other);
    expect(&f, "/public_key", "root-not-self-signed");
    fixture_clear(&f);
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    f.tmpl.path_len_set = true;
    expect(&f, "/path_len", "ca-only");
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),    cmocka_unit_test(test_issuer_constraints),
        cmocka_unit_test(test_validity), cmocka_unit_test(test_subject),
        cmocka_unit_test(test_email),    cmocka_unit_test(test_key_and_serial),
        cmocka_unit_test(test_ca)};
    return cmocka_run_group_tests_name("pki/template_check", tests, NULL, NULL);
}
