#include "tests/lib/test.h"

#include "faulty.h"

#include "base/checked.h"
#include "core/issuance/issue.h"
#include "core/issuance/worker.h"
#include "crypto/hash.h"

/* Two numbers that are equal after any failure and one pass of recovery. */
static const struct balance {
    const char *name, *left, *right;
} balances[] = {
    {"nothing is half-issued",
     "SELECT count(*) FROM request WHERE state IN ('approved', 'issuing')", "SELECT 0"},
    {"no intent is open", "SELECT count(*) FROM intent WHERE state = 'open'", "SELECT 0"},
    {"a settled intent is gone", "SELECT count(*) FROM intent WHERE state = 'settled'", "SELECT 0"},
    {"a certificate has its body", "SELECT count(*) FROM certificate",
     "SELECT count(*) FROM certificate c JOIN certificate_body b ON b.tenant_id = c.tenant_id "
     "AND b.certificate_id = c.certificate_id"},
    {"a certificate has its request, concluded", "SELECT count(*) FROM certificate",
     "SELECT count(*) FROM certificate c JOIN request r ON r.tenant_id = c.tenant_id "
     "AND r.result_id = c.certificate_id WHERE r.state = 'done' "
     "OR (r.state = 'failed' AND r.failure_rule = 'key-lost' AND c.revoked_us IS NOT NULL)"},
    {"one entry a request", "SELECT count(*) FROM request",
     "SELECT count(*) FROM audit_entry a JOIN request r ON r.tenant_id = a.tenant_id "
     "AND r.request_id = a.object_id WHERE a.action = 'request.create' AND a.outcome = 'done'"},
    {"one entry an approval", "SELECT count(*) FROM approval",
     "SELECT count(*) FROM audit_entry WHERE action = 'request.approve' AND outcome = 'done'"},
    {"one entry a certificate", "SELECT count(*) FROM certificate",
     "SELECT count(*) FROM audit_entry a JOIN certificate c ON c.tenant_id = a.tenant_id "
     "AND c.certificate_id = a.object_id WHERE a.action = 'certificate.issue'"},
    {"one entry a revocation",
     "SELECT count(*) FROM certificate c JOIN request r ON r.tenant_id = c.tenant_id "
     "AND r.request_id = c.request_id WHERE c.revoked_us IS NOT NULL AND r.state = 'done'",
     "SELECT count(*) FROM audit_entry WHERE action = 'certificate.revoke' AND outcome = 'done'"},
    {"one entry an intent: of the approval, of the collection or of the worker's start",
     /* a settled intent is gone: its certificate stands for it */
     "SELECT (SELECT count(*) FROM intent) + (SELECT count(*) FROM certificate)",
     "SELECT count(*) FROM audit_entry a JOIN request r ON r.tenant_id = a.tenant_id "
     "AND r.request_id = a.object_id WHERE a.outcome = 'done' AND (a.action = 'request.collect' "
     "OR a.action = 'system.issuance.start' "
     "OR (a.action = 'request.approve' AND r.key_source = 'csr'))"},
    {"one entry an abandoned intent", "SELECT count(*) FROM intent WHERE state = 'abandoned'",
     "SELECT count(*) FROM audit_entry a JOIN request r ON r.tenant_id = a.tenant_id "
     "AND r.request_id = a.object_id WHERE a.action IN ('system.issuance.release', "
     "'certificate.issue')"},
};

struct number {
    const char *sql;
    int64_t value;
};

static cx_err read_number(struct store_tx *tx, void *arg)
{
    struct number *number = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, number->sql, &q));
    CX_TRY(store_step(q, &row));
    number->value = store_col_int(q, 0);
    return CX_OK;
}

static int64_t number_of(struct world *world, const char *sql)
{
    struct number number = {sql, -1};
    assert_ok(store_read(world->core.store, read_number, &number));
    return number.value;
}

/* The newest intents that are left: more than a cycle and its recovery make. */
enum { INTENTS_MAX = 12 };
struct intents {
    struct cx_id ids[INTENTS_MAX];
    size_t count;
};

static cx_err read_intents(struct store_tx *tx, void *arg)
{
    struct intents *intents = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    intents->count = 0;
    CX_TRY(store_prepare(
        tx, "SELECT intent_id FROM intent ORDER BY created_us DESC, intent_id DESC LIMIT 12", &q));
    CX_TRY(store_step(q, &row));
    while (row && intents->count < INTENTS_MAX) {
        intents->ids[intents->count++] = store_col_id(q, 0);
        CX_TRY(store_step(q, &row));
    }
    return CX_OK;
}

/* What is signed has its certificate, and an intent that is left was never signed. */
static void compare_journal(struct world *world)
{
    struct intents intents;
    struct keys_status status;
    assert_ok(store_read(world->core.store, read_intents, &intents));
    for (size_t i = 0; i < intents.count; i++) {
        enum keys_journal_state state = KEYS_JOURNAL_ABSENT;
        struct cx_bytes der = CX_BYTES_NONE;
        assert_ok(keys_journal_find(world->core.keys, intents.ids[i], &world->arena, &state, &der));
        assert_int_not_equal(state, KEYS_JOURNAL_SIGNED);
    }
    assert_ok(keys_get_status(world->core.keys, &status));
    assert_int_equal(status.signed_count, number_of(world, "SELECT count(*) FROM certificate"));
}

static cx_err expire_leases(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    (void)arg;
    CX_TRY(store_prepare(tx, "UPDATE intent SET lease_until_us = 0 WHERE state = 'open'", &q));
    CX_TRY(store_exec(q));
    CX_TRY(store_prepare(tx, "UPDATE request SET retry_us = 0 WHERE state = 'approved'", &q));
    return store_exec(q);
}

void faulty_check(struct faulty *faulty, const char *what, int64_t at)
{
    struct world *world = faulty->world;
    arena_clear(&world->arena);
    assert_ok(store_write(world->core.store, expire_leases, NULL));
    assert_ok(issuance_recover_tenant(&world->core, world->stand.tenant));
    for (size_t i = 0; i < CX_COUNT_OF(balances); i++) {
        int64_t left = number_of(world, balances[i].left);
        int64_t right = number_of(world, balances[i].right);
        if (left != right)
            fail_msg("%s %lld: %s: %lld and %lld", what, (long long)at, balances[i].name,
                     (long long)left, (long long)right);
    }
    compare_journal(world);
}

void faulty_make(struct world *world, struct faulty *ret_faulty)
{
    /* What fails is the cycle, not the test's own reading: rights of today, once. */
    world->requester = world_request(world, API_OP_REQUEST_CREATE, &world->requester).principal;
    world->approver = world_request(world, API_OP_REQUEST_APPROVE, &world->approver).principal;
    world->rights_stay = true;
    *ret_faulty = (struct faulty){.world = world, .csr = CX_BUF_INIT(8192)};
    assert_ok(cx_buf_add_str(&ret_faulty->csr, world_csr(world, "fault.example.org")));
}

void faulty_clear(struct faulty *faulty)
{
    cx_buf_clear(&faulty->csr);
}

static cx_err ask(struct world *world, const struct api_request_create_in *in,
                  struct api_request_view *ret_view)
{
    struct api_request_create_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_CREATE, &world->requester);
    CX_TRY(handle_request_create(&request, in, &out));
    return world_approve(world, &world->approver, out.body.id, ret_view);
}

static cx_err revoke_one(struct world *world, struct cx_id certificate_id)
{
    struct api_certificate_revoke_in in = {.certificate_id = certificate_id,
                                           .reason = API_REVOCATION_REASON_SUPERSEDED};
    struct api_certificate_revoke_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_REVOKE, &world->approver);
    return handle_certificate_revoke(&request, &in, &out);
}

static cx_err collect(struct world *world, struct cx_id request_id)
{
    struct api_request_collect_in in = {request_id, CX_STR("correct horse battery")};
    struct api_request_collect_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_COLLECT, &world->requester);
    return handle_request_collect(&request, &in, &out);
}

cx_err faulty_cycle(struct faulty *faulty)
{
    struct world *world = faulty->world;
    struct api_name name = {API_NAME_KIND_DNS, CX_STR("made.example.org")};
    struct api_request_create_in by_csr = {.certificate_profile = CX_STR("server-tls"),
                                           .has_csr = true,
                                           .csr = {(const char *)faulty->csr.ptr, faulty->csr.len},
                                           .has_comment = true,
                                           .comment = CX_STR("please")};
    struct api_request_create_in by_server = {.certificate_profile = CX_STR("server-tls"),
                                              .has_server_key = true,
                                              .server_key = {API_KEY_TYPE_P256},
                                              .has_names = true,
                                              .names = &name,
                                              .names_count = 1};
    struct api_request_view view = {0};
    CX_TRY(ask(world, &by_csr, &view));
    if (view.state == API_REQUEST_STATE_DONE) /* else the recovery has it */
        CX_TRY(revoke_one(world, view.certificate_id));
    CX_TRY(ask(world, &by_server, &view));
    return collect(world, view.id);
}
