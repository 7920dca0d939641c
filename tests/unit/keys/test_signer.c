#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "codec/der.h"
#include "ipc/frame.h"
#include "os/file.h"
#include "pki/csr.h"
#include "pki/note.h"
#include "stand.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int setup(void **state)
{
    struct stand *stand = calloc(1, sizeof(*stand));
    assert_non_null(stand);
    stand_make(stand);
    *state = stand;
    return 0;
}

static int teardown(void **state)
{
    stand_clear(*state);
    free(*state);
    return 0;
}

static void verify(struct cx_bytes tbs, struct cx_bytes signature, struct cx_bytes issuer_der)
{
    struct pki_certificate issuer;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    assert_ok(pki_certificate_parse(issuer_der, NULL, &issuer));
    assert_ok(crypto_key_from_spki(issuer.spki, &key));
    assert_ok(crypto_verify(key, crypto_key_signature(crypto_key_type(key)), tbs, signature));
}

static void issues_what_was_asked(void **state)
{
    struct stand *stand = *state;
    const struct pki_template tmpl = stand_template(stand, "www.example.org");
    struct cx_bytes der;
    cx_err err = stand_issue(stand, &tmpl, stand_id(stand), &der);
    assert_string_equal(stand->diag.text, "");
    assert_ok(err);
    struct pki_certificate certificate;
    assert_ok(pki_certificate_parse(der, NULL, &certificate));
    verify(certificate.tbs, certificate.signature, stand->issuer_der);
    assert_bytes(certificate.spki, tmpl.spki.ptr, tmpl.spki.len);
    struct pki_certificate issuer, root;
    assert_ok(pki_certificate_parse(stand->issuer_der, NULL, &issuer));
    verify(issuer.tbs, issuer.signature, stand->root_der);
    assert_ok(pki_certificate_parse(stand->root_der, NULL, &root));
    verify(root.tbs, root.signature, stand->root_der);
    struct keys_status status;
    assert_ok(keys_get_status(stand->client, &status));
    assert_int_equal(status.signed_count, 1);
    assert_int_equal(status.journal_count, 2);
    assert_int_equal(status.unsettled_count, 1);
    assert_int_equal(status.issuer_count, 1);
}

static void the_same_intent_yields_the_same_certificate(void **state)
{
    struct stand *stand = *state;
    struct pki_template tmpl = stand_template(stand, "www.example.org");
    const struct cx_id intent = stand_id(stand);
    struct cx_bytes first, second;
    assert_ok(stand_issue(stand, &tmpl, intent, &first));
    assert_ok(stand_issue(stand, &tmpl, intent, &second));
    assert_bytes(second, first.ptr, first.len);
    stand_close(stand);
    stand_open(stand, false, false);
    assert_ok(stand_issue(stand, &tmpl, intent, &second));
    assert_bytes(second, first.ptr, first.len);
    enum keys_journal_state found = KEYS_JOURNAL_ABSENT;
    assert_ok(keys_journal_find(stand->client, intent, &stand->arena, &found, &second));
    assert_int_equal(found, KEYS_JOURNAL_SIGNED);
    assert_bytes(second, first.ptr, first.len);
    tmpl.not_after_us -= CX_US_PER_S;
    assert_err(stand_issue(stand, &tmpl, intent, &second), CONFLICT);
    assert_string_equal(stand->diag.rule, "intent-differs");
    assert_err(keys_abandon(stand->client, intent, &stand->arena, &second), CONFLICT);
    assert_bytes(second, first.ptr, first.len);
    assert_ok(keys_settle(stand->client, &intent, 1));
    assert_ok(keys_journal_find(stand->client, intent, &stand->arena, &found, &second));
    assert_int_equal(found, KEYS_JOURNAL_ABSENT);
}

static void abandoned_intents_stay_so(void **state)
{
    struct stand *stand = *state;
    const struct pki_template tmpl = stand_template(stand, "www.example.org");
    const struct cx_id intent = stand_id(stand);
    struct cx_bytes der;
    assert_ok(keys_abandon(stand->client, intent, &stand->arena, &der));
    assert_err(stand_issue(stand, &tmpl, intent, &der), POLICY);
    assert_string_equal(stand->diag.rule, "intent-abandoned");
}

static void refuses_what_profile_and_issuer_forbid(void **state)
{
    struct stand *stand = *state;
    struct cx_bytes der;
    struct pki_template tmpl = stand_template(stand, "bad name");
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), PARSE);
    assert_string_equal(stand->diag.field, "/names/0");
    tmpl = stand_template(stand, "www.example.org");
    tmpl.not_after_us += 400 * CX_US_PER_DAY;
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), POLICY);
    tmpl = stand_template(stand, "www.example.org");
    struct pki_profile other = *tmpl.profile;
    other.version = 2;
    tmpl.profile = &other;
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), NOTFOUND);
    assert_string_equal(stand->diag.rule, "profile-unknown");
    other.name = CX_STR("../../unlock");
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), NOTFOUND);
    /* What core says of the profile is not believed: the names go by the copy in keys. */
    other =
        (struct pki_profile){.name = CX_STR("sub-ca"), .version = 1, .kind = PKI_KIND_SERVER_TLS};
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), POLICY);
    assert_string_equal(stand->diag.rule, "ca-kind-online");
    other = (struct pki_profile){.name = CX_STR("server-tls"), .version = 1};
    struct keys_issue request = {.intent_id = stand_id(stand),
                                 .tenant_id = stand->tenant,
                                 .issuer_id = stand->root,
                                 .tmpl = &tmpl};
    assert_err(keys_issue(stand->client, &request, &stand->arena, &stand->diag, &der), POLICY);
    request.issuer_id = stand_id(stand);
    stand->diag = CX_DIAG_INIT;
    assert_err(keys_issue(stand->client, &request, &stand->arena, &stand->diag, &der), NOTFOUND);
    assert_string_equal(stand->diag.rule, "issuer-unknown");
    struct keys_status status;
    assert_ok(keys_get_status(stand->client, &status));
    assert_int_equal(status.journal_count, 0);
}

static void refuses_a_serial_twice(void **state)
{
    struct stand *stand = *state;
    struct pki_template first = stand_template(stand, "a.example.org"),
                        second = stand_template(stand, "b.example.org");
    struct cx_bytes der;
    second.serial = first.serial;
    assert_ok(stand_issue(stand, &first, stand_id(stand), &der));
    assert_err(stand_issue(stand, &second, stand_id(stand), &der), CONFLICT);
    assert_string_equal(stand->diag.rule, "serial-reused");
}

static void altered_files_are_refused(void **state)
{
    struct stand *stand = *state;
    char id[CX_ID_TEXT_MAX], path[OS_PATH_MAX];
    struct cx_bytes der;
    stand_close(stand);
    cx_id_format(CX_ID_TENANT, stand->tenant, id);
    assert_ok(os_path(path, "%s/profile/%s/server-tls-1.yaml", stand->dir.path, id));
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(65536);
    assert_ok(os_file_read(path, 65536, &text));
    uint8_t *days = memmem(text.ptr, text.len, "397d", 4);
    assert_non_null(days);
    days[0] = '9';
    assert_ok(os_file_write(path, cx_buf_view(&text), 0600));
    stand_open(stand, false, false);
    struct pki_template tmpl = stand_template(stand, "www.example.org");
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), CRYPTO);
    assert_string_equal(stand->diag.rule, "profile-altered");
    days[0] = '3';
    assert_ok(os_file_write(path, cx_buf_view(&text), 0600));
    stand_close(stand);
    cx_id_format(CX_ID_ISSUER, stand->issuer, id);
    assert_ok(os_path(path, "%s/issuer/%s/issuer.yaml", stand->dir.path, id));
    cx_buf_reset(&text);
    assert_ok(os_file_read(path, 65536, &text));
    assert_ok(cx_buf_add_str(&text, CX_STR("# wider\n")));
    assert_ok(os_file_write(path, cx_buf_view(&text), 0600));
    stand_open(stand, false, false);
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), CRYPTO);
    assert_string_equal(stand->diag.rule, "issuer-altered");
}

static void signs_crls_with_rising_numbers(void **state)
{
    struct stand *stand = *state;
    struct keys_revoked revoked = {
        .serial = {0x40, 0x01, 7}, .serial_len = 3, .reason = 1, .revoked_us = 5 * CX_US_PER_S};
    const cx_time now = cx_now(&stand->signer.clock);
    uint64_t number = 0;
    struct cx_bytes der;
    assert_ok(keys_sign_crl(stand->client, stand->tenant, stand->issuer, 1, 5, now,
                            now + CX_US_PER_DAY, &revoked, 1, &stand->arena, &stand->diag, &number,
                            &der));
    assert_int_equal(number, 5);
    assert_ok(keys_sign_crl(stand->client, stand->tenant, stand->issuer, 1, 2, now,
                            now + CX_US_PER_DAY, NULL, 0, &stand->arena, &stand->diag, &number,
                            &der));
    assert_int_equal(number, 6);
    struct der_reader outer;
    struct cx_bytes tbs, algorithm, signature;
    unsigned unused = 0;
    assert_ok(der_enter_only(der, DER_SEQUENCE, &outer));
    assert_ok(der_read_whole(&outer, DER_SEQUENCE, &tbs));
    assert_ok(der_read_whole(&outer, DER_SEQUENCE, &algorithm));
    assert_ok(der_read_bit_string(&outer, &signature, &unused));
    assert_ok(der_finish(&outer));
    verify(tbs, signature, stand->issuer_der);
    assert_err(keys_sign_crl(stand->client, stand->tenant, stand->issuer, 4, 1, now,
                             now + CX_US_PER_DAY, NULL, 0, &stand->arena, &stand->diag, &number,
                             &der),
               POLICY);
    assert_string_equal(stand->diag.rule, "crl-shard");
}

static void issue_responder(struct stand *stand, struct cx_bytes spki, struct cx_bytes *ret_der)
{
    static const struct pki_profile named = {.name = {"ocsp-signer", 11}, .version = 1};
    const struct pki_attribute name = {PKI_ATTR_COMMON_NAME, CX_STR("Test OCSP")};
    struct pki_template tmpl = stand_template(stand, "unused");
    tmpl.profile = &named;
    tmpl.name_count = 0;
    tmpl.subject = &name;
    tmpl.subject_count = 1;
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), ret_der), POLICY);
    assert_string_equal(stand->diag.rule, "ocsp-signer-key");
    tmpl.spki = spki;
    cx_err err = stand_issue(stand, &tmpl, stand_id(stand), ret_der);
    assert_string_equal(stand->diag.text, "");
    assert_ok(err);
}

static void answers_ocsp_by_its_own_responder(void **state)
{
    struct stand *stand = *state;
    struct cx_bytes spki, der, answer;
    cx_time not_after = -1;
    assert_ok(keys_responder(stand->client, stand->tenant, stand->issuer, &stand->arena, &spki,
                             &not_after));
    assert_int_equal(not_after, 0);
    const uint8_t serial[] = {0x40, 1, 2};
    const cx_time now = cx_now(&stand->signer.clock);
    struct keys_ocsp_item item = {.serial = CX_BYTES(serial, 3),
                                  .status = KEYS_OCSP_GOOD,
                                  .this_update_us = now,
                                  .next_update_us = now + CX_US_PER_DAY,
                                  .produced_us = now};
    assert_err(
        keys_sign_ocsp(stand->client, stand->tenant, stand->issuer, &item, &stand->arena, &answer),
        NOTFOUND);
    struct pki_template tls = stand_template(stand, "www.example.org");
    assert_ok(stand_issue(stand, &tls, stand_id(stand), &der));
    assert_err(
        keys_responder_install(stand->client, stand->tenant, stand->issuer, der, &stand->diag),
        POLICY);
    assert_string_equal(stand->diag.rule, "responder-key");
    issue_responder(stand, spki, &der);
    assert_ok(
        keys_responder_install(stand->client, stand->tenant, stand->issuer, der, &stand->diag));
    for (int round = 0; round < 2; round++) {
        for (item.hash = KEYS_OCSP_SHA1; item.hash <= KEYS_OCSP_SHA256; item.hash++) {
            assert_ok(keys_sign_ocsp(stand->client, stand->tenant, stand->issuer, &item,
                                     &stand->arena, &answer));
            assert_non_null(memmem(answer.ptr, answer.len, der.ptr, der.len));
        }
        item.hash = KEYS_OCSP_SHA1;
        assert_ok(keys_responder(stand->client, stand->tenant, stand->issuer, &stand->arena, &spki,
                                 &not_after));
        assert_true(not_after > now);
        stand_close(stand);
        stand_open(stand, false, false);
    }
}

static void signs_checkpoints_forward_only(void **state)
{
    struct stand *stand = *state;
    const uint8_t root[32] = {1}, other[32] = {2};
    struct cx_str note, vkey, text;
    struct note_key key;
    assert_ok(keys_checkpoint_key(stand->client, stand->tenant, &stand->arena, &vkey));
    assert_ok(note_key_parse(vkey, &key));
    assert_ok(keys_sign_checkpoint(stand->client, stand->tenant, 10, root, &stand->arena,
                                   &stand->diag, &note));
    assert_ok(note_verify(note, &key, &text));
    struct checkpoint checkpoint;
    assert_ok(checkpoint_parse(text, &checkpoint));
    assert_int_equal(checkpoint.size, 10);
    assert_memory_equal(checkpoint.root, root, 32);
    assert_err(keys_sign_checkpoint(stand->client, stand->tenant, 9, root, &stand->arena,
                                    &stand->diag, &note),
               POLICY);
    assert_string_equal(stand->diag.rule, "checkpoint-smaller");
    stand->diag = CX_DIAG_INIT;
    assert_err(keys_sign_checkpoint(stand->client, stand->tenant, 10, other, &stand->arena,
                                    &stand->diag, &note),
               POLICY);
    assert_string_equal(stand->diag.rule, "checkpoint-split");
}

static void data_keys_belong_to_a_tenant_and_version(void **state)
{
    struct stand *stand = *state;
    struct cx_bytes wrapped;
    struct cx_secret key = CX_SECRET_INIT, again = CX_SECRET_INIT;
    assert_ok(keys_data_key_new(stand->client, stand->tenant, 1, &stand->arena, &wrapped, &key));
    stand_close(stand);
    stand_open(stand, false, false);
    assert_ok(keys_data_key_unwrap(stand->client, stand->tenant, 1, wrapped, &again));
    assert_memory_equal(key.ptr, again.ptr, 32);
    cx_secret_clear(&again);
    cx_secret_clear(&key);
    assert_err(keys_data_key_unwrap(stand->client, stand->tenant, 2, wrapped, &again), CRYPTO);
    assert_err(keys_data_key_unwrap(stand->client, stand->root, 1, wrapped, &again), CRYPTO);
    assert_null(again.ptr);
}

static void only_a_drill_instance_travels_in_time(void **state)
{
    struct stand *stand = *state;
    assert_err(keys_set_clock(stand->client, CX_US_PER_DAY), DENIED);
    stand_close(stand);
    stand_open(stand, false, true);
    cx_time before = cx_now(&stand->signer.clock);
    assert_ok(keys_set_clock(stand->client, 400 * CX_US_PER_DAY));
    assert_true(cx_now(&stand->signer.clock) >= before + 400 * CX_US_PER_DAY);
}

/* A ceremony's message on the online channel drops the peer: nothing answers any more. */
static void ceremonies_are_not_served_online(void **state)
{
    struct stand *stand = *state;
    struct cx_str name;
    uint32_t version = 0;
    assert_err(ceremony_profile_install(stand->client, stand->tenant,
                                        stand_profile(stand, "client-tls"), &stand->arena,
                                        &stand->diag, &name, &version),
               IO);
    struct keys_status status;
    assert_true(cx_failed(keys_get_status(stand->client, &status)));
    for (int i = 0; i < 1000 && ipc_server_violations(stand->server) == 0; i++)
        usleep(1000); /* counted by the server's reader after it has closed the channel */
    assert_int_equal(ipc_server_violations(stand->server), 1);
}

static void profiles_do_not_change(void **state)
{
    struct stand *stand = *state;
    struct cx_str name;
    uint32_t version = 0;
    stand_close(stand);
    stand_open(stand, true, false);
    struct cx_bytes yaml = stand_profile(stand, "server-tls");
    assert_ok(ceremony_profile_install(stand->client, stand->tenant, yaml, &stand->arena,
                                       &stand->diag, &name, &version));
    CX_CLEANUP(cx_buf_clear) struct cx_buf changed = CX_BUF_INIT(65536);
    assert_ok(cx_buf_add(&changed, yaml));
    assert_ok(cx_buf_add_str(&changed, CX_STR("# changed\n")));
    assert_err(ceremony_profile_install(stand->client, stand->tenant, cx_buf_view(&changed),
                                        &stand->arena, &stand->diag, &name, &version),
               CONFLICT);
    assert_string_equal(stand->diag.rule, "profile-exists");
}

/* An offline root: a request made here is signed by a parent elsewhere (here: the same instance) and installed. */
static void a_requested_ca_waits_for_its_certificate(void **state)
{
    struct stand *stand = *state;
    stand_close(stand);
    stand_open(stand, true, false);
    const struct pki_attribute name = {PKI_ATTR_COMMON_NAME, CX_STR("Second CA")};
    struct ceremony_issuer issuer = {.tenant_id = stand->tenant,
                                     .issuer_id = stand_id(stand),
                                     .name = CX_STR("second"),
                                     .backend = CX_STR("file"),
                                     .key_type = CRYPTO_KEY_P384,
                                     .kinds = 1u << PKI_KIND_SERVER_TLS,
                                     .shard_count = 1,
                                     .status_url = CX_STR("http://status.test")};
    struct cx_bytes csr, der;
    stand->diag = CX_DIAG_INIT;
    assert_ok(
        ceremony_ca_request(stand->client, &issuer, &name, 1, &stand->arena, &stand->diag, &csr));
    struct pki_template tmpl = stand_template(stand, "www.example.org");
    struct keys_issue request = {.intent_id = stand_id(stand),
                                 .tenant_id = stand->tenant,
                                 .issuer_id = issuer.issuer_id,
                                 .tmpl = &tmpl};
    assert_err(keys_issue(stand->client, &request, &stand->arena, &stand->diag, &der), POLICY);
    assert_string_equal(stand->diag.rule, "issuer-pending");
    stand->diag = CX_DIAG_INIT;
    assert_err(ceremony_ca_install(stand->client, stand->tenant, issuer.issuer_id,
                                   stand->issuer_der, &stand->diag),
               POLICY);
    assert_string_equal(stand->diag.rule, "ca-key");
    const struct pki_constraint inside = {PKI_NAME_DNS, false, cx_str_bytes(CX_STR("example.net"))};
    const struct ceremony_certificate certificate = {.parent_id = stand->root,
                                                     .profile = CX_STR("sub-ca"),
                                                     .version = 1,
                                                     .path_len = 0,
                                                     .constraints = &inside,
                                                     .constraint_count = 1};
    stand->diag = CX_DIAG_INIT;
    cx_err err = ceremony_ca_sign(stand->client, stand->tenant, csr, &certificate, &stand->arena,
                                  &stand->diag, &der);
    assert_string_equal(stand->diag.text, "");
    assert_ok(err);
    assert_ok(
        ceremony_ca_install(stand->client, stand->tenant, issuer.issuer_id, der, &stand->diag));
    struct cx_bytes leaf;
    assert_err(keys_issue(stand->client, &request, &stand->arena, &stand->diag, &leaf),
               POLICY); /* example.org: outside */
    tmpl = stand_template(stand, "www.example.net");
    uint8_t serial[PKI_SERIAL_LEN] = {0x40, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    pki_serial_stamp(serial, cx_now(&stand->signer.clock));
    tmpl.serial = CX_BYTES(serial, PKI_SERIAL_LEN);
    stand->diag = CX_DIAG_INIT;
    err = keys_issue(stand->client, &request, &stand->arena, &stand->diag, &leaf);
    assert_string_equal(stand->diag.text, "");
    assert_ok(err);
    struct ceremony_issuer_row *rows = NULL;
    size_t count = 0;
    assert_ok(ceremony_issuers(stand->client, &stand->arena, &stand->diag, &rows, &count));
    assert_int_equal(count, 3);
}

static void an_existing_ca_is_imported(void **state)
{
    struct stand *stand = *state;
    stand_close(stand);
    stand_open(stand, true, false);
    struct ceremony_issuer issuer = {.tenant_id = stand->tenant,
                                     .issuer_id = stand_id(stand),
                                     .name = CX_STR("imported"),
                                     .backend = CX_STR("file"),
                                     .key_type = CRYPTO_KEY_P256,
                                     .kinds = 1u << PKI_KIND_SERVER_TLS,
                                     .shard_count = 1,
                                     .status_url = CX_STR("")};
    CX_CLEANUP(crypto_key_freep) struct crypto_key *other = NULL;
    CX_CLEANUP(cx_secret_clear) struct cx_secret pkcs8 = CX_SECRET_INIT;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &other));
    assert_ok(crypto_key_to_pkcs8(other, &pkcs8));
    assert_err(ceremony_ca_import(stand->client, &issuer, stand->root_der, cx_secret_view(&pkcs8),
                                  &stand->diag),
               POLICY);
    assert_string_equal(stand->diag.rule, "ca-key");
    /* A half-made issuer does not exist. */
    struct pki_template tmpl = stand_template(stand, "www.example.org");
    struct keys_issue request = {.intent_id = stand_id(stand),
                                 .tenant_id = stand->tenant,
                                 .issuer_id = issuer.issuer_id,
                                 .tmpl = &tmpl};
    struct cx_bytes der;
    assert_err(keys_issue(stand->client, &request, &stand->arena, &stand->diag, &der), NOTFOUND);
}

/* Nobody answers: the call ends by itself. A peer that goes away ends it at once. */
static void a_dead_peer_fails_the_call(void **state)
{
    (void)state;
    int fds[2];
    struct keys_client *client = NULL;
    struct keys_status status;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_ok(keys_client_new(fds[1], &client));
    close(fds[0]);
    cx_err err = CX_OK;
    for (int i = 0; i < 1000 && err.code != CX_E_BUSY; i++) {
        err = keys_get_status(client, &status);
        assert_true(err.code == CX_E_IO || err.code == CX_E_BUSY);
        usleep(1000); /* a busy machine runs the reader later */
    }
    assert_err(err, BUSY); /* once the reader has seen the end, nothing is sent any more */
    keys_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(issues_what_was_asked),
        TEST(the_same_intent_yields_the_same_certificate),
        TEST(abandoned_intents_stay_so),
        TEST(refuses_what_profile_and_issuer_forbid),
        TEST(refuses_a_serial_twice),
        TEST(altered_files_are_refused),
        TEST(signs_crls_with_rising_numbers),
        TEST(answers_ocsp_by_its_own_responder),
        TEST(signs_checkpoints_forward_only),
        TEST(data_keys_belong_to_a_tenant_and_version),
        TEST(only_a_drill_instance_travels_in_time),
        TEST(ceremonies_are_not_served_online),
        TEST(profiles_do_not_change),
        TEST(a_requested_ca_waits_for_its_certificate),
        TEST(an_existing_ca_is_imported),
        cmocka_unit_test(a_dead_peer_fails_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
