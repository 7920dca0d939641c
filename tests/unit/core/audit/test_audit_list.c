/* Pages of the log: order, filters, opened details, and details that were exchanged in the database. */
#include "tests/lib/test.h"
#include "tests/lib/core_local.h"
#include "base/cleanup.h"
#include "core/audit/audit_list.h"

static struct test_databases databases;

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

static void fill(struct core_local *local)
{
    cx_clock_fixed(&local->clock, INT64_C(1700000000) * CX_US_PER_S);
    for (int i = 0; i < 25; i++) {
        char details[32];
        snprintf(details, sizeof(details), "{\"n\":%d}", i);
        struct audit_event event = {.action = i % 2 ? "odd.act" : "even.act",
                                    .tenant_id = local->tenant_id,
                                    .object_type = CX_ID_USER,
                                    .object_id = {{(uint8_t)(i % 5 + 1)}},
                                    .details = cx_str_from(details)};
        assert_ok(audit_commit(&local->core, &event, NULL, NULL));
        if (i % 3 == 0) /* several entries share a microsecond */
            cx_clock_fixed(&local->clock, cx_now(&local->clock) + 1);
    }
}

static size_t count_pages(struct core_local *local, struct audit_filter filter)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    struct cx_id seen[32];
    size_t total = 0;
    filter.tenant_id = local->tenant_id;
    filter.scope = access_scope_everywhere();
    filter.after = PAGE_START;
    filter.limit = 4;
    for (;;) {
        struct audit_item *items = NULL;
        size_t count = 0;
        assert_ok(audit_list_read(local->core.store, &filter, &arena, &items, &count));
        for (size_t i = 0; i < count; i++) {
            struct page_key key = {items[i].record.time_us, items[i].record.entry_id};
            assert_true(key.time_us <= filter.after.time_us);
            filter.after = key;
            for (size_t j = 0; j < total; j++)
                assert_false(cx_id_eq(seen[j], key.id));
            seen[total++] = key.id;
        }
        if (count < filter.limit)
            return total;
    }
}

static cx_err swap_details(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE audit_entry SET commitment = (SELECT MIN(commitment) FROM audit_entry "
        "WHERE tenant_id = $1) WHERE tenant_id = $1",
        &q));
    store_bind_id(q, 1, *(struct cx_id *)arg);
    return store_exec(q);
}

static void check_listing(enum store_engine engine)
{
    if (!test_engine_available(&databases, engine))
        skip();
    struct core_local local;
    core_local_start(&local, &databases, engine);
    fill(&local);
    assert_int_equal(count_pages(&local, (struct audit_filter){0}), 25);
    assert_int_equal(count_pages(&local, (struct audit_filter){.action = CX_STR("odd.act")}), 12);
    assert_int_equal(count_pages(&local, (struct audit_filter){.action = CX_STR("no.act")}), 0);
    assert_int_equal(
        count_pages(&local, (struct audit_filter){.has_object_id = true, .object_id = {{2}}}), 5);
    assert_int_equal(
        count_pages(&local, (struct audit_filter){.has_user_id = true, .user_id = {{1}}}), 0);

    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    struct audit_filter filter = {.tenant_id = local.tenant_id,
                                  .after = PAGE_START,
                                  .limit = 25,
                                  .scope = access_scope_everywhere()};
    struct audit_item *items = NULL;
    size_t count = 0, opened = 0;
    struct cx_str details;
    assert_ok(audit_list_read(local.core.store, &filter, &arena, &items, &count));
    for (size_t i = 0; i < count; i++) {
        assert_ok(audit_details_open(&local.core, &items[i], &arena, &details));
        opened += cx_str_starts(details, CX_STR("{\"n\":"));
    }
    assert_int_equal(opened, 25);
    struct cx_sealed swap = items[0].sealed; /* another row's details */
    items[0].sealed = items[1].sealed;
    items[1].sealed = swap;
    assert_err(audit_details_open(&local.core, &items[0], &arena, &details), CRYPTO);

    size_t wrong = 0;
    if (engine == STORE_SQLITE) { /* MIN of BYTEA is not in PostgreSQL 15 */
        assert_ok(store_write(local.core.store, swap_details, &local.tenant_id));
        assert_ok(audit_list_read(local.core.store, &filter, &arena, &items, &count));
        for (size_t i = 0; i < count; i++)
            wrong +=
                audit_details_open(&local.core, &items[i], &arena, &details).code == CX_E_CRYPTO;
        assert_int_equal(wrong, 24);
    }
    core_local_stop(&local);
}

static void test_sqlite(void **state)
{
    (void)state;
    check_listing(STORE_SQLITE);
}

static void test_postgres(void **state)
{
    (void)state;
    check_listing(STORE_POSTGRES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite),
                                       cmocka_unit_test(test_postgres)};
    return cmocka_run_group_tests_name("core/audit/list", tests, setup, teardown);
}
