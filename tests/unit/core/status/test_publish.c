/* Publishing: what leaves with the CRL and what must not stay behind in memory. */
#include "tests/lib/test.h"

#include "core/status/ocsp_cache.h"
#include "core/status/status_internal.h"
#include "core/status/status_store.h"
#include "tests/unit/core/issuance/world.h"

#include "base/cleanup.h"

struct revoking {
    struct cx_id tenant_id, certificate_id;
    struct arena *arena;
    struct certificate_row row;
};

/* As another node does it: in the database only. */
static cx_err revoke_elsewhere(struct store_tx *tx, void *arg)
{
    struct revoking *revoking = arg;
    CX_TRY(certificate_find(tx, revoking->tenant_id, revoking->certificate_id, revoking->arena,
                            &revoking->row));
    return certificate_revoke(tx, revoking->tenant_id, &revoking->row, STATUS_KEY_COMPROMISE,
                              CX_US_PER_S);
}

static void start(struct world *world, struct status_service *service)
{
    bool more = true;
    *service = (struct status_service){.core = &world->core, .refused = CX_MAP_INIT(16)};
    assert_ok(ocsp_cache_new(&service->ocsp));
    world->core.status = service;
    assert_ok(responder_renew(service, world->stand.tenant));
    while (more)
        assert_ok(publish_due(service, world->stand.tenant, &more));
}

static void stop(struct world *world, struct status_service *service)
{
    ocsp_cache_free(service->ocsp);
    cx_map_clear(&service->refused, NULL);
    world->core.status = NULL;
}

static struct cx_bytes answer(struct world *world, const struct certificate_row *row)
{
    const struct issuer_entry *issuer = NULL;
    struct ocsp_answer answer;
    assert_ok(issuer_get(&world->core, world->stand.tenant, world->stand.issuer, &issuer));
    const struct ocsp_question question = {
        .issuer = issuer, .serial = row->serial, .now_us = cx_now(&world->clock)};
    assert_ok(ocsp_answer(&world->core, &question, &world->arena, &answer));
    return answer.der;
}

static void check_other_node(struct world *world)
{
    struct status_service service;
    struct revoking revoking = {.tenant_id = world->stand.tenant, .arena = &world->arena};
    bool more = false;
    revoking.certificate_id = world_issue(world, "www.example.org").id;
    start(world, &service);
    assert_ok(store_write(world->core.store, revoke_elsewhere, &revoking));
    struct certificate_row row = revoking.row;
    /* This node answers "good" from a look at the database before the other's commit. */
    struct ocsp_answer stale = {.der = CX_BYTES("good", 4),
                                .this_update_us = cx_now(&world->clock),
                                .next_update_us = cx_now(&world->clock) + CX_US_PER_DAY};
    const struct issuer_entry *issuer = NULL;
    assert_ok(issuer_get(&world->core, world->stand.tenant, world->stand.issuer, &issuer));
    const struct ocsp_question question = {.issuer = issuer, .serial = row.serial};
    ocsp_cache_put(service.ocsp, &question, &stale, ocsp_cache_generation(service.ocsp));
    assert_bytes(answer(world, &row), "good", 4);
    assert_ok(publish_due(&service, world->stand.tenant, &more));
    assert_true(answer(world, &row).len > 4);
    stop(world, &service);
}

static void publishing_another_nodes_revocation_drops_answers(void **state)
{
    (void)state;
    world_on_both(check_other_node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publishing_another_nodes_revocation_drops_answers),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
