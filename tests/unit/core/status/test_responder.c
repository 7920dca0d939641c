/* Every issuer gets a certificate for its OCSP responder, once, whatever dies in between. */
#include "tests/lib/test.h"

#include "core/status/status_internal.h"
#include "core/status/status_store.h"
#include "tests/unit/core/issuance/world.h"

#include <unistd.h>

static cx_time installed_until(struct world *world, struct cx_id issuer_id)
{
    struct cx_bytes spki;
    cx_time not_after_us = -1;
    assert_ok(keys_responder(world->core.keys, world->stand.tenant, issuer_id, &world->arena, &spki,
                             &not_after_us));
    return not_after_us;
}

/* As if keys had died after the certificate was stored and before it was installed. */
static void lose_certificate(struct world *world, struct cx_id issuer_id)
{
    char path[256], id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ISSUER, issuer_id, id);
    snprintf(path, sizeof(path), "%s/issuer/%s/responder.der", world->stand.dir.path, id);
    assert_int_equal(unlink(path), 0);
    stand_close(&world->stand);
    stand_open(&world->stand, false, false);
    world->core.keys = world->stand.client;
    assert_int_equal(installed_until(world, issuer_id), 0);
}

static void check_renew(struct world *world)
{
    struct status_service service = {.core = &world->core, .refused = CX_MAP_INIT(16)};
    const struct cx_id any = {{0}}, tenant = world->stand.tenant, issuer = world->stand.issuer;
    assert_ok(responder_renew(&service, tenant));
    cx_time until_us = installed_until(world, issuer);
    assert_true(until_us > cx_now(&world->clock));
    int64_t issued = world_entries(world, "certificate.issue", "done", any);

    assert_ok(responder_renew(&service, tenant)); /* nothing is due */
    assert_int_equal(world_entries(world, "certificate.issue", "done", any), issued);

    lose_certificate(world, issuer);
    assert_ok(responder_renew(&service, tenant)); /* the stored one is installed, none is issued */
    assert_int_equal(installed_until(world, issuer), until_us);
    assert_int_equal(world_entries(world, "certificate.issue", "done", any), issued);
    cx_map_clear(&service.refused, free);
}

struct revoking {
    struct cx_id tenant_id, issuer_id;
    struct arena *arena;
};

/* As an operator revokes the responder's certificate. */
static cx_err revoke_responder(struct store_tx *tx, void *arg)
{
    struct revoking *it = arg;
    struct store_stmt *q = NULL;
    struct certificate_row row;
    bool found = false;
    CX_TRY(store_prepare(tx,
                         "SELECT certificate_id FROM certificate WHERE tenant_id = $1 "
                         "AND issuer_id = $2 AND profile_name = 'ocsp-signer'",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_id(q, 2, it->issuer_id);
    CX_TRY(store_step(q, &found));
    assert_true(found);
    CX_TRY(certificate_find(tx, it->tenant_id, store_col_id(q, 0), it->arena, &row));
    return certificate_revoke(tx, it->tenant_id, &row, STATUS_KEY_COMPROMISE, CX_US_PER_S);
}

static struct cx_bytes responder_key(struct world *world, struct cx_id issuer_id)
{
    struct cx_bytes spki;
    cx_time not_after_us = 0;
    assert_ok(keys_responder(world->core.keys, world->stand.tenant, issuer_id, &world->arena, &spki,
                             &not_after_us));
    return spki;
}

static void check_revoked(struct world *world)
{
    struct status_service service = {.core = &world->core, .refused = CX_MAP_INIT(16)};
    const struct cx_id tenant = world->stand.tenant, issuer = world->stand.issuer;
    struct revoking revoking = {tenant, issuer, &world->arena};
    assert_ok(responder_renew(&service, tenant));
    struct cx_bytes before = responder_key(world, issuer);
    assert_ok(store_write(world->core.store, revoke_responder, &revoking));
    assert_ok(responder_renew(&service, tenant));
    struct cx_bytes after = responder_key(world, issuer);
    assert_false(cx_bytes_eq(before, after));
    assert_true(installed_until(world, issuer) > cx_now(&world->clock));
    stand_close(&world->stand); /* and so it is on disk */
    stand_open(&world->stand, false, false);
    world->core.keys = world->stand.client;
    assert_bytes(responder_key(world, issuer), after.ptr, after.len);
    assert_true(installed_until(world, issuer) > cx_now(&world->clock));
    assert_ok(responder_renew(&service, tenant));
    assert_bytes(responder_key(world, issuer), after.ptr, after.len);
    cx_map_clear(&service.refused, free);
}

static void a_revoked_responder_gets_a_new_key(void **state)
{
    (void)state;
    world_on_both(check_revoked);
}

static cx_err set_state(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "UPDATE issuer SET state = $1", &q));
    store_bind_text(q, 1, cx_str_from(arg));
    return store_exec(q);
}

static void check_refusal(struct world *world)
{
    struct status_service service = {.core = &world->core, .refused = CX_MAP_INIT(16)};
    const struct cx_id tenant = world->stand.tenant, issuer = world->stand.issuer;
    char disabled[] = "disabled", active[] = "active";
    assert_ok(store_write(world->core.store, set_state, disabled));
    assert_ok(responder_renew(&service, tenant));
    assert_int_equal(installed_until(world, issuer), 0);
    assert_ok(store_write(world->core.store, set_state, active));
    assert_ok(responder_renew(&service, tenant));
    assert_int_equal(installed_until(world, issuer), 0); /* not at once */
    world->clock.offset_us = world->stand.signer.clock.offset_us = 601 * CX_US_PER_S;
    assert_ok(responder_renew(&service, tenant));
    assert_true(installed_until(world, issuer) > 0);
    cx_map_clear(&service.refused, free);
}

static void a_refusal_is_not_for_ever(void **state)
{
    (void)state;
    world_on_both(check_refusal);
}

static void a_responder_gets_one_certificate(void **state)
{
    (void)state;
    world_on_both(check_renew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_responder_gets_one_certificate),
        cmocka_unit_test(a_revoked_responder_gets_a_new_key),
        cmocka_unit_test(a_refusal_is_not_for_ever),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
