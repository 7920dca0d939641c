#include "tests/lib/passkey_vectors.h"
#include "tests/lib/test.h"

#include "core/authentication/webauthn.h"

#define ALL(array) CX_BYTES(array, sizeof(array))

static const struct webauthn_party party = {CX_STR("https://ca.example.org"),
                                            CX_STR("ca.example.org")};

static void who_we_are(void **state)
{
    (void)state;
    static const struct {
        const char *url, *origin, *rp_id;
    } rows[] = {{"https://ca.example.org", "https://ca.example.org", "ca.example.org"},
                {"https://CA.example.org:443", "https://ca.example.org", "ca.example.org"},
                {"https://localhost:8443", "https://localhost:8443", "localhost"}};
    struct arena arena = ARENA_INIT(4096);
    struct webauthn_party made;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ok(webauthn_party_of(cx_str_from(rows[i].url), &arena, &made));
        assert_str(made.origin, rows[i].origin);
        assert_str(made.rp_id, rows[i].rp_id);
    }
    assert_err(webauthn_party_of(CX_STR("http://ca.example.org"), &arena, &made), USAGE);
    assert_err(webauthn_party_of(CX_STR("https://"), &arena, &made), USAGE);
    arena_clear(&arena);
}

static void client_data(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rule;
    } rows[] = {
        {"{\"type\":\"webauthn.get\",\"challenge\":\"AAEC\",\"origin\":\"https://ca.example.org\"}",
         ""},
        {"{\"type\":\"webauthn.get\",\"challenge\":\"AAEC\",\"origin\":\"https://ca.example.org\","
         "\"crossOrigin\":false,\"other_keys_can_be_added_here\":\"x\"}",
         ""},
        {"{\"type\":\"webauthn.get\",\"challenge\":\"AAEC\",\"origin\":\"https://ca.example.org\","
         "\"origin\":\"https://evil.example\"}",
         "passkey-client-data"},
        {"{\"type\":\"webauthn.get\",\"challenge\":\"AAE=\",\"origin\":\"https://ca.example.org\"}",
         "passkey-client-data"},
        {"{\"type\":\"webauthn.get\",\"origin\":\"https://ca.example.org\"}",
         "passkey-client-data"},
        {"{\"type\":\"webauthn.get\",\"challenge\":\"AAEC\",\"origin\":\"https://ca.example.org\","
         "\"crossOrigin\":\"no\"}",
         "passkey-client-data"},
        {"[]", "passkey-client-data"},
        {"{\"type\":\"payment.get\",\"challenge\":\"AAEC\",\"origin\":\"https://ca.example.org\"}",
         "passkey-type"},
        {"{\"type\":\"webauthn.get\",\"challenge\":\"AAEC\",\"origin\":\"https://"
         "ca.example.org.\"}",
         "passkey-origin"},
        {"{\"type\":\"webauthn.get\",\"challenge\":\"AAEC\",\"origin\":\"https://ca.example.org\","
         "\"topOrigin\":\"https://ca.example.org\"}",
         "passkey-cross-origin"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena arena = ARENA_INIT(4096);
        struct cx_diag diag = CX_DIAG_INIT;
        struct cx_bytes challenge = CX_BYTES_NONE;
        cx_err err = webauthn_client_data(CX_BYTES(rows[i].text, strlen(rows[i].text)),
                                          "webauthn.get", &party, &arena, &diag, &challenge);
        assert_string_equal(diag.rule, rows[i].rule);
        assert_int_equal(cx_is_ok(err), rows[i].rule[0] == '\0');
        if (cx_is_ok(err))
            assert_bytes(challenge, "\x00\x01\x02", 3);
        arena_clear(&arena);
    }
}

static void a_registration(void **state)
{
    (void)state;
    struct crypto_fido_credential credential;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(webauthn_register(ALL(vector_create_client), ALL(vector_packed),
                                ALL(vector_credential_id), &party, &diag, &credential));
    assert_int_equal(credential.algorithm, CRYPTO_FIDO_ES256);
    assert_bytes(CX_BYTES(credential.key, credential.key_len), vector_key, sizeof(vector_key));
    assert_ok(webauthn_register(ALL(vector_create_client), ALL(vector_none),
                                ALL(vector_credential_id), &party, &diag, &credential));
    /* Self-attestation covers the client data; another's does not verify. */
    assert_err(webauthn_register(ALL(vector_get_client), ALL(vector_packed),
                                 ALL(vector_credential_id), &party, &diag, &credential),
               AUTH);
    assert_string_equal(diag.rule, "passkey-not-verified");
}

/* No byte of an attestation object is without meaning: cut or continued it is refused. */
static void attestation_objects_have_an_end(void **state)
{
    (void)state;
    struct crypto_fido_credential credential;
    uint8_t longer[sizeof(vector_none) + 1] = {0};
    memcpy(longer, vector_none, sizeof(vector_none));
    assert_true(cx_failed(webauthn_register(ALL(vector_create_client), ALL(longer),
                                            ALL(vector_credential_id), &party, NULL, &credential)));
    for (size_t len = 0; len < sizeof(vector_none); len++)
        assert_true(
            cx_failed(webauthn_register(ALL(vector_create_client), CX_BYTES(vector_none, len),
                                        ALL(vector_credential_id), &party, NULL, &credential)));
}

static const char *assert_with(struct webauthn_stored stored, struct cx_bytes client,
                               const struct webauthn_party *who)
{
    static struct cx_diag diag;
    const struct webauthn_assertion assertion = {client, ALL(vector_data), ALL(vector_signature)};
    uint32_t count = 0;
    diag = CX_DIAG_INIT;
    cx_err err = webauthn_assert(&assertion, &stored, who, &diag, &count);
    if (cx_is_ok(err))
        assert_int_equal(count, 7);
    return cx_is_ok(err) ? "" : diag.rule;
}

static void an_assertion(void **state)
{
    (void)state;
    const struct webauthn_party other = {party.origin, CX_STR("evil.example")};
    struct webauthn_stored stored = {.algorithm = CRYPTO_FIDO_ES256, .key = ALL(vector_key)};
    struct cx_bytes client = ALL(vector_get_client);
    assert_string_equal(assert_with(stored, client, &party), "");
    stored.sign_count = 6;
    assert_string_equal(assert_with(stored, client, &party), "");
    for (stored.sign_count = 7; stored.sign_count < 10; stored.sign_count++)
        assert_string_equal(assert_with(stored, client, &party), "passkey-counter");
    stored.sign_count = 0;
    stored.backup_eligible = true;
    assert_string_equal(assert_with(stored, client, &party), "passkey-backup");
    stored.backup_eligible = false;
    assert_string_equal(assert_with(stored, ALL(vector_create_client), &party),
                        "passkey-not-verified");
    assert_string_equal(assert_with(stored, client, &other), "passkey-not-verified");
    stored.key.len--;
    assert_string_equal(assert_with(stored, client, &party), "passkey-malformed");
    stored.algorithm = -37;
    assert_string_equal(assert_with(stored, client, &party), "passkey-attestation");
}

/* A map that claims hundreds of millions of members never gets to the library, which would reserve room for them. */
static void test_a_key_of_claimed_gigabytes(void **state)
{
    (void)state;
    uint8_t object[sizeof(vector_none)];
    struct crypto_fido_credential credential;
    struct cx_diag diag = CX_DIAG_INIT;
    memcpy(object, vector_none, sizeof(object));
    uint8_t *id =
        memmem(object, sizeof(object), vector_credential_id, sizeof(vector_credential_id));
    assert_non_null(id);
    uint8_t *cose_key = id + sizeof(vector_credential_id);
    assert_int_equal(*cose_key, 0xa5); /* a map of five */
    *cose_key = 0xba;                  /* a map of as many as the next four octets say */
    assert_err(webauthn_register(ALL(vector_create_client), CX_BYTES(object, sizeof(object)),
                                 ALL(vector_credential_id), &party, &diag, &credential),
               PARSE);
    assert_string_equal(diag.rule, "passkey-malformed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_we_are),     cmocka_unit_test(client_data),
        cmocka_unit_test(a_registration), cmocka_unit_test(attestation_objects_have_an_end),
        cmocka_unit_test(an_assertion),   cmocka_unit_test(test_a_key_of_claimed_gigabytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
