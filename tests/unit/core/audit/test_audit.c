/* Entries and changes are one; sequencing survives rivals, crashes and a silent keys process. Both engines. */
#include "tests/lib/test.h"
#include "tests/lib/core_local.h"
#include "base/cleanup.h"
#include "core/access/access.h"
#include "core/audit/audit_internal.h"
#include "core/protect/protect.h"
#include "pki/note.h"
#include "store/rows.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_databases databases;

static int setup(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    return test_databases_start(&databases);
}

static int teardown(void **state)
{
    (void)state;
    test_databases_stop(&databases);
    return 0;
}

typedef void (*engine_test)(struct core_local *local);

static void on_both(engine_test test)
{
    for (int engine = STORE_SQLITE; engine <= STORE_POSTGRES; engine++) {
        if (!test_engine_available(&databases, (enum store_engine)engine))
            continue;
        struct core_local local;
        core_local_start(&local, &databases, (enum store_engine)engine);
        test(&local);
        core_local_stop(&local);
    }
}

struct totals {
    struct cx_id tenant_id;
    int64_t tenants, entries, indexed, highest, tree_size, signed_size, checkpoints;
};

static cx_err read_totals(struct store_tx *tx, void *arg)
{
    struct totals *totals = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT (SELECT COUNT(*) FROM tenant), (SELECT COUNT(*) FROM audit_entry "
                         "WHERE tenant_id = $1), "
                         "(SELECT COUNT(leaf_index) FROM audit_entry WHERE tenant_id = $1), "
                         "(SELECT MAX(leaf_index) FROM audit_entry WHERE tenant_id = $1), "
                         "(SELECT size FROM audit_tree WHERE tenant_id = $1), "
                         "(SELECT MAX(size) FROM audit_checkpoint WHERE tenant_id = $1), "
                         "(SELECT COUNT(*) FROM audit_checkpoint WHERE tenant_id = $1)",
                         &q));
    store_bind_id(q, 1, totals->tenant_id);
    bool row = false;
    CX_TRY(store_step(q, &row));
    totals->tenants = store_col_int(q, 0);
    totals->entries = store_col_int(q, 1);
    totals->indexed = store_col_int(q, 2);
    totals->highest = store_col_is_null(q, 3) ? -1 : store_col_int(q, 3);
    totals->tree_size = store_col_int(q, 4);
    totals->signed_size = store_col_int(q, 5);
    totals->checkpoints = store_col_int(q, 6);
    return CX_OK;
}

static struct totals totals_of(struct core_local *local)
{
    struct totals totals = {.tenant_id = local->tenant_id};
    assert_ok(store_read(local->core.store, read_totals, &totals));
    return totals;
}

static cx_err add_tenant_row(struct store_tx *tx, void *arg)
{
    struct row_tenant row = {
        .tenant_id = *(struct cx_id *)arg, .name = CX_STR("n"), .state = CX_STR("active")};
    return row_tenant_insert(tx, &row);
}

static cx_err add_then_refuse(struct store_tx *tx, void *arg)
{
    CX_TRY(add_tenant_row(tx, arg));
    return CX_ERR(POLICY);
}

static struct audit_event event_of(struct core_local *local)
{
    return (struct audit_event){
        .action = "system.test", .tenant_id = local->tenant_id, .details = CX_STR("{\"n\":1}")};
}

static void check_atomic(struct core_local *local)
{
    struct audit_event event = event_of(local);
    struct cx_id id = {{1}};
    struct totals before = totals_of(local);
    assert_ok(audit_commit(&local->core, &event, add_tenant_row, &id));
    struct totals after = totals_of(local);
    assert_int_equal(after.tenants, before.tenants + 1);
    assert_int_equal(after.entries, before.entries + 1);

    struct cx_id other = {{2}};
    assert_err(audit_commit(&local->core, &event, add_then_refuse, &other), POLICY);
    assert_err(audit_commit(&local->core, &event, add_tenant_row, &id), CONFLICT);
    event.tenant_id =
        (struct cx_id){{99}}; /* the entry cannot be written: no such tenant, no key */
    assert_err(audit_commit(&local->core, &event, add_tenant_row, &other), NOTFOUND);
    event = event_of(local);
    event.action = "Not An Action";
    assert_err(audit_commit(&local->core, &event, add_tenant_row, &other), USAGE);
    event = event_of(local);
    static char big[65 * 1024];
    memset(big, ' ', sizeof(big));
    event.details = (struct cx_str){big, sizeof(big)};
    assert_err(audit_commit(&local->core, &event, add_tenant_row, &other), LIMIT);
    struct totals last = totals_of(local);
    assert_int_equal(last.tenants, after.tenants);
    assert_int_equal(last.entries, after.entries);
}

static void test_change_and_entry_are_one(void **state)
{
    (void)state;
    on_both(check_atomic);
}

/* The action does not happen when its entry cannot be written. */
static void test_full_disk(void **state)
{
    (void)state;
    struct core_local local;
    core_local_start(&local, &databases, STORE_SQLITE);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {300 * 1024, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    static char details[20000];
    memset(details, ' ', sizeof(details));
    details[0] = '{';
    details[sizeof(details) - 1] = '}';
    cx_err result = CX_OK;
    int64_t done = 0;
    for (uint8_t i = 1; i < 200 && cx_is_ok(result); i++) {
        struct audit_event event = event_of(&local);
        event.details = (struct cx_str){details, sizeof(details)};
        struct cx_id id = {{7, i}};
        result = audit_commit(&local.core, &event, add_tenant_row, &id);
        done += cx_is_ok(result);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_err(result, STORE);
    struct totals totals = totals_of(&local);
    assert_int_equal(totals.entries, done);
    assert_int_equal(totals.tenants, done + 1); /* and its own */
    core_local_stop(&local);
}

struct entry_copy {
    struct cx_id tenant_id;
    struct cx_id entry_id;
    struct cx_buf sealed, commitment;
};

static cx_err read_entry(struct store_tx *tx, void *arg)
{
    struct entry_copy *copy = arg;
    cx_buf_reset(&copy->sealed);
    cx_buf_reset(&copy->commitment);
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT entry_id, details, commitment FROM audit_entry WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, copy->tenant_id);
    bool row = false;
    CX_TRY(store_step(q, &row));
    copy->entry_id = store_col_id(q, 0);
    CX_TRY(cx_buf_add(&copy->sealed, store_col_sealed(q, 1).envelope));
    return cx_buf_add(&copy->commitment, store_col_bytes(q, 2));
}

static void test_details_are_sealed_and_committed_to(void **state)
{
    (void)state;
    struct core_local local;
    core_local_start(&local, &databases, STORE_SQLITE);
    struct audit_event event = event_of(&local);
    assert_ok(audit_commit(&local.core, &event, NULL, NULL));
    struct entry_copy copy = {
        .tenant_id = local.tenant_id, .sealed = CX_BUF_INIT(4096), .commitment = CX_BUF_INIT(64)};
    assert_ok(store_read(local.core.store, read_entry, &copy));
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    struct protect_place place = {.tenant_id = local.tenant_id,
                                  PLACE_AUDIT_ENTRY_DETAILS,
                                  .row = cx_id_bytes(&copy.entry_id)};
    struct cx_bytes plaintext;
    assert_ok(protect_open(local.core.protect, &place,
                           (struct cx_sealed){.envelope = cx_buf_view(&copy.sealed)}, &arena,
                           &plaintext));
    assert_bytes(CX_BYTES(plaintext.ptr + AUDIT_SALT_LEN, plaintext.len - AUDIT_SALT_LEN),
                 "{\"n\":1}", 7);
    uint8_t commitment[AUDIT_COMMITMENT_LEN];
    assert_ok(audit_commitment(CX_BYTES(plaintext.ptr, AUDIT_SALT_LEN), CX_BYTES("{\"n\":1}", 7),
                               commitment));
    assert_bytes(cx_buf_view(&copy.commitment), commitment, sizeof(commitment));
    cx_buf_clear(&copy.sealed);
    cx_buf_clear(&copy.commitment);
    core_local_stop(&local);
}

static void commit_many(struct core_local *local, int count)
{
    for (int i = 0; i < count; i++) {
        struct audit_event event = event_of(local);
        event.request_id = (struct cx_id){{(uint8_t)i, 1}};
        event.object_type = CX_ID_CERTIFICATE;
        event.object_id = (struct cx_id){{(uint8_t)i, 2}};
        assert_ok(audit_commit(&local->core, &event, NULL, NULL));
    }
}

static void check_complete(struct core_local *local, int64_t count)
{
    struct totals totals = totals_of(local);
    assert_int_equal(totals.entries, count);
    assert_int_equal(totals.indexed, count);
    assert_int_equal(totals.highest, count - 1); /* unique indexes: no gap, none twice */
    assert_int_equal(totals.tree_size, count);
    assert_int_equal(totals.signed_size, count);
}

/* With one writer at a time an entry has its place in the tree when it is committed, and a change that is refused
 * leaves no gap; with several the sequencer gives out the places. */
static void check_numbered(struct core_local *local)
{
    const bool alone = store_engine_of(local->core.store) == STORE_SQLITE;
    commit_many(local, 5);
    struct audit_event event = event_of(local);
    assert_err(audit_commit(&local->core, &event, add_then_refuse, &(struct cx_id){{9, 9}}),
               POLICY);
    commit_many(local, 2);
    struct totals totals = totals_of(local);
    assert_int_equal(totals.entries, 7);
    assert_int_equal(totals.indexed, alone ? 7 : 0);
    assert_int_equal(totals.tree_size, alone ? 7 : 0);
    assert_ok(audit_start(&local->core, &local->core.audit));
    assert_ok(audit_flush(local->core.audit));
    check_complete(local, 7);
    audit_stop(local->core.audit);
    local->core.audit = NULL;
}

static void test_numbered(void **state)
{
    (void)state;
    on_both(check_numbered);
}

static void check_sequencing(struct core_local *local)
{
    assert_ok(audit_start(&local->core, &local->core.audit));
    commit_many(local, 100);
    assert_ok(audit_flush(local->core.audit));
    check_complete(local, 100);
    assert_ok(audit_flush(local->core.audit)); /* nothing new */
    commit_many(local, AUDIT_BATCH + 7);
    int64_t start_us = cx_monotonic_us();
    while (totals_of(local).signed_size < 100 + AUDIT_BATCH + 7) { /* without being asked */
        assert_true(cx_monotonic_us() - start_us < CX_US_PER_S);
        usleep(10000);
    }
    audit_stop(local->core.audit);
    local->core.audit = NULL;
    check_complete(local, 100 + AUDIT_BATCH + 7);
}

static void test_sequencing(void **state)
{
    (void)state;
    on_both(check_sequencing);
}

static void *flush_thread(void *arg)
{
    static char failed;
    for (int i = 0; i < 10; i++)
        if (cx_failed(audit_flush(arg)))
            return &failed;
    return NULL;
}

/* Two sequencers, as two nodes have them, over one database. */
static void check_rivals(struct core_local *local)
{
    struct audit *rivals[2];
    struct core other = local->core;
    assert_ok(audit_start(&local->core, &rivals[0]));
    assert_ok(audit_start(&other, &rivals[1]));
    for (int round = 0; round < 5; round++) {
        commit_many(local, 40);
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, flush_thread, rivals[i]), 0);
        for (int i = 0; i < 2; i++) {
            void *failed = NULL;
            pthread_join(threads[i], &failed);
            /* A loser may find its checkpoint overtaken; keys refuses the smaller tree and it goes on. */
            (void)failed;
        }
    }
    assert_ok(audit_flush(rivals[0]));
    audit_stop(rivals[0]);
    audit_stop(rivals[1]);
    check_complete(local, 200);
}

static void test_rivals(void **state)
{
    (void)state;
    on_both(check_rivals);
}

/* Entries are numbered, then the process dies before keys signed: the next start signs. */
static void check_crash_before_checkpoint(struct core_local *local)
{
    commit_many(local, 30);
    local->control->fail = CX_ERR(BUSY);
    assert_ok(audit_start(&local->core, &local->core.audit));
    assert_err(audit_flush(local->core.audit), BUSY);
    audit_stop(local->core.audit);
    local->core.audit = NULL;
    struct totals totals = totals_of(local);
    assert_int_equal(totals.tree_size, 30);
    assert_int_equal(totals.checkpoints, 0);

    local->control->fail = CX_OK;
    assert_ok(audit_start(&local->core, &local->core.audit));
    int64_t start_us = cx_monotonic_us();
    while (totals_of(local).signed_size < 30) {
        assert_true(cx_monotonic_us() - start_us < CX_US_PER_S);
        usleep(10000);
    }
    audit_stop(local->core.audit);
    local->core.audit = NULL;
    check_complete(local, 30);
}

static void test_crash_before_checkpoint(void **state)
{
    (void)state;
    on_both(check_crash_before_checkpoint);
}

/* A process killed at any moment of its work: what it committed is sequenced by the next. */
static void test_kill(void **state)
{
    (void)state;
    struct core_local local;
    core_local_start(&local, &databases, STORE_SQLITE);
    char url[TEST_URL_MAX];
    memcpy(url, local.url, sizeof(url));
    store_close(local.core.store);
    local.core.store = NULL;
    struct store_options options = {.url = cx_str_from(url)};
    for (int round = 0; round < 8; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct core core = local.core;
            if (cx_failed(store_open(&options, NULL, &core.store)) ||
                cx_failed(protect_new(&core, &core.protect)) ||
                cx_failed(audit_start(&core, &core.audit)))
                _exit(1);
            local.core = core;
            for (;;)
                commit_many(&local, 1);
        }
        usleep(60000 + (unsigned)round * 37000);
        kill(pid, SIGKILL);
        int status = 0;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
    }
    assert_ok(store_open(&options, NULL, &local.core.store));
    assert_ok(audit_start(&local.core, &local.core.audit));
    assert_ok(audit_flush(local.core.audit));
    audit_stop(local.core.audit);
    struct totals totals = totals_of(&local);
    assert_true(totals.entries > 8);
    check_complete(&local, totals.entries);
    core_local_stop(&local);
}

/* keys remembers more than the database: a put-back database is not signed. */
static void test_put_back_database(void **state)
{
    (void)state;
    struct core_local local;
    core_local_start(&local, &databases, STORE_SQLITE);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    uint8_t root[32] = {1};
    struct cx_str note;
    assert_ok(
        keys_sign_checkpoint(local.core.keys, local.tenant_id, 1000, root, &arena, NULL, &note));
    commit_many(&local, 5);
    assert_ok(audit_start(&local.core, &local.core.audit));
    assert_err(audit_flush(local.core.audit), POLICY);
    audit_stop(local.core.audit);
    assert_int_equal(totals_of(&local).checkpoints, 0);
    core_local_stop(&local);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change_and_entry_are_one),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_details_are_sealed_and_committed_to),
        cmocka_unit_test(test_numbered),
        cmocka_unit_test(test_sequencing),
        cmocka_unit_test(test_rivals),
        cmocka_unit_test(test_crash_before_checkpoint),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_put_back_database),
    };
    return cmocka_run_group_tests_name("core/audit", tests, setup, teardown);
}
