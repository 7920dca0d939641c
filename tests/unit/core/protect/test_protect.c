/* Where keys come from: the cache, its age, the keys process being away, and what is on disk. */
#include "tests/lib/test.h"
#include "tests/lib/database.h"
#include "tests/lib/keys_local.h"
#include "base/cleanup.h"
#include "core/core.h"
#include "core/protect/key_cache.h"
#include "core/protect/protect.h"
#include "store/rows.h"

#include <pthread.h>
#include <unistd.h>

static struct test_databases databases;
static struct core core;
static struct cx_rng rng;
static struct cx_clock clock_;
static struct keys_local *control;
static char url[TEST_URL_MAX];
static const struct cx_id tenant = {{7, 7}};
static const struct protect_place place = {
    .tenant_id = {{7, 7}}, PLACE_AUDIT_ENTRY_DETAILS, .row = {(const uint8_t *)"row", 3}};

static cx_err add_tenant(struct store_tx *tx, void *arg)
{
    struct row_data_key key = {.tenant_id = tenant,
                               .version = 1,
                               .wrapped = *(struct cx_bytes *)arg,
                               .state = CX_STR("active")};
    struct row_tenant row = {.tenant_id = tenant, .name = CX_STR("t"), .state = CX_STR("active")};
    CX_TRY(row_tenant_insert(tx, &row));
    return row_data_key_insert(tx, &key);
}

static int setup(void **state)
{
    (void)state;
    if (test_databases_start(&databases) != 0)
        return -1;
    cx_rng_system(&rng);
    cx_clock_system(&clock_);
    core = (struct core){.clock = &clock_, .rng = &rng};
    core.store = test_store_open(&databases, STORE_SQLITE, url);
    core.keys = keys_local_new(&control);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct cx_bytes wrapped;
    if (cx_failed(protect_new(&core, &core.protect)) ||
        cx_failed(protect_tenant_key(&core, tenant, &arena, &wrapped)) ||
        cx_failed(store_write(core.store, add_tenant, &wrapped)))
        return -1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    protect_free(core.protect);
    store_close(core.store);
    keys_local_free(core.keys);
    test_databases_stop(&databases);
    return 0;
}

static void forget_keys(void)
{
    protect_free(core.protect);
    assert_ok(protect_new(&core, &core.protect));
}

static void test_one_unwrapping_serves_many(void **state)
{
    (void)state;
    forget_keys();
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    unsigned before = control->unwrap_count;
    struct cx_sealed sealed;
    struct cx_bytes opened;
    for (int i = 0; i < 100; i++) {
        assert_ok(protect_seal(core.protect, &place, CX_BYTES(&i, sizeof(i)), &arena, &sealed));
        assert_ok(protect_open(core.protect, &place, sealed, &arena, &opened));
        assert_bytes(opened, &i, sizeof(i));
    }
    assert_int_equal(control->unwrap_count - before, 1);
}

static void *open_once(void *arg)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct cx_bytes opened;
    cx_err err = protect_open(core.protect, &place, *(struct cx_sealed *)arg, &arena, &opened);
    return cx_is_ok(err) ? NULL : arg;
}

static void test_threads_share_one_unwrapping(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct cx_sealed sealed;
    assert_ok(protect_seal(core.protect, &place, CX_BYTES("x", 1), &arena, &sealed));
    forget_keys();
    unsigned before = control->unwrap_count;
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_once, &sealed), 0);
    for (int i = 0; i < 8; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(control->unwrap_count - before, 1);
}

static void test_keys_away(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct cx_sealed sealed;
    struct cx_bytes opened;
    assert_ok(protect_seal(core.protect, &place, CX_BYTES("x", 1), &arena, &sealed));
    control->fail = CX_ERR(BUSY);
    assert_ok(protect_open(core.protect, &place, sealed, &arena, &opened)); /* still cached */
    forget_keys();
    assert_err(protect_open(core.protect, &place, sealed, &arena, &opened), BUSY);
    control->fail = CX_ERR(IO);
    assert_err(protect_seal(core.protect, &place, CX_BYTES("x", 1), &arena, &sealed), BUSY);
    control->fail = CX_ERR(POLICY); /* the key-encryption key was withdrawn: the tenant is dark */
    assert_err(protect_open(core.protect, &place, sealed, &arena, &opened), POLICY);
    control->fail = CX_OK;
    assert_ok(protect_open(core.protect, &place, sealed, &arena, &opened));
}

static void test_unknown_tenant_and_version(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct protect_place other = place;
    other.tenant_id.b[3] = 9;
    struct cx_sealed sealed;
    assert_err(protect_seal(core.protect, &other, CX_BYTES("x", 1), &arena, &sealed), NOTFOUND);
    assert_ok(protect_seal(core.protect, &place, CX_BYTES("x", 1), &arena, &sealed));
    uint8_t copy[200];
    memcpy(copy, sealed.envelope.ptr, sealed.envelope.len);
    struct cx_sealed altered = {.envelope = CX_BYTES(copy, sealed.envelope.len)};
    struct cx_bytes opened;
    copy[23] = 2; /* a version that does not exist */
    assert_err(protect_open(core.protect, &place, altered, &arena, &opened), CRYPTO);
    copy[23] = 0;
    assert_err(protect_open(core.protect, &place, altered, &arena, &opened), CRYPTO);
}

static void test_cache_forgets(void **state)
{
    (void)state;
    struct key_cache *cache = NULL;
    uint8_t data_key[32] = {1};
    assert_ok(key_cache_new(80 * 1000, &cache));
    struct key_cache_entry *lent = NULL;
    assert_ok(key_cache_put(cache, tenant, 3, CX_BYTES(data_key, 32), true, &lent));
    struct key_cache_entry *again = key_cache_borrow(cache, tenant, 0);
    assert_ptr_equal(again, lent);
    key_cache_return(cache, again);
    assert_null(key_cache_borrow(cache, tenant, 2));
    usleep(120 * 1000);
    assert_null(key_cache_borrow(cache, tenant, 0)); /* too old to be lent again … */
    assert_null(key_cache_borrow(cache, tenant, 3));
    assert_int_equal(key_cache_key(lent)->version, 3); /* … but whole until it is returned */
    assert_int_equal(key_cache_count(cache), 0);
    key_cache_return(cache, lent);

    for (uint32_t i = 1; i <= KEY_CACHE_MAX + 10; i++) { /* bounded */
        assert_ok(key_cache_put(cache, tenant, i, CX_BYTES(data_key, 32), false, &lent));
        key_cache_return(cache, lent);
        assert_true(key_cache_count(cache) <= KEY_CACHE_MAX);
    }
    assert_int_equal(PROTECT_CACHE_S, 60);
    key_cache_free(cache);
}

static cx_err add_entry(struct store_tx *tx, void *arg)
{
    struct row_audit_entry row = {.tenant_id = tenant,
                                  .entry_id = {{1}},
                                  .action = CX_STR("test"),
                                  .outcome = CX_STR("done"),
                                  .commitment = CX_BYTES("c", 1),
                                  .details = *(struct cx_sealed *)arg};
    return row_audit_entry_insert(tx, &row);
}

/* A canary that was sealed is nowhere in the database files. */
static void test_canary_is_not_on_disk(void **state)
{
    (void)state;
    static const char canary[] = "canary-5f0c9d1e-ada.lovelace@example.org";
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct cx_sealed sealed;
    assert_ok(
        protect_seal(core.protect, &place, CX_BYTES(canary, sizeof(canary) - 1), &arena, &sealed));
    assert_ok(store_write(core.store, add_entry, &sealed));
    size_t seen = 0;
    const char *const suffixes[] = {"", "-wal"};
    for (int i = 0; i < 2; i++) {
        char path[TEST_URL_MAX + 8];
        snprintf(path, sizeof(path), "%s%s", url + strlen("sqlite:"), suffixes[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        static uint8_t content[4 << 20];
        size_t len = fread(content, 1, sizeof(content), file);
        fclose(file);
        seen += memmem(content, len, sealed.envelope.ptr, sealed.envelope.len) != NULL;
        assert_null(memmem(content, len, canary, 16));
    }
    assert_true(seen >= 1); /* we looked in the right place */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_unwrapping_serves_many),
        cmocka_unit_test(test_threads_share_one_unwrapping),
        cmocka_unit_test(test_keys_away),
        cmocka_unit_test(test_unknown_tenant_and_version),
        cmocka_unit_test(test_cache_forgets),
        cmocka_unit_test(test_canary_is_not_on_disk),
    };
    return cmocka_run_group_tests_name("core/protect", tests, setup, teardown);
}
