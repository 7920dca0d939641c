/* Schema versions: fresh, repeated, concurrent, newer and altered schemas, on both engines. */
#include "tests/lib/test.h"
#include "tests/lib/database.h"
#include "store/store_internal.h"

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

static cx_err run_sql(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, arg, &q));
    return store_exec(q);
}

static void check_versions(enum store_engine engine)
{
    if (!test_engine_available(&databases, engine))
        skip();
    char url[TEST_URL_MAX];
    test_database_url(&databases, engine, url);
    struct store_options options = {.url = cx_str_from(url)};
    struct store *store = NULL;
    struct cx_diag diag = CX_DIAG_INIT;

    assert_true(cx_failed(store_open(&options, &diag, &store))); /* empty: never migrated */
    diag = CX_DIAG_INIT;
    assert_ok(store_migrate(&options, &diag));
    assert_ok(store_migrate(&options, &diag)); /* nothing to do */
    assert_ok(store_open(&options, &diag, &store));
    static char newer[] = "INSERT INTO schema_migration (version, name, sha256, applied_us) "
                          "VALUES (9999, 'future', '', 0)";
    assert_ok(store_write(store, run_sql, newer));
    store_close(store);
    store = NULL;

    assert_err(store_open(&options, &diag, &store), CONFLICT);
    assert_string_equal(diag.rule, "schema-newer");
    diag = CX_DIAG_INIT;
    assert_err(store_migrate(&options, &diag), CONFLICT);
    assert_string_equal(diag.rule, "schema-newer");
    assert_null(store);
}

static void test_versions_sqlite(void **state)
{
    (void)state;
    check_versions(STORE_SQLITE);
}

static void test_versions_postgres(void **state)
{
    (void)state;
    check_versions(STORE_POSTGRES);
}

static void test_older_schema_is_refused(void **state)
{
    (void)state;
    char url[TEST_URL_MAX];
    struct store *store = test_store_open(&databases, STORE_SQLITE, url);
    static char older[] = "DELETE FROM schema_migration WHERE version > 0";
    assert_ok(store_write(store, run_sql, older));
    store_close(store);
    store = NULL;
    struct store_options options = {.url = cx_str_from(url)};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(store_open(&options, &diag, &store), CONFLICT);
    assert_string_equal(diag.rule, "schema-older");
}

static void test_altered_migration_is_refused(void **state)
{
    (void)state;
    char url[TEST_URL_MAX];
    struct store *store = test_store_open(&databases, STORE_SQLITE, url);
    static char altered[] = "UPDATE schema_migration SET sha256 = 'other'";
    assert_ok(store_write(store, run_sql, altered));
    store_close(store);
    struct store_options options = {.url = cx_str_from(url)};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(store_migrate(&options, &diag), CONFLICT);
    assert_string_equal(diag.rule, "schema-differs");
}

/* A domain's next migration may have a lower number than what another domain has already brought. */
static void test_one_that_is_lacking_is_applied(void **state)
{
    (void)state;
    char url[TEST_URL_MAX];
    struct store *store = test_store_open(&databases, STORE_SQLITE, url);
    static char forget[] = "DELETE FROM schema_migration WHERE version = 6", /* drill_clock */
        drop[] = "DROP TABLE drill_clock", use[] = "DELETE FROM drill_clock";
    assert_ok(store_write(store, run_sql, forget));
    assert_ok(store_write(store, run_sql, drop));
    store_close(store);
    store = NULL;
    struct store_options options = {.url = cx_str_from(url)};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(store_open(&options, &diag, &store), CONFLICT);
    assert_string_equal(diag.rule, "schema-older");
    diag = CX_DIAG_INIT;
    assert_ok(store_migrate(&options, &diag));
    assert_ok(store_open(&options, &diag, &store));
    assert_ok(store_write(store, run_sql, use));
    store_close(store);
}

static void *migrate_thread(void *arg)
{
    struct store_options options = {.url = cx_str_from(arg)};
    struct cx_diag diag = CX_DIAG_INIT;
    static char failed;
    if (cx_is_ok(store_migrate(&options, &diag)))
        return NULL;
    fprintf(stderr, "%s\n", diag.text);
    return &failed;
}

static void migrate_at_once(enum store_engine engine)
{
    if (!test_engine_available(&databases, engine))
        skip();
    char url[TEST_URL_MAX];
    test_database_url(&databases, engine, url);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_thread, url), 0);
    void *failed[4] = {NULL};
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], &failed[i]);
    for (int i = 0; i < 4; i++)
        assert_null(failed[i]);
    struct store *store = NULL;
    struct store_options options = {.url = cx_str_from(url)};
    assert_ok(store_open(&options, NULL, &store));
    store_close(store);
}

static void test_concurrent_sqlite(void **state)
{
    (void)state;
    migrate_at_once(STORE_SQLITE);
}

static void test_concurrent_postgres(void **state)
{
    (void)state;
    migrate_at_once(STORE_POSTGRES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_sqlite),
        cmocka_unit_test(test_versions_postgres),
        cmocka_unit_test(test_older_schema_is_refused),
        cmocka_unit_test(test_altered_migration_is_refused),
        cmocka_unit_test(test_one_that_is_lacking_is_applied),
        cmocka_unit_test(test_concurrent_sqlite),
        cmocka_unit_test(test_concurrent_postgres),
    };
    return cmocka_run_group_tests_name("store/migrate", tests, setup, teardown);
}
