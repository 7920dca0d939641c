#include "tests/lib/test.h"
#include "base/arena.h"
#include "pki/name.h"

struct accept_case {
    enum pki_name_kind kind;
    const char *text, *normal;
};

static void test_accepted(void **state)
{
    (void)state;
    static const struct accept_case cases[] = {
        {PKI_NAME_DNS, "WWW.Example.ORG", "www.example.org"},
        {PKI_NAME_DNS, "*.Example.org", "*.example.org"},
        {PKI_NAME_DNS, "xn--bcher-kva.example", "xn--bcher-kva.example"},
        {PKI_NAME_DNS, "3com.example", "3com.example"},
        {PKI_NAME_DNS, "intranet", "intranet"},
        {PKI_NAME_DNS, "0x7f.example", "0x7f.example"},
        {PKI_NAME_DNS, "1.2.3.4a", "1.2.3.4a"},
        {PKI_NAME_IP, "192.0.2.1", "192.0.2.1"},
        {PKI_NAME_IP, "2001:DB8::0:1", "2001:db8::1"},
        {PKI_NAME_EMAIL, "First.Last+tag@Example.ORG", "First.Last+tag@example.org"},
        {PKI_NAME_URI, "SPIFFE://Example.org/Path?q=A%20b", "spiffe://example.org/Path?q=A%20b"},
        {PKI_NAME_URI, "https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"},
        {PKI_NAME_URI, "https://192.0.2.1/", "https://192.0.2.1/"},
    };
    struct arena arena = ARENA_INIT(65536);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct pki_name name;
        struct cx_str text;
        cx_err err =
            pki_name_parse(&arena, cases[i].kind, cx_str_from(cases[i].text), "/n", &diag, &name);
        if (cx_failed(err))
            fail_msg("%s: %s", cases[i].text, diag.rule);
        assert_ok(pki_name_to_text(&arena, &name, &text));
        assert_str(text, cases[i].normal);
        assert_ok(pki_name_check(&name, "/n", NULL));
    }
    arena_clear(&arena);
}

struct refuse_case {
    enum pki_name_kind kind;
    const char *text, *rule;
};

/* Every textual form of 127.0.0.1 that some resolver takes (inet_aton, WHATWG), and the syntax
 * errors. */
static const struct refuse_case refused[] = {
    {PKI_NAME_DNS, "127.0.0.1", "name-dns-address"},
    {PKI_NAME_DNS, "127.1", "name-dns-address"},
    {PKI_NAME_DNS, "2130706433", "name-dns-address"},
    {PKI_NAME_DNS, "0x7f000001", "name-dns-address"},
    {PKI_NAME_DNS, "0X7F.1", "name-dns-address"},
    {PKI_NAME_DNS, "0x7f.0.0.0x1", "name-dns-address"},
    {PKI_NAME_DNS, "0177.0.0.01", "name-dns-address"},
    {PKI_NAME_DNS, "017700000001", "name-dns-address"},
    {PKI_NAME_DNS, "0x", "name-dns-address"},
    {PKI_NAME_DNS, "example.0x", "name-dns-address"},
    {PKI_NAME_DNS, "foo.1", "name-dns-address"},
    {PKI_NAME_DNS, "::1", "name-dns-character"},
    {PKI_NAME_DNS, "[::1]", "name-dns-character"},
    {PKI_NAME_DNS, "", "name-dns-length"},
    {PKI_NAME_DNS, "example.org.", "name-dns-empty-label"},
    {PKI_NAME_DNS, ".example.org", "name-dns-empty-label"},
    {PKI_NAME_DNS, "a..b", "name-dns-empty-label"},
    {PKI_NAME_DNS, "-a.example", "name-dns-hyphen"},
    {PKI_NAME_DNS, "a-.example", "name-dns-hyphen"},
    {PKI_NAME_DNS, "a_b.example", "name-dns-character"},
    {PKI_NAME_DNS, "a b.example", "name-dns-character"},
    {PKI_NAME_DNS,
     "b\xc3\xbc"
     "cher.example",
     "name-dns-character"},
    {PKI_NAME_DNS, "ab--c.example", "name-dns-reserved-label"},
    {PKI_NAME_DNS, "xn--.example", "name-dns-hyphen"},
    {PKI_NAME_DNS, "*", "name-dns-wildcard"},
    {PKI_NAME_DNS, "*.", "name-dns-wildcard"},
    {PKI_NAME_DNS, "w*.example.org", "name-dns-wildcard"},
    {PKI_NAME_DNS, "*w.example.org", "name-dns-wildcard"},
    {PKI_NAME_DNS, "a.*.org", "name-dns-wildcard"},
    {PKI_NAME_DNS, "*.*.org", "name-dns-wildcard"},
    {PKI_NAME_DNS, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
     "name-dns-label-length"},
    {PKI_NAME_IP, "192.0.2", "name-ip-syntax"},
    {PKI_NAME_IP, "192.0.2.01", "name-ip-syntax"},
    {PKI_NAME_IP, "0x7f.0.0.1", "name-ip-syntax"},
    {PKI_NAME_IP, "192.0.2.1/32", "name-ip-syntax"},
    {PKI_NAME_IP, "fe80::1%eth0", "name-ip-syntax"},
    {PKI_NAME_IP, "::ffff:192.0.2.1", "name-ip-mapped"},
    {PKI_NAME_IP, "", "name-ip-syntax"},
    {PKI_NAME_EMAIL, "user", "name-email-syntax"},
    {PKI_NAME_EMAIL, "@example.org", "name-email-local"},
    {PKI_NAME_EMAIL, "a..b@example.org", "name-email-local"},
    {PKI_NAME_EMAIL, ".a@example.org", "name-email-local"},
    {PKI_NAME_EMAIL, "\"a b\"@example.org", "name-email-local"},
    {PKI_NAME_EMAIL, "a@b@example.org", "name-email-local"},
    {PKI_NAME_EMAIL, "Ada <ada@example.org>", "name-email-local"},
    {PKI_NAME_EMAIL, "ada@example.org (Ada)", "name-dns-character"},
    {PKI_NAME_EMAIL, "a@localhost", "name-email-domain"},
    {PKI_NAME_EMAIL,
     "a@b\xc3\xbc"
     "cher.example",
     "name-dns-character"},
    {PKI_NAME_EMAIL, "a@[127.0.0.1]", "name-dns-character"},
    {PKI_NAME_EMAIL, "a@*.example.org", "name-dns-wildcard"},
    {PKI_NAME_URI, "example.org/path", "name-uri-syntax"},
    {PKI_NAME_URI, "mailto:a@example.org", "name-uri-syntax"},
    {PKI_NAME_URI, "https://user@example.org/", "name-uri-user"},
    {PKI_NAME_URI, "https://example.org:0/", "name-uri-port"},
    {PKI_NAME_URI, "https://example.org:99999/", "name-uri-port"},
    {PKI_NAME_URI, "https://127.1/", "name-dns-address"},
    {PKI_NAME_URI, "https:///path", "name-dns-length"},
    {PKI_NAME_URI, "https://[::1/x", "name-uri-host"},
    {PKI_NAME_URI, "https://[::1]x/", "name-uri-host"},
    {PKI_NAME_URI, "https://example.org/a b", "name-uri-character"},
    {PKI_NAME_URI, "https://example.org/%zz", "name-uri-character"},
};

static void test_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(65536);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct pki_name name = {PKI_NAME_COUNT, CX_BYTES_NONE};
        cx_err err = pki_name_parse(&arena, refused[i].kind, cx_str_from(refused[i].text),
                                    "/names/3", &diag, &name);
        if (err.code != CX_E_PARSE || strcmp(diag.rule, refused[i].rule) != 0)
            fail_msg("\"%s\": %s, rule %s", refused[i].text, cx_err_name(err), diag.rule);
        assert_string_equal(diag.field, "/names/3");
        assert_int_equal(name.kind, PKI_NAME_COUNT);
    }
    arena_clear(&arena);
}

/* What did not go through pki_name_parse must be in normal form already. */
static void test_check_wants_normal_form(void **state)
{
    (void)state;
    const struct pki_name cases[] = {
        {PKI_NAME_DNS, CX_BYTES("Www.example.org", 15)},
        {PKI_NAME_DNS, CX_BYTES("a\0b.example", 11)},
        {PKI_NAME_IP, CX_BYTES("\x01\x02\x03", 3)},
        {PKI_NAME_EMAIL, CX_BYTES("a@Example.org", 13)},
        {PKI_NAME_EMAIL, CX_BYTES("a\0@example.org", 14)},
        {PKI_NAME_URI, CX_BYTES("https://example.org/\0", 21)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_err(pki_name_check(&cases[i], "", NULL), PARSE);
}

static void test_lengths(void **state)
{
    (void)state;
    char text[PKI_URI_MAX + 2];
    struct cx_diag diag = CX_DIAG_INIT;
    struct arena arena = ARENA_INIT(65536);
    struct pki_name name;
    for (int i = 0; i < 254; i++)
        text[i] = i % 64 == 63 ? '.' : 'a';
    assert_ok(pki_name_parse(&arena, PKI_NAME_DNS, (struct cx_str){text, 253}, "", NULL, &name));
    assert_err(pki_name_parse(&arena, PKI_NAME_DNS, (struct cx_str){text, 254}, "", NULL, &name),
               PARSE);
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://e.example/", 18);
    assert_ok(
        pki_name_parse(&arena, PKI_NAME_URI, (struct cx_str){text, PKI_URI_MAX}, "", NULL, &name));
    assert_err(pki_name_parse(&arena, PKI_NAME_URI, (struct cx_str){text, PKI_URI_MAX + 1}, "",
                              &diag, &name),
               PARSE);
    assert_string_equal(diag.rule, "name-length");
    arena_clear(&arena);
}

static void test_within(void **state)
{
    (void)state;
    assert_true(pki_dns_within(CX_BYTES("a.example.org", 13), CX_STR("example.org")));
    assert_true(pki_dns_within(CX_BYTES("example.org", 11), CX_STR("example.org")));
    assert_true(pki_dns_within(CX_BYTES("*.example.org", 13), CX_STR("example.org")));
    assert_false(pki_dns_within(CX_BYTES("badexample.org", 14), CX_STR("example.org")));
    assert_false(pki_dns_within(CX_BYTES("org", 3), CX_STR("example.org")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_check_wants_normal_form), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_within)};
    return cmocka_run_group_tests_name("pki/name", tests, NULL, NULL);
}
