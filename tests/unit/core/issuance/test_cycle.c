/* The main job through the real handlers, the real keys code and both databases. */
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "core/issuance/issue.h"
#include "core/issuance/reconcile.h"
#include "core/issuance/worker.h"
#include "core/status/ocsp.h"
#include "core/status/status.h"
#include "os/file.h"
#include "world.h"

#include <unistd.h>

static void check_cycle(struct world *world)
{
    struct api_certificate_view certificate = world_issue(world, "www.example.org");
    assert_int_equal(certificate.status, API_CERTIFICATE_STATUS_ACTIVE);
    assert_int_equal(certificate.names_count, 1);
    assert_str(certificate.names[0].value, "www.example.org");
    assert_int_equal(certificate.tags_count, 1);
    assert_true(certificate.has_pem);
    assert_true(cx_id_eq(certificate.requester_id, world->requester.user_id));
}

static void issues_what_another_person_approved(void **state)
{
    (void)state;
    world_on_both(check_cycle);
}

static void check_self_approval(struct world *world)
{
    struct api_request_view view = {0};
    struct principal both = world_person(world, "administrator");
    assert_ok(world_ask(world, &both, "self.example.org", &view));
    struct cx_id id = view.id;
    assert_err(world_approve(world, &both, id, &view), DENIED);
    assert_string_equal(world->diag.rule, "requester-is-approver");
    /* a second token of the same person */
    struct api_token_create_in in = {.label = CX_STR("second"), .expires_in_days = 1};
    struct api_token_create_out out = {0};
    struct api_request request = world_request(world, API_OP_TOKEN_CREATE, &both);
    assert_ok(handle_token_create(&request, &in, &out));
    both.token_id = out.body.token.id;
    assert_err(world_approve(world, &both, id, &view), DENIED);
    /* reject is a decision too */
    struct api_request_reject_in no = {.request_id = id, .comment = CX_STR("no")};
    struct api_request_reject_out refused = {0};
    request = world_request(world, API_OP_REQUEST_REJECT, &both);
    assert_err(handle_request_reject(&request, &no, &refused), DENIED);
    /* still open: another person may */
    assert_ok(world_approve(world, &world->approver, id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
    assert_err(world_approve(world, &world->approver, id, &view), CONFLICT);
}

static void nobody_approves_themselves(void **state)
{
    (void)state;
    world_on_both(check_self_approval);
}

/* The transaction of the last approval, and then nothing more: the process dies. */
static cx_err write_intent(struct store_tx *tx, void *arg)
{
    const struct issuance *run = arg;
    CX_TRY(request_transition(tx, run->tenant_id, run->request.request_id,
                              REQUEST_AWAITING_APPROVAL, REQUEST_APPROVED, run->now_us));
    return issuance_write_intent(tx, run);
}

static struct cx_id leave_open(struct world *world, bool sign)
{
    struct api_request_view view = {0};
    struct cx_bytes der;
    assert_ok(world_ask(world, &world->requester, "crash.example.org", &view));
    struct issuance run = {.core = &world->core,
                           .arena = &world->arena,
                           .diag = &world->diag,
                           .tenant_id = world->stand.tenant,
                           .now_us = cx_now(&world->clock)};
    assert_ok(issuance_load(&run, view.id));
    assert_ok(issuance_prepare(&run));
    run.intent.lease_until_us = run.now_us - CX_US_PER_S;
    assert_ok(store_write(world->core.store, write_intent, &run));
    struct keys_issue ask = {run.intent.intent_id, run.tenant_id, run.issuer->issuer_id, &run.tmpl};
    if (sign)
        assert_ok(keys_issue(world->core.keys, &ask, &world->arena, &world->diag, &der));
    return view.id;
}

static struct api_request_view show(struct world *world, struct cx_id request_id)
{
    struct api_request_get_in in = {request_id};
    struct api_request_get_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_GET, &world->requester);
    assert_ok(handle_request_get(&request, &in, &out));
    return out.body;
}

/* The head of a slow request arrived half a minute before its body: it has its whole lease all the same. */
static void check_slow_request(struct world *world)
{
    struct api_request_view view = {0};
    assert_ok(world_ask(world, &world->requester, "slow.example.org", &view));
    struct issuance run = {.core = &world->core,
                           .arena = &world->arena,
                           .diag = &world->diag,
                           .tenant_id = world->stand.tenant,
                           .now_us = cx_now(&world->clock) - 30 * CX_US_PER_S};
    assert_ok(issuance_load(&run, view.id));
    assert_ok(issuance_prepare(&run));
    assert_true(run.intent.lease_until_us >
                cx_now(&world->clock) + ISSUANCE_LEASE_S / 2 * CX_US_PER_S);
}

static void a_slow_request_has_its_whole_lease(void **state)
{
    (void)state;
    world_on_both(check_slow_request);
}

static void check_recovery(struct world *world)
{
    struct cx_id before = leave_open(world, false), after = leave_open(world, true);
    assert_int_equal(show(world, before).state, API_REQUEST_STATE_ISSUING);
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    /* signed before the crash: stored; not signed: abandoned, approved again and issued anew */
    struct api_request_view first = show(world, after), second = show(world, before);
    assert_int_equal(first.state, API_REQUEST_STATE_DONE);
    assert_int_equal(second.state, API_REQUEST_STATE_DONE);
    assert_false(cx_id_eq(first.certificate_id, second.certificate_id));
    struct keys_status status;
    assert_ok(keys_get_status(world->core.keys, &status));
    assert_int_equal(status.signed_count, 2);
    /* a second pass finds nothing to do */
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    assert_ok(keys_get_status(world->core.keys, &status));
    assert_int_equal(status.signed_count, 2);
}

static uint32_t unsettled(struct world *world)
{
    struct keys_status status;
    assert_ok(keys_get_status(world->core.keys, &status));
    return status.unsettled_count;
}

/* Nobody told keys: no worker runs here, as after a crash. */
static void check_reconciliation(struct world *world)
{
    world_issue(world, "www.example.org");
    struct cx_id before = leave_open(world, false);
    leave_open(world, true);
    assert_int_equal(unsettled(world), 2);
    assert_ok(issuance_reconcile(&world->core)); /* open ones are the recovery's */
    assert_int_equal(unsettled(world), 1);
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    assert_int_equal(show(world, before).state, API_REQUEST_STATE_DONE);
    assert_int_equal(unsettled(world), 3); /* two signed, one abandoned */
    assert_ok(issuance_reconcile(&world->core));
    assert_int_equal(unsettled(world), 1);
    world->stand.signer.clock.offset_us += 120 * CX_US_PER_S;
    assert_ok(issuance_reconcile(&world->core));
    assert_int_equal(unsettled(world), 0);
}

static void what_keys_was_not_told_is_told_later(void **state)
{
    (void)state;
    world_on_both(check_reconciliation);
}

static void a_crash_at_either_step_is_recovered(void **state)
{
    (void)state;
    world_on_both(check_recovery);
}

struct serial_read {
    struct cx_id tenant_id;
    uint8_t serial[PKI_SERIAL_MAX];
    size_t len;
};

static cx_err read_serial(struct store_tx *tx, void *arg)
{
    struct serial_read *read = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT serial FROM certificate WHERE tenant_id = $1 LIMIT 1", &q));
    store_bind_id(q, 1, read->tenant_id);
    CX_TRY(store_step(q, &row));
    assert_true(row);
    read->len = store_col_bytes(q, 0).len;
    memcpy(read->serial, store_col_bytes(q, 0).ptr, read->len);
    return CX_OK;
}

/* The random source repeats itself: the number of a certificate that exists is refused before anything is signed. */
static void check_serial_reuse(struct world *world)
{
    struct serial_read read = {.tenant_id = world->stand.tenant};
    struct keys_status before, after;
    leave_open(world, true);
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    assert_ok(store_read(world->core.store, read_serial, &read));
    struct api_request_view view = {0};
    assert_ok(world_ask(world, &world->requester, "again.example.org", &view));
    struct issuance run = {.core = &world->core,
                           .arena = &world->arena,
                           .diag = &world->diag,
                           .tenant_id = world->stand.tenant,
                           .now_us = cx_now(&world->clock)};
    assert_ok(issuance_load(&run, view.id));
    assert_ok(issuance_prepare(&run));
    run.intent.serial = CX_BYTES(read.serial, read.len);
    assert_ok(keys_get_status(world->core.keys, &before));
    assert_err(store_write(world->core.store, write_intent, &run), CONFLICT);
    assert_ok(keys_get_status(world->core.keys, &after));
    assert_int_equal(after.signed_count, before.signed_count);
    assert_int_equal(show(world, view.id).state, API_REQUEST_STATE_AWAITING_APPROVAL);
}

static void a_serial_number_is_never_used_twice(void **state)
{
    (void)state;
    world_on_both(check_serial_reuse);
}

static bool file_exists(struct world *world, unsigned shard)
{
    char path[OS_PATH_MAX], issuer[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ISSUER, world->stand.issuer, issuer);
    assert_ok(os_path(path, "%s/crl/%s/%u.crl", world->public_dir, issuer, shard));
    return os_file_exists(path);
}

static cx_err revoke_one(struct world *world, struct cx_id certificate_id)
{
    struct api_certificate_revoke_in in = {.certificate_id = certificate_id,
                                           .reason = API_REVOCATION_REASON_KEY_COMPROMISE};
    struct api_certificate_revoke_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_REVOKE, &world->approver);
    return handle_certificate_revoke(&request, &in, &out);
}

/* CertStatus of an OCSPResponse is the first context tag after the serial number: 0x80 good, 0xa1 revoked. */
static uint8_t ocsp_status(struct world *world, const struct api_certificate_view *certificate)
{
    const struct issuer_entry *issuer = NULL;
    struct ocsp_answer answer;
    struct cx_bytes serial;
    assert_ok(page_hex_parse(&world->arena, certificate->serial, &serial));
    assert_ok(issuer_get_any(&world->core, certificate->issuer_id, &issuer));
    struct ocsp_question question = {.issuer = issuer,
                                     .serial = serial,
                                     .hash = KEYS_OCSP_SHA1,
                                     .now_us = cx_now(&world->clock)};
    assert_ok(ocsp_answer(&world->core, &question, &world->arena, &answer));
    const uint8_t *at = memmem(answer.der.ptr, answer.der.len, serial.ptr, serial.len);
    assert_non_null(at);
    return at[serial.len];
}

static bool responder_ready(struct world *world)
{
    struct cx_bytes spki;
    cx_time not_after_us = 0;
    assert_ok(keys_responder(world->core.keys, world->stand.tenant, world->stand.issuer,
                             &world->arena, &spki, &not_after_us));
    return not_after_us > 0;
}

static struct cx_buf read_crls(struct world *world)
{
    struct cx_buf all = CX_BUF_INIT(65536);
    char path[OS_PATH_MAX], issuer[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ISSUER, world->stand.issuer, issuer);
    for (unsigned shard = 0; shard < 4; shard++) {
        assert_ok(os_path(path, "%s/crl/%s/%u.crl", world->public_dir, issuer, shard));
        assert_ok(os_file_read(path, 16384, &all));
    }
    return all;
}

static bool is_listed(struct world *world, struct cx_str serial_hex)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf crls = read_crls(world);
    struct cx_bytes serial;
    assert_ok(page_hex_parse(&world->arena, serial_hex, &serial));
    return memmem(crls.ptr, crls.len, serial.ptr, serial.len) != NULL;
}

static void check_revocation(struct world *world)
{
    struct status_service *service = NULL;
    struct api_certificate_view certificate = world_issue(world, "gone.example.org");
    assert_ok(status_start(&world->core, &service));
    for (int i = 0; i < 100 && !(file_exists(world, 0) && file_exists(world, 3)); i++)
        usleep(50000);
    for (unsigned shard = 0; shard < 4; shard++)
        assert_true(file_exists(world, shard));
    for (int i = 0; i < 100 && !responder_ready(world); i++)
        usleep(50000);
    assert_false(is_listed(world, certificate.serial));
    assert_int_equal(ocsp_status(world, &certificate), 0x80);
    assert_int_equal(ocsp_status(world, &certificate), 0x80); /* from memory */
    assert_ok(revoke_one(world, certificate.id));
    assert_int_equal(ocsp_status(world, &certificate), 0xa1);
    assert_int_equal(world_certificate(world, certificate.id).status,
                     API_CERTIFICATE_STATUS_REVOKED);
    assert_err(revoke_one(world, certificate.id), CONFLICT);
    for (int i = 0; i < 40 && !is_listed(world, certificate.serial); i++)
        usleep(50000);
    assert_true(is_listed(world, certificate.serial));
    status_stop(service);
}

static void revoked_is_final_and_published(void **state)
{
    (void)state;
    world_on_both(check_revocation);
}

static void check_pages(struct world *world)
{
    struct api_certificate_list_in in = {.limit = 2};
    struct api_certificate_list_out out = {0};
    struct cx_id seen[8];
    size_t count = 0;
    for (int i = 0; i < 4; i++)
        (void)world_issue(world, "page.example.org");
    do {
        struct api_request request =
            world_request(world, API_OP_CERTIFICATE_LIST, &world->requester);
        assert_ok(handle_certificate_list(&request, &in, &out));
        for (size_t i = 0; i < out.body.items_count; i++)
            seen[count++] = out.body.items[i].id;
        in.has_cursor = out.body.has_next_cursor;
        in.cursor = out.body.next_cursor;
        if (count == 2) /* what arrives meanwhile shifts nothing */
            (void)world_issue(world, "late.example.org");
    } while (out.body.has_next_cursor);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_false(cx_id_eq(seen[i], seen[j]));
    }
}

static void pages_are_stable_under_inserts(void **state)
{
    (void)state;
    world_on_both(check_pages);
}

static size_t found(struct world *world, struct api_certificate_list_in in)
{
    struct api_certificate_list_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_LIST, &world->requester);
    in.limit = 50;
    cx_err err = handle_certificate_list(&request, &in, &out);
    assert_string_equal(world->diag.text, "");
    assert_ok(err);
    return out.body.items_count;
}

#define FILTER(...) ((struct api_certificate_list_in){__VA_ARGS__})

static void check_filters(struct world *world)
{
    struct api_certificate_view one = world_issue(world, "a.search.example.org");
    (void)world_issue(world, "b.search.example.org");
    assert_int_equal(found(world, FILTER()), 2);
    assert_int_equal(found(world, FILTER(.has_name = true, .name = CX_STR("A.search.example.org"))),
                     1);
    assert_int_equal(found(world, FILTER(.has_name = true, .name = CX_STR("*.search.example.org"))),
                     2);
    assert_int_equal(found(world, FILTER(.has_name = true, .name = CX_STR("search.example.org"))),
                     0);
    assert_int_equal(found(world, FILTER(.has_name = true, .name = CX_STR("a@search.example.org"))),
                     0);
    assert_int_equal(found(world, FILTER(.has_serial = true, .serial = one.serial)), 1);
    assert_int_equal(found(world, FILTER(.has_sha256 = true, .sha256 = one.sha256)), 1);
    assert_int_equal(found(world, FILTER(.has_spki_sha256 = true, .spki_sha256 = one.spki_sha256)),
                     1);
    assert_int_equal(found(world, FILTER(.has_tag = true, .tag = CX_STR("team=blue"))), 2);
    assert_int_equal(found(world, FILTER(.has_tag = true, .tag = CX_STR("team=red"))), 0);
    assert_int_equal(found(world, FILTER(.has_issuer_id = true, .issuer_id = one.issuer_id)), 2);
    assert_int_equal(found(world, FILTER(.has_issuer_id = true, .issuer_id = world->stand.root)),
                     0);
    assert_int_equal(
        found(world, FILTER(.has_requester_id = true, .requester_id = world->requester.user_id)),
        2);
    assert_int_equal(found(world, FILTER(.has_certificate_profile = true,
                                         .certificate_profile = CX_STR("server-tls"))),
                     2);
    assert_int_equal(
        found(world, FILTER(.has_status = true, .status = API_CERTIFICATE_STATUS_EXPIRED)), 0);
    assert_int_equal(
        found(world, FILTER(.has_status = true, .status = API_CERTIFICATE_STATUS_REVOKED)), 0);
    assert_ok(revoke_one(world, one.id));
    assert_int_equal(
        found(world, FILTER(.has_status = true, .status = API_CERTIFICATE_STATUS_REVOKED)), 1);
    assert_int_equal(
        found(world, FILTER(.has_status = true, .status = API_CERTIFICATE_STATUS_ACTIVE)), 1);
    assert_int_equal(found(world, FILTER(.has_expires_before = true,
                                         .expires_before = one.not_after + CX_US_PER_DAY)),
                     2);
    assert_int_equal(
        found(world, FILTER(.has_expires_before = true, .expires_before = one.not_before)), 0);
}

static void every_filter_filters(void **state)
{
    (void)state;
    world_on_both(check_filters);
}

static void check_tenants(struct world *world)
{
    struct principal stranger = world->approver;
    struct api_certificate_get_in in = {world_issue(world, "own.example.org").id};
    struct api_certificate_get_out out = {0};
    assert_ok(cx_id_new(&world->rng, &stranger.tenant_id));
    struct api_request request = world_request(world, API_OP_CERTIFICATE_GET, &stranger);
    assert_err(handle_certificate_get(&request, &in, &out), NOTFOUND);
    struct api_request_get_in ask = {out.body.request_id};
    struct api_request_get_out answer = {0};
    request = world_request(world, API_OP_REQUEST_GET, &stranger);
    assert_err(handle_request_get(&request, &ask, &answer), NOTFOUND);
}

static void another_tenant_sees_nothing(void **state)
{
    (void)state;
    world_on_both(check_tenants);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issues_what_another_person_approved),
        cmocka_unit_test(nobody_approves_themselves),
        cmocka_unit_test(a_crash_at_either_step_is_recovered),
        cmocka_unit_test(a_slow_request_has_its_whole_lease),
        cmocka_unit_test(what_keys_was_not_told_is_told_later),
        cmocka_unit_test(a_serial_number_is_never_used_twice),
        cmocka_unit_test(revoked_is_final_and_published),
        cmocka_unit_test(pages_are_stable_under_inserts),
        cmocka_unit_test(every_filter_filters),
        cmocka_unit_test(another_tenant_sees_nothing),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
