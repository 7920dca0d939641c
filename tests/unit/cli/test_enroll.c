/* One-time links: one form, nothing guessed. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "cli/enroll.h"

#define SECRET "cxl_0123456789abcdefghjkmnpq_rstvwxyz"
#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void good_links(void **state)
{
    (void)state;
    struct enroll_link link;
    assert_ok(enroll_link_parse(CX_STR(SECRET), &link));
    assert_str(link.secret, SECRET);
    assert_int_equal(link.url.len + link.pin.len, 0);
    assert_ok(
        enroll_link_parse(CX_STR("https://ca.example.org:8443/enroll#" SECRET "&ca=" PIN), &link));
    assert_str(link.url, "https://ca.example.org:8443");
    assert_str(link.secret, SECRET);
    assert_str(link.pin, PIN);
    assert_ok(enroll_link_parse(CX_STR("https://[::1]:8443#" SECRET), &link));
    assert_str(link.url, "https://[::1]:8443");
}

static void bad_links(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "cxl_",
        "cxt_0123456789abcdefghjkmnpq",
        "cxl_0123456789ABCDEFGHJK",
        SECRET " ",
        "http://ca.example.org/enroll#" SECRET,
        "https://user@host/enroll#" SECRET,
        "https://host/other#" SECRET,
        "https:///enroll#" SECRET,
        "#" SECRET,
        SECRET "&ca=0011",
        SECRET "&ca=" PIN "0",
        "https://host/enroll#",
        SECRET "&ca=zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"};
    struct enroll_link link;
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++)
        if (cx_is_ok(enroll_link_parse(cx_str_from(bad[i]), &link)))
            fail_msg("accepted: %s", bad[i]);
}

static void urls(void **state)
{
    (void)state;
    assert_true(enroll_url_valid(CX_STR("https://localhost:8443")));
    static const char *const bad[] = {"https://",    "http://localhost", "https://a/b",
                                      "https://a?b", "https://a@b",      "https://a b",
                                      "ftp://a",     "https://a\n"};
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++)
        assert_false(enroll_url_valid(cx_str_from(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_links),
        cmocka_unit_test(bad_links),
        cmocka_unit_test(urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
