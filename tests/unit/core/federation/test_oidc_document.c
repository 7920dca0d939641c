/* What a provider may send, and what is refused of it: the members that are needed, their types and their bounds. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/federation/oidc_document.h"

#define ISSUER "https://op.example"
#define ENDPOINTS                                                                                  \
    "\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"" ISSUER "/a\","                       \
    "\"token_endpoint\":\"" ISSUER "/t\",\"jwks_uri\":\"" ISSUER "/k\""
#define CLAIMS "\"iss\":\"" ISSUER "\",\"sub\":\"alice\",\"exp\":2000000000,\"iat\":1900000000"

static struct arena arena;
static struct cx_diag diag;

static struct cx_bytes text_of(const char *text)
{
    arena_clear(&arena);
    arena = ARENA_INIT(1 << 20);
    diag = (struct cx_diag)CX_DIAG_INIT;
    return CX_BYTES(text, strlen(text));
}

static cx_err discover(const char *text, struct oidc_discovery *ret)
{
    return oidc_discovery_parse(text_of(text), CX_STR(ISSUER), &arena, &diag, ret);
}

static void discovery(void **state)
{
    (void)state;
    struct oidc_discovery found;
    assert_ok(discover("{" ENDPOINTS "}", &found));
    assert_str(found.token_endpoint, ISSUER "/t");
    assert_int_equal(found.userinfo_endpoint.len, 0);
    assert_false(found.issuer_parameter);
    assert_false(found.secret_in_body);
    assert_ok(discover("{" ENDPOINTS ",\"userinfo_endpoint\":\"" ISSUER "/u\","
                       "\"authorization_response_iss_parameter_supported\":true,"
                       "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
                       "\"code_challenge_methods_supported\":[\"plain\",\"S256\"]}",
                       &found));
    assert_str(found.userinfo_endpoint, ISSUER "/u");
    assert_true(found.issuer_parameter);
    assert_true(found.secret_in_body);
}

static void discovery_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rule;
    } rows[] = {
        {"{\"issuer\":\"https://other.example\",\"authorization_endpoint\":\"" ISSUER "/a\","
         "\"token_endpoint\":\"" ISSUER "/t\",\"jwks_uri\":\"" ISSUER "/k\"}",
         "oidc-issuer"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"http://op.example/a\","
         "\"token_endpoint\":\"" ISSUER "/t\",\"jwks_uri\":\"" ISSUER "/k\"}",
         "oidc-https"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"" ISSUER "/a b\","
         "\"token_endpoint\":\"" ISSUER "/t\",\"jwks_uri\":\"" ISSUER "/k\"}",
         "oidc-url"},
        {"{" ENDPOINTS ",\"code_challenge_methods_supported\":[\"plain\"]}", "oidc-pkce"},
    };
    struct oidc_discovery found;
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        assert_true(cx_failed(discover(rows[i].text, &found)));
        assert_string_equal(diag.rule, rows[i].rule);
    }
    assert_true(cx_failed(discover("{\"issuer\":\"" ISSUER "\"}", &found)));
    assert_true(cx_failed(discover("[]", &found)));
}

#define ED25519                                                                                    \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static size_t keys_in(const char *text, struct oidc_keys *ret_keys)
{
    assert_ok(oidc_keys_parse(text_of(text), &arena, &diag, ret_keys));
    return ret_keys->count;
}

static void keys(void **state)
{
    (void)state;
    struct oidc_keys found;
    assert_int_equal(keys_in("{\"keys\":[{" ED25519 ",\"kid\":\"one\",\"use\":\"sig\","
                             "\"alg\":\"EdDSA\"},{" ED25519 "}]}",
                             &found),
                     2);
    assert_str(found.items[0].kid, "one");
    assert_int_equal(found.items[1].kid.len, 0);
    assert_int_equal(found.items[0].kind, JWK_ED25519);
    assert_true(found.items[0].spki.len > 32);
    /* Not to verify with: for encryption, for another algorithm, of a kind that is not used here, broken. */
    assert_int_equal(keys_in("{\"keys\":[{" ED25519 ",\"use\":\"enc\"},{" ED25519
                             ",\"alg\":\"ES256\"},{\"kty\":\"oct\",\"k\":\"AAAA\"},"
                             "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]}",
                             &found),
                     0);
    assert_true(cx_failed(oidc_keys_parse(text_of("{\"keys\":[1]}"), &arena, &diag, &found)));
    assert_true(cx_failed(oidc_keys_parse(text_of("{}"), &arena, &diag, &found)));
}

static void answer(void **state)
{
    (void)state;
    struct oidc_answer found;
    assert_ok(oidc_answer_parse(
        text_of("{\"id_token\":\"a.b.c\",\"access_token\":\"x\",\"token_type\":\"bearer\"}"),
        &arena, &diag, &found));
    assert_str(found.id_token, "a.b.c");
    assert_str(found.access_token, "x");
    static const char *const bad[] = {
        "{\"access_token\":\"x\",\"token_type\":\"Bearer\"}",
        "{\"id_token\":\"a.b.c\",\"token_type\":\"mac\",\"access_token\":\"x\"}",
        "{\"id_token\":\"a.b.c\",\"access_token\":\"x\"}", "\"a.b.c\""};
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++)
        assert_true(cx_failed(oidc_answer_parse(text_of(bad[i]), &arena, &diag, &found)));
}

static cx_err read_claims(const char *text, struct oidc_claims *ret)
{
    return oidc_claims_parse(text_of(text), CX_STR("groups"), &arena, &diag, ret);
}

static void claims(void **state)
{
    (void)state;
    struct oidc_claims found;
    assert_ok(read_claims("{" CLAIMS ",\"aud\":\"us\",\"groups\":\"one\"}", &found));
    assert_int_equal(found.audiences.count, 1); /* one text is a list of one */
    assert_str(found.audiences.items[0], "us");
    assert_int_equal(found.groups.count, 1);
    assert_int_equal(found.auth_s, 0);
    assert_int_equal(found.nonce.len, 0);
    assert_ok(read_claims("{" CLAIMS ",\"aud\":[\"us\",\"them\"],\"azp\":\"us\",\"nonce\":\"n\","
                          "\"auth_time\":1899999999,\"acr\":\"high\",\"amr\":[\"otp\"],"
                          "\"groups\":[\"one\",\"two\"],\"unknown\":{\"a\":1}}",
                          &found));
    assert_int_equal(found.audiences.count, 2);
    assert_int_equal(found.groups.count, 2);
    assert_int_equal(found.auth_s, 1899999999);
    assert_str(found.amr.items[0], "otp");
    assert_str(found.acr, "high");
}

static void claims_refused(void **state)
{
    (void)state;
    struct oidc_claims found;
    static const char *const bad[] = {
        "{\"sub\":\"alice\",\"exp\":2000000000,\"iat\":1900000000}",
        "{\"iss\":\"" ISSUER "\",\"exp\":2000000000,\"iat\":1900000000}",
        "{\"iss\":\"" ISSUER "\",\"sub\":\"\",\"exp\":2000000000,\"iat\":1900000000}",
        "{\"iss\":\"" ISSUER "\",\"sub\":7,\"exp\":2000000000,\"iat\":1900000000}",
        "{\"iss\":\"" ISSUER "\",\"sub\":\"alice\",\"exp\":\"2000000000\",\"iat\":1900000000}",
        "{\"iss\":\"" ISSUER "\",\"sub\":\"alice\",\"exp\":2000000000}",
        "{" CLAIMS ",\"sub\":\"bob\"}",
        "{" CLAIMS ",\"groups\":[1]}",
        "{" CLAIMS ",\"aud\":[[\"us\"]]}"};
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++)
        assert_true(cx_failed(read_claims(bad[i], &found)));
    assert_err(read_claims("{" CLAIMS ",\"_claim_names\":{\"groups\":\"src1\"}}", &found), POLICY);
    assert_string_equal(diag.rule, "oidc-groups-left-out");
}

static void userinfo(void **state)
{
    (void)state;
    struct oidc_claims found;
    assert_ok(oidc_userinfo_parse(
        text_of("{\"sub\":\"alice\",\"name\":\"Alice\",\"groups\":[\"one\"],\"iss\":7}"),
        CX_STR("groups"), &arena, &diag, &found));
    assert_str(found.subject, "alice");
    assert_str(found.name, "Alice");
    assert_int_equal(found.groups.count, 1);
    assert_true(cx_failed(oidc_userinfo_parse(text_of("{\"name\":\"Alice\"}"), CX_STR("groups"),
                                              &arena, &diag, &found)));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discovery), cmocka_unit_test(discovery_refused),
        cmocka_unit_test(keys),      cmocka_unit_test(answer),
        cmocka_unit_test(claims),    cmocka_unit_test(claims_refused),
        cmocka_unit_test(userinfo)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
