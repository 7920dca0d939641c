#include "tests/lib/test.h"
#include "codec/base64.h"
#include "codec/jws.h"

struct made {
    struct arena arena;
    struct cx_diag diag;
    struct cx_buf text;
    struct jws jws;
};

/* A JWS of this header and payload, read. */
static cx_err parse(struct made *made, const char *header, const char *payload, const char *rest)
{
    *made = (struct made){.arena = ARENA_INIT(1 << 20), .text = CX_BUF_INIT(1 << 16)};
    CX_TRY(cx_buf_add_str(&made->text, CX_STR("{\"protected\":\"")));
    CX_TRY(base64url_encode(cx_str_bytes(cx_str_from(header)), &made->text));
    CX_TRY(cx_buf_add_str(&made->text, CX_STR("\",\"payload\":\"")));
    CX_TRY(base64url_encode(cx_str_bytes(cx_str_from(payload)), &made->text));
    CX_TRY(cx_buf_add_str(&made->text, cx_str_from(rest)));
    return jws_parse(cx_buf_view(&made->text), &made->arena, &made->diag, &made->jws);
}

static void clear(struct made *made)
{
    cx_buf_clear(&made->text);
    arena_clear(&made->arena);
}

#define REST "\",\"signature\":\"AAAA\"}"

static void header_payload_and_input_are_found(void **state)
{
    (void)state;
    struct made made;
    assert_ok(parse(&made,
                    "{\"alg\":\"ES256\",\"kid\":\"k\",\"nonce\":\"n\",\"url\":\"u\",\"typ\":\"x\"}",
                    "{}", REST));
    assert_int_equal(made.jws.algorithm, JWS_ES256);
    assert_true(made.jws.has_kid && made.jws.has_nonce && made.jws.has_url && !made.jws.has_jwk);
    assert_str(made.jws.kid, "k");
    assert_str(made.jws.nonce, "n");
    assert_str(made.jws.url, "u");
    assert_bytes(made.jws.payload, "{}", 2);
    assert_int_equal(made.jws.signature.len, 3);
    assert_memory_equal(made.jws.signing_input.ptr + made.jws.signing_input.len - 4, ".e30", 4);
    clear(&made);
}

static void an_empty_payload_is_allowed(void **state)
{
    (void)state;
    struct made made;
    assert_ok(parse(&made, "{\"alg\":\"EdDSA\"}", "", REST));
    assert_int_equal(made.jws.payload.len, 0);
    assert_int_equal(made.jws.signing_input.ptr[made.jws.signing_input.len - 1], '.');
    clear(&made);
}

static void bad_objects_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *header, *rest, *rule;
        enum cx_category code;
    } bad[] = {
        {"{\"alg\":\"none\"}", REST, "jws-alg", CX_E_POLICY},
        {"{\"alg\":\"HS512\"}", REST, "jws-alg", CX_E_POLICY},
        {"{\"alg\":\"ES256\",\"crit\":[\"x\"]}", REST, "jws-crit", CX_E_PARSE},
        {"{\"alg\":\"ES256\",\"b64\":false}", REST, "jws-crit", CX_E_PARSE},
        {"{\"alg\":\"ES256\",\"alg\":\"none\"}", REST, "json-duplicate", CX_E_PARSE},
        {"{\"alg\":\"ES256\"}", "\",\"header\":{},\"signature\":\"AAAA\"}", NULL, CX_E_PARSE},
        {"{\"alg\":\"ES256\"}", "\",\"signatures\":[]}", NULL, CX_E_PARSE},
        {"{\"alg\":\"ES256\"}", "=\",\"signature\":\"AAAA\"}", NULL, CX_E_PARSE},
        {"{\"alg\":\"ES256\"}", "\",\"signature\":\"AAA/\"}", NULL, CX_E_PARSE},
        {"[]", REST, NULL, CX_E_PARSE},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct made made;
        assert_int_equal(parse(&made, bad[i].header, "{}", bad[i].rest).code, bad[i].code);
        if (bad[i].rule)
            assert_string_equal(made.diag.rule, bad[i].rule);
        clear(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_payload_and_input_are_found),
        cmocka_unit_test(an_empty_payload_is_allowed),
        cmocka_unit_test(bad_objects_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
