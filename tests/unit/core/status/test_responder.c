/* Every issuer gets a certificate for its OCSP responder, once, whatever dies in between. */
#include "tests/lib/test.h"

#include "core/status/status_internal.h"
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
    cx_map_clear(&service.refused, NULL);
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
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
