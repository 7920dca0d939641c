/* OCSP answers are there before anybody asks, say what is true, and are believed by OpenSSL. */
#include "tests/lib/test.h"

#include "core/status/ocsp_cache.h"
#include "core/status/presign.h"
#include "core/status/status_internal.h"
#include "tests/unit/core/issuance/world.h"

#include <openssl/ocsp.h>
#include <sys/socket.h>
#include <unistd.h>

static void tick(struct world *world, int64_t seconds)
{
    world->clock.offset_us += seconds * CX_US_PER_S;
    world->stand.signer.clock.offset_us = world->clock.offset_us;
}

/* A core that has just started: nothing in memory. */
static void start(struct world *world, struct status_service *service)
{
    *service = (struct status_service){.core = &world->core, .refused = CX_MAP_INIT(16)};
    assert_ok(ocsp_cache_new(&service->ocsp));
    world->core.status = service;
}

static void stop(struct world *world, struct status_service *service)
{
    ocsp_cache_free(service->ocsp);
    cx_map_clear(&service->refused, free);
    world->core.status = NULL;
}

static void restart(struct world *world, struct status_service *service)
{
    stop(world, service);
    start(world, service);
}

static bool pass(struct world *world)
{
    bool more = false;
    assert_ok(presign_issuer(&world->core, world->stand.tenant, world->stand.issuer, &more));
    return more;
}

/* A client whose keys process is gone. */
static struct keys_client *keys_away(void)
{
    struct keys_client *client = NULL;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    close(fds[1]);
    assert_ok(keys_client_new(fds[0], &client));
    return client;
}

static cx_err ask(struct world *world, struct cx_bytes serial, struct ocsp_answer *ret_answer)
{
    const struct issuer_entry *issuer = NULL;
    assert_ok(issuer_get(&world->core, world->stand.tenant, world->stand.issuer, &issuer));
    const struct ocsp_question question = {
        .issuer = issuer, .serial = serial, .now_us = cx_now(&world->clock)};
    return ocsp_answer(&world->core, &question, &world->arena, ret_answer);
}

/* With nobody there to sign and nothing in memory. */
static cx_err ask_alone(struct world *world, struct cx_bytes serial, struct ocsp_answer *ret_answer)
{
    struct status_service *before = world->core.status, alone;
    struct keys_client *keys = world->core.keys, *away = keys_away();
    start(world, &alone);
    world->core.keys = away;
    cx_err err = ask(world, serial, ret_answer);
    world->core.keys = keys;
    stop(world, &alone);
    world->core.status = before;
    keys_client_free(away);
    return err;
}

static X509 *x509_of(struct cx_bytes der)
{
    const uint8_t *at = der.ptr;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(x509);
    return x509;
}

/* OpenSSL verifies the answer up to the root; the status it gives for the serial number. */
static int judge(struct world *world, struct cx_bytes serial, const struct ocsp_answer *answer)
{
    const uint8_t *at = answer->der.ptr;
    X509 *issuer = x509_of(world->stand.issuer_der), *root = x509_of(world->stand.root_der);
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)answer->der.len);
    assert_non_null(response);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    BIGNUM *number = BN_bin2bn(serial.ptr, (int)serial.len, NULL);
    ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
    OCSP_CERTID *id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(issuer),
                                       X509_get0_pubkey_bitstr(issuer), integer);
    int status = -1;
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store),
                               (time_t)(cx_now(&world->clock) / CX_US_PER_S));
    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_true(sk_X509_push(chain, issuer) > 0);
    assert_int_equal(OCSP_basic_verify(basic, chain, store, 0), 1);
    assert_int_equal(OCSP_resp_find_status(basic, id, &status, NULL, NULL, NULL, NULL), 1);
    OCSP_CERTID_free(id);
    ASN1_INTEGER_free(integer);
    BN_free(number);
    sk_X509_free(chain);
    X509_STORE_free(store);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    X509_free(issuer);
    X509_free(root);
    return status;
}

struct finding {
    struct world *world;
    struct cx_id certificate_id;
    struct certificate_row row;
    int64_t count;
};

static cx_err find_row(struct store_tx *tx, void *arg)
{
    struct finding *it = arg;
    return certificate_find(tx, it->world->stand.tenant, it->certificate_id, &it->world->arena,
                            &it->row);
}

static struct certificate_row issued(struct world *world, const char *dns)
{
    struct finding it = {.world = world, .certificate_id = world_issue(world, dns).id};
    assert_ok(store_read(world->core.store, find_row, &it));
    return it.row;
}

static cx_err revoke_row(struct store_tx *tx, void *arg)
{
    struct finding *it = arg;
    return certificate_revoke(tx, it->world->stand.tenant, &it->row, STATUS_KEY_COMPROMISE,
                              cx_now(&it->world->clock));
}

static cx_err count_answers(struct store_tx *tx, void *arg)
{
    struct finding *it = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT COUNT(*) FROM ocsp_answer WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, it->world->stand.tenant);
    CX_TRY(store_step(q, &row));
    it->count = store_col_int(q, 0);
    return CX_OK;
}

static int64_t answers(struct world *world)
{
    struct finding it = {.world = world};
    assert_ok(store_read(world->core.store, count_answers, &it));
    return it.count;
}

static void check_life(struct world *world)
{
    struct status_service service;
    struct ocsp_answer first, later;
    start(world, &service);
    assert_false(pass(world)); /* no responder yet: nothing to do, and nothing wrong */
    assert_ok(responder_renew(&service, world->stand.tenant));
    struct certificate_row row = issued(world, "early.example.org");
    assert_false(pass(world));
    assert_int_equal(answers(world), 0); /* what commits now may carry an earlier time */
    tick(world, PRESIGN_LAG_S + 1);
    assert_false(pass(world));
    assert_int_equal(answers(world), 2); /* the responder's own certificate has one too */
    assert_ok(ask_alone(world, row.serial, &first));
    assert_true(first.cacheable);
    assert_int_equal(judge(world, row.serial, &first), V_OCSP_CERTSTATUS_GOOD);

    tick(world, OCSP_RENEW_S - 60);
    assert_false(pass(world));
    assert_ok(ask_alone(world, row.serial, &later));
    assert_int_equal(later.this_update_us, first.this_update_us);
    tick(world, 120);
    assert_false(pass(world)); /* long before half of its life is over */
    assert_ok(ask_alone(world, row.serial, &later));
    assert_true(later.this_update_us >= first.this_update_us + OCSP_RENEW_S * CX_US_PER_S);
    assert_int_equal(judge(world, row.serial, &later), V_OCSP_CERTSTATUS_GOOD);

    tick(world,
         OCSP_LIFE_S -
             60); /* keys away all the time: it serves until nextUpdate and not a second longer */
    assert_ok(ask_alone(world, row.serial, &later));
    tick(world, 120);
    assert_true(cx_failed(ask_alone(world, row.serial, &later)));
    restart(world, &service);
    assert_ok(ask(world, row.serial, &later)); /* keys is back: signed on demand */
    assert_int_equal(judge(world, row.serial, &later), V_OCSP_CERTSTATUS_GOOD);
    stop(world, &service);
}

static void answers_are_signed_ahead_and_renewed(void **state)
{
    (void)state;
    world_on_both(check_life);
}

static void check_revocation(struct world *world)
{
    struct status_service service;
    struct ocsp_answer answer;
    start(world, &service);
    assert_ok(responder_renew(&service, world->stand.tenant));
    struct finding it = {.world = world, .row = issued(world, "gone.example.org")};
    tick(world, PRESIGN_LAG_S + 1);
    assert_false(pass(world));
    assert_ok(ask_alone(world, it.row.serial, &answer));
    assert_int_equal(judge(world, it.row.serial, &answer), V_OCSP_CERTSTATUS_GOOD);
    assert_ok(store_write(world->core.store, revoke_row, &it));
    /* From the commit on nobody hears "good", even where nobody can sign the other. */
    assert_true(cx_failed(ask_alone(world, it.row.serial, &answer)));
    assert_ok(ask(world, it.row.serial, &answer));
    assert_int_equal(judge(world, it.row.serial, &answer), V_OCSP_CERTSTATUS_REVOKED);
    assert_false(pass(world));
    assert_ok(ask_alone(world, it.row.serial, &answer));
    assert_int_equal(judge(world, it.row.serial, &answer), V_OCSP_CERTSTATUS_REVOKED);
    stop(world, &service);
}

static void a_revocation_is_never_answered_good(void **state)
{
    (void)state;
    world_on_both(check_revocation);
}

static cx_err put_stale(struct store_tx *tx, void *arg)
{
    const struct finding *it = arg;
    struct presign_answer answer = {.tenant_id = it->world->stand.tenant,
                                    .certificate_id = it->row.certificate_id,
                                    .issuer_id = it->world->stand.issuer,
                                    .generation = 1,
                                    .this_update_us = cx_now(&it->world->clock),
                                    .data = CX_BYTES("good", 4),
                                    .signature = CX_BYTES("good", 4)};
    answer.next_update_us = answer.this_update_us + OCSP_LIFE_S * CX_US_PER_S;
    answer.renew_us = answer.this_update_us + OCSP_RENEW_S * CX_US_PER_S;
    return presign_answer_put(tx, &answer);
}

/* The batch was signed before the revocation and is stored after it. */
static void check_race(struct world *world)
{
    struct status_service service;
    struct ocsp_answer answer;
    start(world, &service);
    assert_ok(responder_renew(&service, world->stand.tenant));
    struct finding it = {.world = world, .row = issued(world, "race.example.org")};
    tick(world, PRESIGN_LAG_S + 1);
    assert_false(pass(world));
    assert_ok(store_write(world->core.store, revoke_row, &it));
    assert_ok(store_write(world->core.store, put_stale, &it));
    assert_true(cx_failed(ask_alone(world, it.row.serial, &answer)));
    assert_false(pass(world)); /* and it is signed anew at once */
    assert_ok(ask_alone(world, it.row.serial, &answer));
    assert_int_equal(judge(world, it.row.serial, &answer), V_OCSP_CERTSTATUS_REVOKED);
    stop(world, &service);
}

static void an_answer_that_a_revocation_overtook_is_not_believed(void **state)
{
    (void)state;
    world_on_both(check_race);
}

static cx_err revoke_responder(struct store_tx *tx, void *arg)
{
    struct finding *it = arg;
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(tx,
                         "SELECT certificate_id FROM certificate WHERE tenant_id = $1 "
                         "AND issuer_id = $2 AND profile_name = 'ocsp-signer'",
                         &q));
    store_bind_id(q, 1, it->world->stand.tenant);
    store_bind_id(q, 2, it->world->stand.issuer);
    CX_TRY(store_step(q, &found));
    assert_true(found);
    it->certificate_id = store_col_id(q, 0);
    CX_TRY(find_row(tx, it));
    return revoke_row(tx, it);
}

static void check_new_key(struct world *world)
{
    struct status_service service;
    struct ocsp_answer answer;
    struct finding it = {.world = world};
    start(world, &service);
    assert_ok(responder_renew(&service, world->stand.tenant));
    struct certificate_row row = issued(world, "key.example.org");
    tick(world, PRESIGN_LAG_S + 1);
    assert_false(pass(world));
    assert_ok(ask_alone(world, row.serial, &answer));
    assert_ok(store_write(world->core.store, revoke_responder, &it));
    assert_ok(responder_renew(&service, world->stand.tenant)); /* a new key and its certificate */
    assert_true(cx_failed(ask_alone(world, row.serial, &answer)));
    tick(world, PRESIGN_LAG_S + 1);
    while (pass(world))
        ;
    assert_ok(ask_alone(world, row.serial, &answer));
    assert_int_equal(judge(world, row.serial, &answer), V_OCSP_CERTSTATUS_GOOD);
    stop(world, &service);
}

static void answers_of_a_revoked_responder_are_gone(void **state)
{
    (void)state;
    world_on_both(check_new_key);
}

enum { MANY = PRESIGN_BATCHES * KEYS_OCSP_BATCH_MAX + 100 };

static cx_err clone_many(struct store_tx *tx, void *arg)
{
    const struct finding *it = arg;
    for (int i = 0; i < MANY; i++) {
        struct store_stmt *q = NULL;
        struct cx_id id;
        CX_TRY(cx_id_new(&it->world->rng, &id));
        CX_TRY(store_prepare(
            tx,
            "INSERT INTO certificate (tenant_id, certificate_id, issuer_id, serial, shard, "
            "profile_name, profile_version, key_type, sha256, spki_sha256, not_before_us, "
            "not_after_us, issued_us, request_id) SELECT tenant_id, $3, issuer_id, $3, shard, "
            "profile_name, profile_version, key_type, sha256, spki_sha256, not_before_us, "
            "not_after_us, issued_us, request_id FROM certificate "
            "WHERE tenant_id = $1 AND certificate_id = $2",
            &q));
        store_bind_id(q, 1, it->world->stand.tenant);
        store_bind_id(q, 2, it->row.certificate_id);
        store_bind_id(q, 3, id);
        CX_TRY(store_exec(q));
    }
    return CX_OK;
}

static void check_bound(struct world *world)
{
    struct status_service service;
    start(world, &service);
    assert_ok(responder_renew(&service, world->stand.tenant));
    struct finding it = {.world = world, .row = issued(world, "many.example.org")};
    assert_ok(store_write(world->core.store, clone_many, &it));
    tick(world, PRESIGN_LAG_S + 1);
    assert_true(pass(world));
    assert_int_equal(answers(world), PRESIGN_BATCHES * KEYS_OCSP_BATCH_MAX);
    restart(world, &service);
    assert_false(pass(world)); /* goes on where the other ended */
    assert_int_equal(answers(world), MANY + 2);
    tick(world, OCSP_RENEW_S + 1);
    assert_true(pass(world));
    assert_false(pass(world));
    assert_int_equal(answers(world), MANY + 2);
    /* What has expired is asked for no more: its answers go. */
    tick(world, (it.row.not_after_us - cx_now(&world->clock)) / CX_US_PER_S + 1);
    assert_ok(responder_renew(&service, world->stand.tenant));
    while (pass(world))
        ;
    assert_true(answers(world) <= 2); /* of responders */
    stop(world, &service);
}

static void a_pass_is_bounded_and_expired_answers_go(void **state)
{
    (void)state;
    world_on_both(check_bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_signed_ahead_and_renewed),
        cmocka_unit_test(a_revocation_is_never_answered_good),
        cmocka_unit_test(an_answer_that_a_revocation_overtook_is_not_believed),
        cmocka_unit_test(answers_of_a_revoked_responder_are_gone),
        cmocka_unit_test(a_pass_is_bounded_and_expired_answers_go),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
