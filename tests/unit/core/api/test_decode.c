/* Strict decoding: what the contract excludes is refused and the field is named. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include "api_types.h"
#include "core/api/decode.h"

struct fixture {
    struct arena arena;
    struct cx_diag diag;
    json_t *root;
};

static int setup(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    fixture->arena = ARENA_INIT(1 << 20);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    json_decref(fixture->root);
    arena_clear(&fixture->arena);
    test_free(fixture);
    return 0;
}

static const struct api_schema *schema_of(enum api_operation_id operation)
{
    return api_operations[operation].in;
}

static cx_err decode(struct fixture *fixture, enum api_operation_id operation, struct cx_str text,
                     void *in)
{
    json_decref(fixture->root);
    fixture->root = NULL;
    fixture->diag = CX_DIAG_INIT;
    return api_decode_body(schema_of(operation), cx_str_bytes(text),
                           api_operations[operation].body_max, &fixture->arena, &fixture->diag, in,
                           &fixture->root);
}

static void full_request_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct api_request_create_in in = {0};
    assert_ok(decode(
        fixture, API_OP_REQUEST_CREATE,
        CX_STR("{\"certificate_profile\":\"server-tls\",\"server_key\":{\"key_type\":\"p384\"},"
               "\"subject\":{\"common_name\":\"M\xc3\xbcller\"},\"names\":[{\"kind\":\"dns\","
               "\"value\":\"a.example\"},"
               "{\"kind\":\"ip\",\"value\":\"192.0.2.1\"}],\"validity_days\":30,\"tags\":[],"
               "\"comment\":\"line\\nline\"}"),
        &in));
    assert_str(in.certificate_profile, "server-tls");
    assert_true(in.has_server_key);
    assert_int_equal(in.server_key.key_type, API_KEY_TYPE_P384);
    assert_true(in.has_subject && in.subject.has_common_name && !in.subject.has_country);
    assert_int_equal(in.names_count, 2);
    assert_int_equal(in.names[1].kind, API_NAME_KIND_IP);
    assert_str(in.names[1].value, "192.0.2.1");
    assert_int_equal(in.validity_days, 30);
    assert_true(in.has_tags);
    assert_int_equal(in.tags_count, 0);
    assert_false(in.has_csr || in.has_issuer_id);
    assert_str(in.comment, "line\nline");
}

struct refusal {
    const char *body;
    enum cx_category code;
    const char *field; /* NULL: wherever the syntax breaks */
};

static void check_refusals(struct fixture *fixture, enum api_operation_id operation,
                           const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        union {
            struct api_request_create_in request;
            struct api_token_create_in token;
        } in = {0};
        cx_err err = decode(fixture, operation, cx_str_from(refusals[i].body), &in);
        bool named = !refusals[i].field || strcmp(fixture->diag.field, refusals[i].field) == 0;
        if (err.code != refusals[i].code || !named)
            fail_msg("%s: got %s at '%s' (%s)", refusals[i].body, cx_err_name(err),
                     fixture->diag.field, fixture->diag.text);
        assert_true(fixture->diag.text[0] != '\0');
    }
}

static void refusals_name_the_field(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"certificate_profile\":\"x\",\"colour\":1}", CX_E_PARSE, "/colour"},
        {"{\"certificate_profile\":\"x\",\"certificate_profile\":\"x\"}", CX_E_PARSE,
         "/certificate_profile"},
        {"{\"certificate_profile\":7}", CX_E_PARSE, "/certificate_profile"},
        {"{\"certificate_profile\":null}", CX_E_PARSE, "/certificate_profile"},
        {"{\"certificate_profile\":\"Server\"}", CX_E_PARSE, "/certificate_profile"},
        {"{\"certificate_profile\":\"\"}", CX_E_PARSE, "/certificate_profile"},
        {"{}", CX_E_PARSE, "/certificate_profile"},
        {"[]", CX_E_PARSE, ""},
        {"{\"certificate_profile\":\"x\",\"names\":{}}", CX_E_PARSE, "/names"},
        {"{\"certificate_profile\":\"x\",\"names\":[{\"kind\":\"dns\"}]}", CX_E_PARSE,
         "/names/0/value"},
        {"{\"certificate_profile\":\"x\",\"names\":[{\"kind\":\"x400\",\"value\":\"a\"}]}",
         CX_E_PARSE, "/names/0/kind"},
        {"{\"certificate_profile\":\"x\",\"names\":[{\"kind\":\"dns\",\"value\":\"a\",\"x\":1}]}",
         CX_E_PARSE, "/names/0/x"},
        {"{\"certificate_profile\":\"x\",\"names\":[{\"kind\":\"dns\",\"value\":\"a\\u0007\"}]}",
         CX_E_PARSE, "/names/0/value"},
        {"{\"certificate_profile\":\"x\",\"validity_days\":0}", CX_E_LIMIT, "/validity_days"},
        {"{\"certificate_profile\":\"x\",\"validity_days\":36601}", CX_E_LIMIT, "/validity_days"},
        {"{\"certificate_profile\":\"x\",\"validity_days\":1.5}", CX_E_PARSE, "/validity_days"},
        {"{\"certificate_profile\":\"x\",\"validity_days\":\"30\"}", CX_E_PARSE, "/validity_days"},
        {"{\"certificate_profile\":\"x\",\"issuer_id\":\"usr_00000000000000000000000000\"}",
         CX_E_PARSE, "/issuer_id"},
        {"{\"certificate_profile\":\"x\",\"subject\":{\"country\":\"de\"}}", CX_E_PARSE,
         "/subject/country"},
        {"{\"certificate_profile\":\"x\",\"subject\":[]}", CX_E_PARSE, "/subject"},
        {"{\"certificate_profile\":\"x\"} x", CX_E_PARSE, NULL},
        {"{\"certificate_profile\":\"x\"", CX_E_PARSE, NULL},
        {"{\"certificate_profile\":\"\xff\"}", CX_E_PARSE, NULL},
        {"", CX_E_PARSE, ""},
    };
    check_refusals(*state, API_OP_REQUEST_CREATE, refusals, CX_COUNT_OF(refusals));
}

static void list_bounds(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"label\":\"a\",\"expires_in_days\":1,\"roles\":[]}", CX_E_LIMIT, "/roles"},
        {"{\"label\":\"a\",\"expires_in_days\":1,\"roles\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
         "\"a\",\"a\","
         "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}",
         CX_E_LIMIT, "/roles"},
        {"{\"label\":\"a\",\"expires_in_days\":1,\"roles\":[\"Root\"]}", CX_E_PARSE, "/roles/0"},
        {"{\"label\":\"\",\"expires_in_days\":1}", CX_E_LIMIT, "/label"},
        {"{\"label\":\"a\\nb\",\"expires_in_days\":1}", CX_E_PARSE, "/label"},
        {"{\"label\":\"a\\u2028b\",\"expires_in_days\":1}", CX_E_PARSE, "/label"},
        {"{\"label\":\"a\\u0085b\",\"expires_in_days\":1}", CX_E_PARSE, "/label"},
    };
    check_refusals(*state, API_OP_TOKEN_CREATE, refusals, CX_COUNT_OF(refusals));
}

/* 100 characters are allowed however many octets they take; the 101st is not. */
static void length_counts_characters(void **state)
{
    struct fixture *fixture = *state;
    for (size_t characters = 100; characters <= 101; characters++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(4096);
        struct api_token_create_in in = {0};
        assert_ok(cx_buf_add_str(&body, CX_STR("{\"expires_in_days\":1,\"label\":\"")));
        for (size_t i = 0; i < characters; i++)
            assert_ok(cx_buf_add_str(&body, CX_STR("\xf0\x9f\x94\x91")));
        assert_ok(cx_buf_add_str(&body, CX_STR("\"}")));
        cx_err err = decode(fixture, API_OP_TOKEN_CREATE,
                            (struct cx_str){(const char *)body.ptr, body.len}, &in);
        assert_int_equal(err.code, characters == 100 ? CX_E_OK : CX_E_LIMIT);
    }
    assert_string_equal(fixture->diag.field, "/label");
}

static void depth_and_size_are_limited(void **state)
{
    struct fixture *fixture = *state;
    struct api_request_create_in in = {0};
    char deep[200] = "{\"certificate_profile\":";
    size_t at = strlen(deep);
    memset(deep + at, '[', 40);
    memset(deep + at + 40, ']', 40);
    deep[at + 80] = '}';
    deep[at + 81] = '\0';
    assert_true(cx_failed(decode(fixture, API_OP_REQUEST_CREATE, cx_str_from(deep), &in)));

    size_t size = api_operations[API_OP_REQUEST_CREATE].body_max + 1;
    char *large = test_calloc(1, size + 1);
    memset(large, ' ', size);
    memcpy(large, "{\"certificate_profile\":\"x\"}", 27);
    assert_err(decode(fixture, API_OP_REQUEST_CREATE, (struct cx_str){large, size}, &in), LIMIT);
    test_free(large);
}

static cx_err query(struct fixture *fixture, const char *text, struct api_certificate_list_in *in)
{
    fixture->diag = CX_DIAG_INIT;
    *in = (struct api_certificate_list_in){0};
    return api_decode_query(schema_of(API_OP_CERTIFICATE_LIST), cx_str_from(text), &fixture->arena,
                            &fixture->diag, in);
}

static void query_is_read(void **state)
{
    struct api_certificate_list_in in;
    assert_ok(query(*state, "", &in));
    assert_int_equal(in.limit, 50);
    assert_false(in.has_cursor || in.has_name || in.has_status);
    assert_ok(query(*state,
                    "limit=7&status=revoked&name=%2A.example.org&tag=team=a%20b&expires_before="
                    "2026-12-01T00:00:00Z",
                    &in));
    assert_int_equal(in.limit, 7);
    assert_int_equal(in.status, API_CERTIFICATE_STATUS_REVOKED);
    assert_str(in.name, "*.example.org");
    assert_str(in.tag, "team=a b");
    assert_true(in.has_expires_before);
}

static void query_refusals(void **state)
{
    static const struct refusal refusals[] = {
        {"colour=red", CX_E_PARSE, "colour"},
        {"limit=1&limit=2", CX_E_PARSE, "limit"},
        {"limit=0", CX_E_LIMIT, "limit"},
        {"limit=501", CX_E_LIMIT, "limit"},
        {"limit=+1", CX_E_PARSE, "limit"},
        {"limit=01", CX_E_PARSE, "limit"},
        {"status=dead", CX_E_PARSE, "status"},
        {"serial=ABCD", CX_E_PARSE, "serial"},
        {"issuer_id=crt_00000000000000000000000000", CX_E_PARSE, "issuer_id"},
        {"expires_after=tomorrow", CX_E_PARSE, "expires_after"},
        {"name=%zz", CX_E_PARSE, "name"},
        {"name=%00", CX_E_PARSE, "name"},
        {"limit=1&name=%ff", CX_E_PARSE, "name"},
        {"limit=1&name", CX_E_PARSE, "name"},
        {"other=%zz", CX_E_PARSE, ""},
        {"=1", CX_E_PARSE, ""},
        {"name=%2541%0A", CX_E_PARSE, "name"},
        {"&", CX_E_PARSE, ""},
    };
    struct fixture *fixture = *state;
    struct api_certificate_list_in in;
    for (size_t i = 0; i < CX_COUNT_OF(refusals); i++) {
        cx_err err = query(fixture, refusals[i].body, &in);
        if (err.code != refusals[i].code || strcmp(fixture->diag.field, refusals[i].field) != 0)
            fail_msg("%s: got %s at '%s'", refusals[i].body, cx_err_name(err), fixture->diag.field);
    }
}

/* "%2541" is "%41" after one decoding, and stays so. */
static void query_is_decoded_once(void **state)
{
    struct api_certificate_list_in in;
    assert_ok(query(*state, "name=%2541", &in));
    assert_str(in.name, "%41");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(full_request_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_name_the_field, setup, teardown),
        cmocka_unit_test_setup_teardown(list_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(length_counts_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_and_size_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(query_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(query_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(query_is_decoded_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
