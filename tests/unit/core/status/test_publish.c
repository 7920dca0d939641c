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
    *service = (struct status_service){.core = &world->core,
                                       .refused = CX_MAP_INIT(16),
                                       .written = CX_MAP_INIT(STATUS_WRITTEN_MAX)};
    assert_ok(ocsp_cache_new(&service->ocsp));
    world->core.status = service;
    assert_ok(responder_renew(service, world->stand.tenant));
    while (more)
        assert_ok(publish_due(service, world->stand.tenant, &more));
}

static void stop(struct world *world, struct status_service *service)
{
    ocsp_cache_free(service->ocsp);
    cx_map_clear(&service->refused, free);
    cx_map_clear(&service->written, NULL);
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

struct filling {
    struct world *world;
    struct cx_id tenant_id, template_id;
    int64_t shard, not_after_us;
};

/* One more than a CRL may have, all revoked. */
static cx_err fill_shard(struct store_tx *tx, void *arg)
{
    const struct filling *it = arg;
    for (int i = 0; i <= STATUS_CRL_ENTRIES_MAX; i++) {
        struct store_stmt *q = NULL;
        struct cx_id id;
        CX_TRY(cx_id_new(&it->world->rng, &id));
        CX_TRY(store_prepare(
            tx,
            "INSERT INTO certificate (tenant_id, certificate_id, issuer_id, serial, shard, "
            "profile_name, profile_version, key_type, sha256, spki_sha256, not_before_us, "
            "not_after_us, issued_us, request_id, revoked_us, revoke_reason) "
            "SELECT tenant_id, $3, issuer_id, $3, $4, profile_name, profile_version, key_type, "
            "sha256, spki_sha256, not_before_us, $5, issued_us, request_id, 1000000, 1 "
            "FROM certificate WHERE tenant_id = $1 AND certificate_id = $2",
            &q));
        store_bind_id(q, 1, it->tenant_id);
        store_bind_id(q, 2, it->template_id);
        store_bind_id(q, 3, id);
        store_bind_int(q, 4, it->shard);
        store_bind_int(q, 5, it->not_after_us);
        CX_TRY(store_exec(q));
    }
    return CX_OK;
}

static cx_err revive(struct store_tx *tx, void *arg)
{
    const struct filling *it = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE certificate SET not_after_us = $2 WHERE tenant_id = $1 AND shard = $3", &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_int(q, 2, it->not_after_us);
    store_bind_int(q, 3, it->shard);
    return store_exec(q);
}

static cx_err mark_two(struct store_tx *tx, void *arg)
{
    const struct filling *it = arg;
    const struct cx_id issuer_id = it->world->stand.issuer;
    CX_TRY(crl_shard_mark(tx, it->tenant_id, issuer_id, 2));
    return crl_shard_mark(tx, it->tenant_id, issuer_id, 3);
}

struct numbers {
    struct world *world;
    uint64_t of[4];
};

static cx_err read_numbers(struct store_tx *tx, void *arg)
{
    struct numbers *numbers = arg;
    for (uint32_t shard = 0; shard < 4; shard++) {
        struct crl_published row;
        CX_TRY(crl_shard_find(tx, numbers->world->stand.tenant, numbers->world->stand.issuer, shard,
                              &numbers->world->arena, &row));
        numbers->of[shard] = row.number;
    }
    return CX_OK;
}

/* What expired long ago does not count; a shard that is too full does not stop the others. */
static void check_full_shard(struct world *world)
{
    struct status_service service;
    struct filling filling = {
        .world = world, .tenant_id = world->stand.tenant, .shard = 2, .not_after_us = CX_US_PER_S};
    struct numbers before = {.world = world}, after = {.world = world};
    bool more = false;
    if (store_engine_of(world->core.store) != STORE_SQLITE)
        return; /* 65,537 rows one by one: a minute there, and the statements are the same */
    filling.template_id = world_issue(world, "www.example.org").id;
    start(world, &service);
    assert_ok(store_write(world->core.store, fill_shard, &filling));
    for (int round = 0; round < 2; round++) {
        if (round == 1)
            assert_ok(store_write(world->core.store, revive, &filling));
        assert_ok(store_read(world->core.store, read_numbers, &before));
        assert_ok(store_write(world->core.store, mark_two, &filling));
        assert_ok(publish_due(&service, world->stand.tenant, &more));
        assert_ok(store_read(world->core.store, read_numbers, &after));
        assert_int_equal(after.of[3], before.of[3] + 1);
        assert_int_equal(after.of[2], before.of[2] + (round == 0));
        filling.not_after_us = cx_now(&world->clock) + CX_US_PER_DAY;
    }
    stop(world, &service);
}

static void a_full_shard_is_not_the_others_trouble(void **state)
{
    (void)state;
    world_on_both(check_full_shard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publishing_another_nodes_revocation_drops_answers),
        cmocka_unit_test(a_full_shard_is_not_the_others_trouble),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
