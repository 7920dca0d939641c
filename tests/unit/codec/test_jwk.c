#include "tests/lib/test.h"
#include "codec/jwk.h"

#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

static cx_err read_text(const char *text, struct arena *arena, struct cx_diag *diag,
                        struct jwk *ret_jwk)
{
    json_auto_t *root = NULL;
    CX_TRY(json_parse(cx_str_bytes(cx_str_from(text)), 4096, diag, &root));
    struct json_node top = json_top(root);
    return jwk_read(&top, arena, diag, ret_jwk);
}

static void a_key_is_written_as_its_canonical_text(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(65536);
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_buf out = CX_BUF_INIT(4096);
    struct jwk jwk;
    /* RFC 7638 §3.1: members in order, nothing optional. */
    assert_ok(read_text("{\"use\":\"sig\",\"y\":\"" Y "\",\"kty\":\"EC\",\"x\":\"" X
                        "\",\"crv\":\"P-256\",\"kid\":\"1\"}",
                        &arena, &diag, &jwk));
    assert_int_equal(jwk.kind, JWK_P256);
    assert_ok(jwk_canonical_write(&jwk, &out));
    static const char want[] = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" X "\",\"y\":\"" Y "\"}";
    assert_bytes(cx_buf_view(&out), want, sizeof(want) - 1);
    cx_buf_clear(&out);
    arena_clear(&arena);
}

static void a_p256_key_is_its_usual_spki(void **state)
{
    (void)state;
    static const uint8_t prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                     0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                     0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    struct arena arena = ARENA_INIT(65536);
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_buf out = CX_BUF_INIT(4096);
    struct jwk jwk;
    assert_ok(read_text("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
                        &arena, &diag, &jwk));
    assert_ok(jwk_spki_write(&jwk, &out));
    assert_int_equal(out.len, 91);
    assert_memory_equal(out.ptr, prefix, sizeof(prefix));
    assert_memory_equal(out.ptr + sizeof(prefix), jwk.x.ptr, 32);
    assert_memory_equal(out.ptr + sizeof(prefix) + 32, jwk.y.ptr, 32);
    cx_buf_clear(&out);
    arena_clear(&arena);
}

static void bad_keys_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rule;
    } bad[] = {
        {"{\"kty\":\"oct\",\"crv\":\"x\"}", "jwk-kind"},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "jwk-private"},
        {"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"\",\"y\":\"\"}", "jwk-kind"},
        {"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" X "\"}", "jwk-kind"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"" Y "\"}", "jwk-length"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"d\":\"" X "\"}",
         "jwk-private"},
        {"{\"kty\":\"RSA\",\"n\":\"AAAB\",\"e\":\"AQAB\"}", "jwk-number"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"\"}", "jwk-number"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct arena arena = ARENA_INIT(65536);
        struct cx_diag diag = CX_DIAG_INIT;
        struct jwk jwk;
        assert_true(cx_failed(read_text(bad[i].text, &arena, &diag, &jwk)));
        assert_string_equal(diag.rule, bad[i].rule);
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_written_as_its_canonical_text),
        cmocka_unit_test(a_p256_key_is_its_usual_spki),
        cmocka_unit_test(bad_keys_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
