/* Versions are noted once a change, tied to the entry that commits with them, and refused without one. */
#include "tests/lib/test.h"

#include "core/audit/audit.h"
#include "core/change/change.h"
#include "core/change/check.h"
#include "crypto/hash.h"
#include "store/rows.h"
#include "tests/lib/core_local.h"

static struct test_databases databases;

struct world {
    struct core_local local;
    struct cx_id group_id;
    const char *name;
    bool own_tenant;
    int64_t versions, entries;
    uint8_t state_hash[CHANGE_HASH_LEN];
};

static cx_err make_group(struct store_tx *tx, void *arg)
{
    const struct world *world = arg;
    struct row_access_group row = {.tenant_id = world->local.tenant_id,
                                   .group_id = world->group_id,
                                   .name = cx_str_from(world->name),
                                   .created_us = 7};
    CX_TRY(row_access_group_insert(tx, &row));
    CX_TRY(change_note_id(tx, row.tenant_id, CHANGE_GROUP, row.group_id));
    return change_note_id(tx, row.tenant_id, CHANGE_GROUP, row.group_id); /* nothing new */
}

static cx_err note_group(struct store_tx *tx, void *arg)
{
    const struct world *world = arg;
    struct cx_id other = {{9}};
    return change_note_id(tx, world->own_tenant ? world->local.tenant_id : other, CHANGE_GROUP,
                          world->group_id);
}

static cx_err insert_unnoted(struct store_tx *tx, void *arg)
{
    const struct world *world = arg;
    struct row_access_group row = {.tenant_id = world->local.tenant_id,
                                   .group_id = {{8}},
                                   .name = CX_STR("old"),
                                   .created_us = 1};
    return row_access_group_insert(tx, &row);
}

static cx_err read_counts(struct store_tx *tx, void *arg)
{
    struct world *world = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT COUNT(*) FROM state_change WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, world->local.tenant_id);
    CX_TRY(store_step(q, &row));
    world->versions = store_col_int(q, 0);
    CX_TRY(store_prepare(
        tx, "SELECT COUNT(*) FROM audit_entry WHERE tenant_id = $1 AND state_hash IS NOT NULL",
        &q));
    store_bind_id(q, 1, world->local.tenant_id);
    CX_TRY(store_step(q, &row));
    world->entries = store_col_int(q, 0);
    CX_TRY(store_prepare(tx,
                         "SELECT state_hash FROM audit_entry WHERE tenant_id = $1 "
                         "AND state_hash IS NOT NULL ORDER BY entry_id DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, world->local.tenant_id);
    CX_TRY(store_step(q, &row));
    if (row)
        memcpy(world->state_hash, store_col_bytes(q, 0).ptr, CHANGE_HASH_LEN);
    return CX_OK;
}

static cx_err commit(struct world *world, store_fn fn)
{
    struct audit_event event = {.action = "group.create", .tenant_id = world->local.tenant_id};
    return audit_commit(&world->local.core, &event, fn, world);
}

static void assert_counts(struct world *world, int64_t versions, int64_t entries)
{
    assert_ok(store_read(world->local.core.store, read_counts, world));
    assert_int_equal(world->versions, versions);
    assert_int_equal(world->entries, entries);
}

static void assert_intact(struct world *world)
{
    static struct change_report report;
    struct arena arena = ARENA_INIT(1 << 24);
    assert_ok(change_check(&world->local.core, world->local.tenant_id, &arena, &report));
    assert_true(report.recorded);
    assert_int_equal(report.finding_count, 0);
    assert_int_equal(report.version_count, world->versions);
    arena_clear(&arena);
}

/* The hash that docs/formats/audit.md gives, made here by hand. */
static void assert_hash(const struct world *world)
{
    static const char piece[] =
        "{\"object\":\"group\",\"key\":\"02000000000000000000000000000000\",\"version\":1,"
        "\"content\":\"{\\\"group_id\\\":\\\"02000000000000000000000000000000\\\","
        "\\\"name\\\":\\\"second\\\",\\\"created_us\\\":7,\\\"created_by_id\\\":null}\"}";
    static const uint8_t start[CHANGE_HASH_LEN];
    const struct cx_bytes pieces[] = {CX_BYTES(start, sizeof(start)),
                                      CX_BYTES(piece, sizeof(piece) - 1)};
    uint8_t hash[CHANGE_HASH_LEN];
    assert_ok(crypto_digest(CRYPTO_SHA256, pieces, 2, hash));
    assert_memory_equal(hash, world->state_hash, sizeof(hash));
}

static void check(enum store_engine engine)
{
    static struct world world;
    if (!test_engine_available(&databases, engine))
        return;
    world = (struct world){.own_tenant = true};
    core_local_start(&world.local, &databases, engine);
    struct store *store = world.local.core.store;
    assert_ok(store_write(store, insert_unnoted, &world));
    world.group_id = (struct cx_id){{1}};
    world.name = "first";
    assert_err(store_write(store, make_group, &world), INTERNAL);
    assert_counts(&world, 0, 0);

    assert_ok(commit(&world, make_group)); /* with it the tenant and the group of before */
    assert_counts(&world, 3, 1);
    world.group_id = (struct cx_id){{2}};
    world.name = "second";
    assert_ok(commit(&world, make_group));
    assert_counts(&world, 4, 2);
    assert_hash(&world);

    assert_ok(commit(&world, note_group)); /* unchanged: an entry without a hash */
    assert_counts(&world, 4, 2);
    world.own_tenant = false;
    assert_err(commit(&world, note_group), INTERNAL);
    assert_intact(&world);
    assert_ok(change_adopt(&world.local.core)); /* there is nothing left to take over */
    assert_counts(&world, 4, 2);
    core_local_stop(&world.local);
}

static void versions_are_tied_to_entries(void **state)
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(versions_are_tied_to_entries)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
