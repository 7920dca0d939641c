/* The same statements on both engines: types, conflicts, rollback, snapshots. */
#include "tests/lib/test.h"
#include "tests/lib/database.h"
#include "store/rows.h"

static struct test_databases databases;
static struct store *stores[2];

static int setup(void **state)
{
    (void)state;
    if (test_databases_start(&databases) != 0)
        return -1;
    for (int engine = STORE_SQLITE; engine <= STORE_POSTGRES; engine++)
        if (test_engine_available(&databases, engine))
            stores[engine] = test_store_open(&databases, engine, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(stores[STORE_SQLITE]);
    store_close(stores[STORE_POSTGRES]);
    test_databases_stop(&databases);
    return 0;
}

/* Runs a test body once for each engine that is there. */
#define EACH_STORE(store)                                                                          \
    for (struct store **at_ = stores, *store = *at_; at_ < stores + 2;                             \
         at_++, store = at_ < stores + 2 ? *at_ : NULL)                                            \
        if (store)

static struct cx_id id_of(uint8_t first, uint8_t last)
{
    struct cx_id id = {{0}};
    id.b[0] = first;
    id.b[15] = last;
    return id;
}

static cx_err add_tenant(struct store_tx *tx, void *arg)
{
    struct row_tenant row = {.tenant_id = *(struct cx_id *)arg,
                             .name = CX_STR("Ünïted"),
                             .state = CX_STR("active"),
                             .created_us = INT64_MIN};
    return row_tenant_insert(tx, &row);
}

struct found {
    bool row;
    int64_t created_us, count;
    char name[32];
    struct cx_id id;
};

static cx_err find_tenant(struct store_tx *tx, void *arg)
{
    struct found *found = arg;
    struct cx_id wanted = found->id;
    *found = (struct found){.id = wanted};
    struct store_stmt *q = NULL;
    /* $2 comes first in the text: numbers count, not places. */
    CX_TRY(store_prepare(
        tx,
        "SELECT created_us, name, tenant_id, (SELECT COUNT(*) FROM tenant) FROM tenant "
        "WHERE state = $2 AND tenant_id = $1",
        &q));
    store_bind_id(q, 1, wanted);
    store_bind_text(q, 2, CX_STR("active"));
    CX_TRY(store_step(q, &found->row));
    if (!found->row)
        return CX_OK;
    found->created_us = store_col_int(q, 0);
    found->id = store_col_id(q, 2);
    found->count = store_col_int(q, 3);
    struct cx_str name = store_col_text(q, 1);
    memcpy(found->name, name.ptr, name.len);
    bool more = true;
    CX_TRY(store_step(q, &more));
    return more ? CX_ERR(INTERNAL) : CX_OK;
}

static void test_insert_and_find(void **state)
{
    (void)state;
    EACH_STORE(store)
    {
        struct cx_id id = id_of(1, 0);
        assert_ok(store_write(store, add_tenant, &id));
        struct found found = {.id = id};
        assert_ok(store_read(store, find_tenant, &found));
        assert_true(found.row);
        assert_true(found.created_us == INT64_MIN);
        assert_string_equal(found.name, "Ünïted");
        assert_true(cx_id_eq(found.id, id));
        assert_true(found.count >= 1);
        found.id = id_of(1, 99);
        assert_ok(store_read(store, find_tenant, &found));
        assert_false(found.row);
    }
}

static void test_conflicts(void **state)
{
    (void)state;
    EACH_STORE(store)
    {
        struct cx_id id = id_of(2, 0);
        assert_ok(store_write(store, add_tenant, &id));
        assert_err(store_write(store, add_tenant, &id), CONFLICT);
    }
}

static cx_err add_orphan_key(struct store_tx *tx, void *arg)
{
    struct row_data_key row = {.tenant_id = id_of(3, 200),
                               .version = *(int64_t *)arg,
                               .wrapped = CX_BYTES("w", 1),
                               .state = CX_STR("active")};
    cx_err added = row_data_key_insert(tx, &row);
    if (cx_failed(added) && !store_tx_error(tx)[0])
        return CX_ERR(INTERNAL); /* the database's words must be there */
    return added;
}

static void test_foreign_key_and_check(void **state)
{
    (void)state;
    EACH_STORE(store)
    {
        int64_t version = 1, bad = 0;
        assert_err(store_write(store, add_orphan_key, &version), CONFLICT);
        assert_err(store_write(store, add_orphan_key, &bad), CONFLICT);
    }
}

static cx_err add_then_fail(struct store_tx *tx, void *arg)
{
    CX_TRY(add_tenant(tx, arg));
    return CX_ERR(POLICY);
}

static cx_err fail_then_claim_success(struct store_tx *tx, void *arg)
{
    struct cx_id other = id_of(4, 1);
    CX_TRY(add_tenant(tx, &other));
    CX_IGNORE(add_tenant(tx, arg)); /* conflicts; the closure hides it */
    struct store_stmt *q = NULL;
    CX_IGNORE(store_prepare(tx, "SELECT 1", &q));
    return CX_OK;
}

static void test_a_failed_closure_leaves_nothing(void **state)
{
    (void)state;
    EACH_STORE(store)
    {
        struct cx_id id = id_of(4, 0);
        assert_err(store_write(store, add_then_fail, &id), POLICY);
        struct found found = {.id = id};
        assert_ok(store_read(store, find_tenant, &found));
        assert_false(found.row);

        assert_ok(store_write(store, add_tenant, &id));
        assert_err(store_write(store, fail_then_claim_success, &id), CONFLICT);
        found.id = id_of(4, 1);
        assert_ok(store_read(store, find_tenant, &found));
        assert_false(found.row);
    }
}

static cx_err write_in_read(struct store_tx *tx, void *arg)
{
    return add_tenant(tx, arg);
}

static void test_reads_cannot_write(void **state)
{
    (void)state;
    EACH_STORE(store)
    {
        struct cx_id id = id_of(5, 0);
        assert_true(cx_failed(store_read(store, write_in_read, &id)));
        struct found found = {.id = id};
        assert_ok(store_read(store, find_tenant, &found));
        assert_false(found.row);
    }
}

static cx_err nest(struct store_tx *tx, void *arg)
{
    (void)tx;
    struct cx_id id = id_of(6, 0);
    return store_write(arg, add_tenant, &id);
}

static void test_closures_do_not_nest(void **state)
{
    (void)state;
    EACH_STORE(store)
    {
        assert_err(store_write(store, nest, store), USAGE);
        assert_err(store_read(store, nest, store), USAGE);
    }
}

struct bytes_case {
    struct cx_bytes in;
    struct cx_buf out;
    bool null;
    int64_t sum;
};

static cx_err round_trip(struct store_tx *tx, void *arg)
{
    struct bytes_case *it = arg;
    cx_buf_reset(&it->out);
    struct row_data_key row = {.tenant_id = id_of(7, 0),
                               .version = 1,
                               .wrapped = it->in,
                               .state = CX_STR("active"),
                               .created_us = INT64_MAX};
    CX_TRY(row_data_key_insert(tx, &row));
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT wrapped, (SELECT user_id FROM audit_entry WHERE tenant_id = $1), "
                         "(SELECT SUM(version) FROM data_key WHERE tenant_id = $1) "
                         "FROM data_key WHERE tenant_id = $1 LIMIT $2",
                         &q));
    store_bind_id(q, 1, row.tenant_id);
    store_bind_int(q, 2, 1);
    bool found = false;
    CX_TRY(store_step(q, &found));
    if (!found)
        return CX_ERR(INTERNAL);
    it->null =
        store_col_is_null(q, 1) && store_col_int(q, 1) == 0 && store_col_bytes(q, 1).len == 0;
    it->sum = store_col_int(q, 2);
    CX_TRY(cx_buf_add(&it->out, store_col_bytes(q, 0)));
    CX_TRY(store_prepare(tx, "DELETE FROM data_key WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, row.tenant_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(INTERNAL);
}

static void test_bytes_round_trip(void **state)
{
    (void)state;
    static uint8_t big[300000];
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)(i * 31 >> 3);
    EACH_STORE(store)
    {
        struct cx_id id = id_of(7, 0);
        assert_ok(store_write(store, add_tenant, &id));
        const size_t sizes[] = {1, 0, 16, 255, sizeof(big)};
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct bytes_case it = {.in = CX_BYTES(big, sizes[i]), .out = CX_BUF_INIT(1 << 20)};
            assert_ok(store_write(store, round_trip, &it));
            assert_bytes(cx_buf_view(&it.out), big, sizes[i]);
            assert_true(it.null);
            assert_int_equal(it.sum, 1);
            cx_buf_clear(&it.out);
        }
    }
}

static cx_err bind_wrong(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT name FROM tenant WHERE state = $1", &q));
    store_bind_int(q, *(int *)arg, 1);
    bool row = false;
    return store_step(q, &row);
}

static void test_a_wrong_index_is_refused(void **state)
{
    (void)state;
    int wrong[] = {0, -1, 100000};
    EACH_STORE(store)
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_err(store_read(store, bind_wrong, &wrong[i]), USAGE);
}

static cx_err bad_sql(struct store_tx *tx, void *arg)
{
    (void)arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT nothing FROM nowhere", &q));
    return store_exec(q);
}

static void test_wrong_sql_is_a_bug_not_a_crash(void **state)
{
    (void)state;
    EACH_STORE(store)
    assert_err(store_read(store, bad_sql, NULL), INTERNAL);
}

/* A NULL first, then text in its place: PostgreSQL has to prepare the statement again. */
static cx_err null_then_text(struct store_tx *tx, void *arg)
{
    int64_t *ret_sum = arg;
    *ret_sum = 0;
    for (int i = 0; i < 4; i++) {
        struct store_stmt *q = NULL;
        CX_TRY(store_prepare(tx, "SELECT COALESCE(length($1), 40) + $2", &q));
        if (i % 2)
            store_bind_text(q, 1, CX_STR("abc"));
        else
            store_bind_null(q, 1);
        store_bind_int(q, 2, INT64_C(1) << 40);
        bool row = false;
        CX_TRY(store_step(q, &row));
        *ret_sum += store_col_int(q, 0) - (INT64_C(1) << 40);
    }
    return CX_OK;
}

static void test_null_parameters(void **state)
{
    (void)state;
    EACH_STORE(store)
    {
        int64_t sum = 0;
        assert_ok(store_read(store, null_then_text, &sum));
        assert_int_equal(sum, 86);
    }
}

static void test_urls(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    struct store_options options = {.url = CX_STR("mysql://localhost/x")};
    assert_err(store_open(&options, &diag, &store), USAGE);
    assert_string_equal(diag.rule, "database-url");
    diag = CX_DIAG_INIT;
    options.url = CX_STR("sqlite:/nonexistent/folder/x.db");
    assert_err(store_open(&options, &diag, &store), STORE);
    assert_err(store_migrate(&options, &diag), STORE);
    assert_non_null(strstr(diag.text, "/nonexistent/folder/x.db"));
    diag = CX_DIAG_INIT;
    options.url = CX_STR("postgresql://nobody@/none?host=/nonexistent");
    assert_err(store_open(&options, &diag, &store), STORE);
    assert_true(diag.text[0]);
    assert_null(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert_and_find),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_foreign_key_and_check),
        cmocka_unit_test(test_a_failed_closure_leaves_nothing),
        cmocka_unit_test(test_reads_cannot_write),
        cmocka_unit_test(test_closures_do_not_nest),
        cmocka_unit_test(test_bytes_round_trip),
        cmocka_unit_test(test_a_wrong_index_is_refused),
        cmocka_unit_test(test_wrong_sql_is_a_bug_not_a_crash),
        cmocka_unit_test(test_null_parameters),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests_name("store/store", tests, setup, teardown);
}
