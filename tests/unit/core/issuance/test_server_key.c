/* Keys that the server makes: handed out once, never kept; and what becomes of the certificate when that goes wrong. */
#include "tests/lib/test.h"

#include "core/field.h"
#include "core/issuance/issue.h"
#include "core/issuance/worker.h"
#include "crypto/key.h"
#include "crypto/pkcs12.h"
#include "world.h"

#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSWORD "correct horse battery"

static struct cx_id ask(struct world *world, const char *dns)
{
    struct api_name name = {API_NAME_KIND_DNS, cx_str_from(dns)};
    struct api_request_create_in in = {.certificate_profile = CX_STR("server-tls"),
                                       .has_server_key = true,
                                       .server_key = {API_KEY_TYPE_P256},
                                       .has_names = true,
                                       .names = &name,
                                       .names_count = 1,
                                       .comment = CX_STR("please")};
    struct api_request_create_out out = {0};
    struct api_request_view view;
    struct api_request request = world_request(world, API_OP_REQUEST_CREATE, &world->requester);
    assert_ok(handle_request_create(&request, &in, &out));
    assert_ok(world_approve(world, &world->approver, out.body.id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_AWAITING_COLLECTION);
    return out.body.id;
}

static cx_err collect(struct world *world, const struct principal *principal, struct cx_id id,
                      struct cx_str password, struct api_collected_view *ret_view)
{
    struct api_request_collect_in in = {id, password};
    struct api_request_collect_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_COLLECT, principal);
    CX_TRY(handle_request_collect(&request, &in, &out));
    *ret_view = out.body;
    return CX_OK;
}

static struct api_request_view show(struct world *world, struct cx_id request_id)
{
    struct api_request_get_in in = {request_id};
    struct api_request_get_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_GET, &world->requester);
    assert_ok(handle_request_get(&request, &in, &out));
    return out.body;
}

/* The request as stored: its body opened, and searched for the private key. */
static void assert_not_stored(struct world *world, struct cx_id request_id, struct cx_bytes secret)
{
    struct issuance run = {.core = &world->core,
                           .arena = &world->arena,
                           .diag = &world->diag,
                           .tenant_id = world->stand.tenant};
    struct cx_bytes body;
    assert_ok(issuance_load(&run, request_id));
    struct field_place place = {run.tenant_id, "request", "body", request_id};
    assert_ok(field_open(run.core, place, run.request.body, run.arena, &body));
    assert_true(body.len > 0);
    assert_null(memmem(body.ptr, body.len, secret.ptr, secret.len));
    assert_int_equal(run.body.spki.len, 0);
}

/* OpenSSL opens the file with the password alone; the key fits the certificate. */
static void assert_opens(struct world *world, const struct api_collected_view *view,
                         struct cx_id request_id)
{
    const uint8_t *at = view->pkcs12.ptr;
    PKCS12 *bundle = d2i_PKCS12(NULL, &at, (long)view->pkcs12.len);
    EVP_PKEY *key = NULL;
    X509 *leaf = NULL;
    STACK_OF(X509) *chain = NULL;
    BIGNUM *number = NULL;
    uint8_t secret[32];
    assert_non_null(bundle);
    assert_int_equal(PKCS12_verify_mac(bundle, "wrong horse battery", -1), 0);
    assert_int_equal(PKCS12_parse(bundle, PASSWORD, &key, &leaf, &chain), 1);
    assert_int_equal(X509_check_private_key(leaf, key), 1);
    assert_int_equal(X509_check_host(leaf, "made.example.org", 0, 0, NULL), 1);
    assert_int_equal(sk_X509_num(chain), 2);
    assert_int_equal(EVP_PKEY_get_bn_param(key, "priv", &number), 1);
    assert_int_equal(BN_bn2binpad(number, secret, sizeof(secret)), sizeof(secret));
    assert_not_stored(world, request_id, CX_BYTES(secret, sizeof(secret)));
    BN_clear_free(number);
    sk_X509_pop_free(chain, X509_free);
    X509_free(leaf);
    EVP_PKEY_free(key);
    PKCS12_free(bundle);
}

static void check_collect(struct world *world)
{
    struct api_collected_view view, again;
    struct cx_id id = ask(world, "made.example.org");
    assert_err(collect(world, &world->administrator, id, CX_STR(PASSWORD), &view), DENIED);
    assert_string_equal(world->diag.rule, "requester-only");
    assert_err(collect(world, &world->requester, id, CX_STR("short"), &view), POLICY);
    assert_string_equal(world->diag.rule, "password-short");
    assert_ok(collect(world, &world->requester, id, CX_STR(PASSWORD), &view));
    assert_int_equal(show(world, id).state, API_REQUEST_STATE_DONE);
    assert_opens(world, &view, id);
    assert_err(collect(world, &world->requester, id, CX_STR(PASSWORD), &again), CONFLICT);
    assert_string_equal(world->diag.rule, "request-state");
    assert_int_equal(world_entries(world, "request.collect", "done", id), 1);
    assert_int_equal(world_entries(world, "certificate.issue", "done", view.certificate_id), 1);
}

static void a_key_is_handed_out_once_and_not_kept(void **state)
{
    (void)state;
    world_on_both(check_collect);
}

struct opening {
    struct issuance run;
    bool approve; /* from awaiting_approval */
};

static cx_err write_open(struct store_tx *tx, void *arg)
{
    const struct opening *opening = arg;
    const struct issuance *run = &opening->run;
    if (opening->approve)
        CX_TRY(request_transition(tx, run->tenant_id, run->request.request_id,
                                  REQUEST_AWAITING_APPROVAL, REQUEST_APPROVED, run->now_us));
    return issuance_write_intent(tx, run);
}

/* Stores the intent of a request, as if the process had died after it. */
static void leave_open(struct world *world, struct cx_id request_id, struct cx_bytes spki,
                       struct opening *opening)
{
    opening->run = (struct issuance){.core = &world->core,
                                     .arena = &world->arena,
                                     .diag = &world->diag,
                                     .tenant_id = world->stand.tenant,
                                     .now_us = cx_now(&world->clock)};
    assert_ok(issuance_load(&opening->run, request_id));
    if (spki.len)
        opening->run.body.spki = spki;
    assert_ok(issuance_prepare(&opening->run));
    opening->run.intent.lease_until_us = opening->run.now_us - CX_US_PER_S;
    assert_ok(store_write(world->core.store, write_open, opening));
}

static void sign(struct world *world, const struct issuance *run, const struct pki_template *tmpl)
{
    struct cx_bytes der;
    struct keys_issue order = {run->intent.intent_id, run->tenant_id, run->issuer->issuer_id, tmpl};
    assert_ok(keys_issue(world->core.keys, &order, &world->arena, &world->diag, &der));
}

/* The request has failed by rule; its certificate is on record, revoked. */
static void assert_failed(struct world *world, struct cx_id request_id, const char *rule)
{
    struct api_request_view view = show(world, request_id);
    assert_int_equal(view.state, API_REQUEST_STATE_FAILED);
    assert_str(view.failure_rule, rule);
    assert_true(view.has_certificate_id);
    assert_int_equal(world_certificate(world, view.certificate_id).status,
                     API_CERTIFICATE_STATUS_REVOKED);
    assert_int_equal(world_entries(world, "certificate.issue", "failed", view.certificate_id), 1);
    assert_int_equal(world_entries(world, "certificate.issue", "done", view.certificate_id), 0);
}

static void check_lost_key(struct world *world)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    struct opening opening = {0};
    struct cx_id id = ask(world, "lost.example.org");
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    leave_open(world, id, crypto_key_spki(key), &opening);
    sign(world, &opening.run, &opening.run.tmpl);
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    assert_failed(world, id, "key-lost");
}

static void a_key_lost_in_a_crash_leaves_a_revoked_certificate(void **state)
{
    (void)state;
    world_on_both(check_lost_key);
}

/* Keys signed something else under this intent: no honest way leads there, so it must not count as issued. */
static void check_mismatch(struct world *world)
{
    struct opening opening = {.approve = true};
    struct api_request_view view;
    struct pki_name other = {PKI_NAME_DNS, cx_str_bytes(CX_STR("evil.example.org"))};
    assert_ok(world_ask(world, &world->requester, "meant.example.org", &view));
    leave_open(world, view.id, CX_BYTES_NONE, &opening);
    struct pki_template wrong = opening.run.tmpl;
    wrong.names = &other;
    wrong.name_count = 1;
    sign(world, &opening.run, &wrong);
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    assert_failed(world, view.id, "certificate-mismatch");
}

static void a_certificate_unlike_its_intent_is_revoked(void **state)
{
    (void)state;
    world_on_both(check_mismatch);
}

static cx_err fail_to_deliver(struct issuance *run, struct cx_bytes der)
{
    (void)run;
    (void)der;
    return CX_ERR(PARSE);
}

/* Signed, but the bundle could not be made: nobody has the key. */
static void check_undelivered(struct world *world)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    struct opening opening = {0};
    struct cx_id id = ask(world, "undelivered.example.org"), certificate_id;
    struct cx_bytes der;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    leave_open(world, id, crypto_key_spki(key), &opening);
    opening.run.deliver = fail_to_deliver;
    assert_err(issuance_finish(&opening.run, &certificate_id, &der), INTERNAL);
    assert_failed(world, id, "key-lost");
}

static void a_key_that_cannot_be_handed_out_leaves_a_revoked_certificate(void **state)
{
    (void)state;
    world_on_both(check_undelivered);
}

/* 90 characters are within the contract, 270 octets are not within PKCS#12: refused before anything is issued. */
static void check_long_password(struct world *world)
{
    struct api_collected_view collected;
    char password[271] = {0};
    struct cx_id id = ask(world, "long.example.org");
    for (size_t i = 0; i < 90; i++)
        memcpy(password + 3 * i, "\xE5\xAF\x86", 3);
    assert_err(collect(world, &world->requester, id, cx_str_from(password), &collected), POLICY);
    assert_string_equal(world->diag.rule, "password-long");
    assert_int_equal(show(world, id).state, API_REQUEST_STATE_AWAITING_COLLECTION);
    struct keys_status status;
    assert_ok(keys_get_status(world->core.keys, &status));
    assert_int_equal(status.signed_count, 0);
}

static void a_password_that_is_too_long_issues_nothing(void **state)
{
    (void)state;
    world_on_both(check_long_password);
}

static void check_busy(struct world *world)
{
    struct api_collected_view collected;
    struct api_request_view view;
    struct keys_client *gone = NULL;
    struct cx_id server_key = ask(world, "made.example.org");
    int fds[2];
    assert_ok(world_ask(world, &world->requester, "busy.example.org", &view));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_ok(keys_client_new(fds[0], &gone));
    close(fds[1]);
    struct keys_status none;
    /* Until the reader has noticed: before that a call fails in its middle. */
    for (int i = 0; i < 5000 && keys_get_status(gone, &none).code != CX_E_BUSY; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    world->core.keys = gone;
    struct cx_id id = view.id;
    assert_ok(world_approve(world, &world->approver, id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_APPROVED);
    assert_int_equal(world_entries(world, "system.issuance.release", "failed", id), 1);
    assert_err(collect(world, &world->requester, server_key, CX_STR(PASSWORD), &collected), BUSY);
    assert_string_equal(world->diag.rule, "keys-busy");
    assert_int_equal(show(world, server_key).state, API_REQUEST_STATE_AWAITING_COLLECTION);
    world->core.keys = world->stand.client;
    keys_client_free(gone);
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    assert_int_equal(show(world, id).state, API_REQUEST_STATE_APPROVED); /* not before its time */
    world->clock.offset_us += 2 * ISSUANCE_RETRY_MIN_S * CX_US_PER_S;
    world->stand.signer.clock.offset_us = world->clock.offset_us;
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    assert_int_equal(show(world, id).state, API_REQUEST_STATE_DONE);
    assert_ok(collect(world, &world->requester, server_key, CX_STR(PASSWORD), &collected));
    struct keys_status status;
    assert_ok(keys_get_status(world->core.keys, &status));
    assert_int_equal(status.signed_count, 2);
}

static void what_found_keys_busy_is_issued_later(void **state)
{
    (void)state;
    world_on_both(check_busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_handed_out_once_and_not_kept),
        cmocka_unit_test(a_key_lost_in_a_crash_leaves_a_revoked_certificate),
        cmocka_unit_test(a_certificate_unlike_its_intent_is_revoked),
        cmocka_unit_test(what_found_keys_busy_is_issued_later),
        cmocka_unit_test(a_key_that_cannot_be_handed_out_leaves_a_revoked_certificate),
        cmocka_unit_test(a_password_that_is_too_long_issues_nothing),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
