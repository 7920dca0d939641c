/* What the gate says about a client is checked all the same. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include "core/api/identity.h"

static void addresses(void **state)
{
    (void)state;
    struct cx_str address;
    assert_ok(api_identity_address(CX_STR("192.0.2.7"), NULL, &address));
    assert_str(address, "192.0.2.7");
    assert_ok(api_identity_address(CX_STR("2001:db8::1"), NULL, &address));
    assert_str(address, "2001:db8::1");
    assert_ok(api_identity_address(CX_STR("unix:"), NULL, &address));
    assert_int_equal(address.len, 0);
    static const char *const bad[] = {
        "192.0.2",
        "192.0.2.7, 10.0.0.1",
        "host",
        "2001:db8::1%eth0",
        " 192.0.2.7",
        "192.0.2.7:80",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++)
        assert_err(api_identity_address(cx_str_from(bad[i]), NULL, &address), PARSE);
}

static void certificates(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 16);
    struct cx_bytes der;
    assert_ok(api_identity_certificate(CX_STR(""), &arena, NULL, &der));
    assert_int_equal(der.len, 0);
    assert_ok(api_identity_certificate(
        CX_STR("-----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A"), &arena,
        NULL, &der));
    assert_bytes(der, "\x30\x00", 2);
    static const char *const bad[] = {
        "MAA=", "%zz", "-----BEGIN%20CERTIFICATE-----",
        "-----BEGIN%20PRIVATE%20KEY-----%0AMAA%3D%0A-----END%20PRIVATE%20KEY-----%0A",
        "-----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A"
        "-----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A"};
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++)
        assert_true(cx_failed(api_identity_certificate(cx_str_from(bad[i]), &arena, NULL, &der)));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
