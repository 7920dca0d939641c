/* What earlier databases hold of rights becomes bindings, once, with their entries. */
#include "tests/lib/test.h"

#include "core/access/adopt.h"
#include "core/access/binding_store.h"
#include "core/access/credential.h"
#include "tests/lib/core_local.h"

static struct test_databases databases;

struct old {
    struct core_local local;
    struct arena arena;
    struct row_tenant_user user;
    struct row_api_token token;
    struct role_names user_roles, token_roles;
    int64_t grants, bits, entries, endless;
};

static cx_err write_old(struct store_tx *tx, void *arg)
{
    struct old *old = arg;
    static const char *const roles[] = {"administrator", "requester"};
    CX_TRY(row_tenant_user_insert(tx, &old->user));
    CX_TRY(row_api_token_insert(tx, &old->token));
    for (size_t i = 0; i < 2; i++) {
        struct row_role_grant row = {.tenant_id = old->local.tenant_id,
                                     .user_id = old->user.user_id,
                                     .role = cx_str_from(roles[i]),
                                     .has_granted_by_id = true,
                                     .granted_by_id = {{5}},
                                     .granted_us = 1};
        CX_TRY(row_role_grant_insert(tx, &row));
    }
    return CX_OK;
}

static cx_err count(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                    int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &row));
    *ret_count = store_col_int(q, 0);
    return CX_OK;
}

static cx_err read_new(struct store_tx *tx, void *arg)
{
    struct old *old = arg;
    struct cx_id tenant_id = old->local.tenant_id;
    cx_time now_us = cx_now(old->local.core.clock);
    CX_TRY(binding_roles(tx, tenant_id, old->user.user_id, now_us, &old->arena, &old->user_roles));
    CX_TRY(
        binding_roles(tx, tenant_id, old->token.token_id, now_us, &old->arena, &old->token_roles));
    CX_TRY(
        count(tx, "SELECT COUNT(*) FROM role_grant WHERE tenant_id = $1", tenant_id, &old->grants));
    CX_TRY(count(tx, "SELECT roles FROM api_token WHERE tenant_id = $1", tenant_id, &old->bits));
    CX_TRY(count(tx,
                 "SELECT COUNT(*) FROM role_binding WHERE tenant_id = $1 AND expires_us IS NULL "
                 "AND role = 'administrator'",
                 tenant_id, &old->endless));
    return count(tx,
                 "SELECT COUNT(*) FROM audit_entry WHERE tenant_id = $1 "
                 "AND action = 'system.binding.adopt'",
                 tenant_id, &old->entries);
}

static void check(enum store_engine engine)
{
    static struct old old;
    struct cx_str secret;
    if (!test_engine_available(&databases, engine))
        return;
    old = (struct old){.arena = ARENA_INIT(1 << 20)};
    core_local_start(&old.local, &databases, engine);
    struct core *core = &old.local.core;
    cx_time now_us = cx_now(core->clock);
    assert_ok(access_user_make(core, old.local.tenant_id, CX_STR("Old"), CX_STR_NONE, now_us,
                               &old.arena, &old.user));
    struct access_token_order order = {.tenant_id = old.local.tenant_id,
                                       .user_id = old.user.user_id,
                                       .label = CX_STR("old"),
                                       .now_us = now_us,
                                       .expires_us = now_us + CX_US_PER_DAY};
    assert_ok(access_token_make(core, &order, &old.arena, &old.token, &secret));
    old.token.roles = 1 << 1 | 1 << 4; /* requester, auditor */
    assert_ok(store_write(core->store, write_old, &old));
    for (int again = 0; again < 2; again++) {
        assert_ok(access_adopt(core));
        assert_ok(store_read(core->store, read_new, &old));
        assert_int_equal(old.user_roles.count, 2);
        assert_string_equal(old.user_roles.names[0].ptr, "administrator");
        assert_int_equal(old.token_roles.count, 2);
        assert_string_equal(old.token_roles.names[0].ptr, "auditor");
        assert_int_equal(old.grants, 0);
        assert_int_equal(old.bits, 0);
        assert_int_equal(old.entries, 4);
        assert_int_equal(old.endless, 0); /* a person gave it, so it ends */
    }
    core_local_stop(&old.local);
    arena_clear(&old.arena);
}

static void grants_become_bindings(void **state)
{
    (void)state;
    check(STORE_SQLITE);
    check(STORE_POSTGRES);
}

static int setup(void **state)
{
    (void)state;
    return test_databases_start(&databases);
}

static int teardown(void **state)
{
    (void)state;
    test_databases_stop(&databases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grants_become_bindings)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
