#include "os/file.h"
#include "journal_stand.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void path_of(const struct fixture *f, const char *name, char *ret_path)
{
    assert_ok(os_path(ret_path, "%s/%s", f->dir.path, name));
}

static off_t length_of(const struct fixture *f, const char *name)
{
    char path[OS_PATH_MAX];
    struct stat st;
    path_of(f, name, path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void flip(const struct fixture *f, const char *name, off_t offset)
{
    char path[OS_PATH_MAX];
    path_of(f, name, path);
    CX_AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t octet = 0;
    assert_int_equal(pread(fd, &octet, 1, offset), 1);
    octet ^= 0x10;
    assert_int_equal(pwrite(fd, &octet, 1, offset), 1);
}

static void drop(const struct fixture *f, const char *name)
{
    char path[OS_PATH_MAX];
    path_of(f, name, path);
    assert_int_equal(unlink(path), 0);
}

static void expect_state(struct fixture *f, uint8_t n, enum journal_state expected, const char *der)
{
    enum journal_state state = JOURNAL_STATE_ABSENT;
    struct cx_bytes found = CX_BYTES_NONE;
    assert_ok(journal_find(f->journal, (struct cx_id){{n}}, &f->arena, &state, &found));
    assert_int_equal(state, expected);
    assert_bytes(found, der, strlen(der));
}

static void signs_once_and_repeats_the_answer(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("certificate one"));
    struct cx_bytes der = CX_BYTES_NONE;
    assert_ok(intend(f, 1, 1, &der));
    assert_bytes(der, "certificate one", 15);
    close_journal(f);
    assert_ok(reopen(f));
    assert_ok(intend(f, 1, 1, &der));
    assert_bytes(der, "certificate one", 15);
    expect_state(f, 1, JOURNAL_STATE_SIGNED, "certificate one");
    expect_state(f, 2, JOURNAL_STATE_ABSENT, "");
}

static void refuses_other_content_and_reused_serials(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("one"));
    uint8_t serial[PKI_SERIAL_LEN];
    make_serial(f, 1, serial);
    struct journal_record record = intended(1, serial);
    record.hash[0] ^= 1;
    struct cx_bytes der;
    assert_err(journal_intend(f->journal, &record, &f->arena, &f->diag, &der), CONFLICT);
    assert_string_equal(f->diag.rule, "intent-differs");
    assert_err(intend(f, 2, 1, &der), CONFLICT);
    assert_string_equal(f->diag.rule, "serial-reused");
    /* The same number is free at another issuer. */
    record = intended(3, serial);
    record.issuer_id.b[0]++;
    assert_ok(journal_intend(f->journal, &record, &f->arena, &f->diag, &der));
    assert_ok(journal_signed(f->journal, record.intent_id, cx_str_bytes(CX_STR("three"))));
}

static void one_signer_at_a_time_for_an_intent(void **state)
{
    struct fixture *f = *state;
    struct cx_bytes der;
    assert_ok(intend(f, 1, 1, &der));
    assert_err(intend(f, 1, 1, &der), BUSY);
    assert_err(journal_abandon(f->journal, (struct cx_id){{1}}, &f->arena, &der), BUSY);
    journal_release(f->journal, (struct cx_id){{1}});
    assert_err(journal_signed(f->journal, (struct cx_id){{1}}, cx_str_bytes(CX_STR("x"))), USAGE);
    assert_ok(intend(f, 1, 1, &der));
    assert_ok(journal_signed(f->journal, (struct cx_id){{1}}, cx_str_bytes(CX_STR("x"))));
}

static void abandoned_is_never_signed(void **state)
{
    struct fixture *f = *state;
    struct cx_bytes der;
    assert_ok(intend(f, 1, 1, &der));
    journal_release(f->journal, (struct cx_id){{1}});
    assert_ok(journal_abandon(f->journal, (struct cx_id){{1}}, &f->arena, &der));
    assert_ok(
        journal_abandon(f->journal, (struct cx_id){{2}}, &f->arena, &der)); /* never heard of */
    for (int round = 0; round < 2; round++) {
        assert_err(intend(f, 1, 1, &der), POLICY);
        assert_err(intend(f, 2, 2, &der), POLICY);
        assert_string_equal(f->diag.rule, "intent-abandoned");
        expect_state(f, 1, JOURNAL_STATE_ABSENT, "");
        close_journal(f);
        if (round == 0)
            drop(f, "snapshot"); /* once from the records, once from the snapshot */
        assert_ok(reopen(f));
    }
    issue(f, 3, CX_STR("three"));
    assert_err(journal_abandon(f->journal, (struct cx_id){{3}}, &f->arena, &der), CONFLICT);
    assert_bytes(der, "three", 5);
}

static void settling_frees_the_index(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("one"));
    issue(f, 2, CX_STR("two"));
    const struct cx_id ids[] = {{{1}}, {{9}}};
    assert_ok(journal_settle(f->journal, ids, 2));
    struct journal_stats stats;
    journal_get_stats(f->journal, &stats);
    assert_int_equal(stats.unsettled_count, 1);
    assert_int_equal(stats.signed_count, 2);
    assert_int_equal(stats.record_count, 5);
    close_journal(f);
    drop(f, "snapshot");
    assert_ok(reopen(f));
    journal_get_stats(f->journal, &stats);
    assert_int_equal(stats.unsettled_count, 1);
    assert_int_equal(stats.signed_count, 2);
    assert_int_equal(stats.record_count, 5);
    expect_state(f, 1, JOURNAL_STATE_ABSENT, "");
    expect_state(f, 2, JOURNAL_STATE_SIGNED, "two");
}

static void crl_numbers_only_rise(void **state)
{
    struct fixture *f = *state;
    const struct cx_id issuer = {{8}}, other = {{9}};
    uint64_t number = 0;
    assert_ok(journal_crl(f->journal, issuer, 0, 10, &f->diag, &number));
    assert_int_equal(number, 10);
    assert_ok(journal_crl(f->journal, issuer, 0, 3, &f->diag,
                          &number)); /* a restored database asks for an old number */
    assert_int_equal(number, 11);
    assert_ok(journal_crl(f->journal, issuer, 1, 3, &f->diag, &number));
    assert_int_equal(number, 3);
    close_journal(f);
    assert_ok(reopen(f));
    assert_ok(journal_crl(f->journal, issuer, 0, 11, &f->diag, &number));
    assert_int_equal(number, 12);
    assert_ok(journal_crl(f->journal, other, 0, 1, &f->diag, &number));
    assert_int_equal(number, 1);
    /* One call may not use up what there is. */
    assert_err(journal_crl(f->journal, other, 0, UINT64_MAX, &f->diag, &number), POLICY);
    assert_string_equal(f->diag.rule, "crl-number-jump");
    assert_err(journal_crl(f->journal, other, 0, INT64_MAX, &f->diag, &number), POLICY);
    assert_err(journal_crl(f->journal, other, 0, 2 + JOURNAL_CRL_STEP_MAX, &f->diag, &number),
               POLICY);
    assert_ok(journal_crl(f->journal, other, 0, 1 + JOURNAL_CRL_STEP_MAX, &f->diag, &number));
    assert_int_equal(number, 1 + JOURNAL_CRL_STEP_MAX);
}

static void checkpoints_never_shrink_or_fork(void **state)
{
    struct fixture *f = *state;
    const struct cx_id tenant = {{1}};
    uint8_t root[32] = {1}, other[32] = {2};
    assert_ok(journal_checkpoint(f->journal, tenant, 5, root, &f->diag));
    for (int round = 0; round < 2; round++) {
        f->diag = CX_DIAG_INIT;
        assert_err(journal_checkpoint(f->journal, tenant, 4, root, &f->diag), POLICY);
        assert_string_equal(f->diag.rule, "checkpoint-smaller");
        f->diag = CX_DIAG_INIT;
        assert_err(journal_checkpoint(f->journal, tenant, 5, other, &f->diag), POLICY);
        assert_string_equal(f->diag.rule, "checkpoint-split");
        assert_ok(journal_checkpoint(f->journal, tenant, 5, root, &f->diag));
        close_journal(f);
        if (round == 0)
            drop(f, "snapshot");
        assert_ok(reopen(f));
    }
    assert_ok(journal_checkpoint(f->journal, tenant, 6, other, &f->diag));
    assert_ok(journal_checkpoint(f->journal, (struct cx_id){{2}}, 1, other, &f->diag));
}

static void torn_tail_is_cut(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("one"));
    close_journal(f);
    drop(f, "snapshot");
    off_t whole = length_of(f, "00000001.log");
    char path[OS_PATH_MAX];
    path_of(f, "00000001.log", path);
    /* Half a record, as a crash in the middle of a write leaves it; then zeros, as some file
     * systems do. */
    const char *const tails[] = {"CXJ1\x10\0\0\0half a rec",
                                 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"};
    for (size_t i = 0; i < 2; i++) {
        CX_AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        assert_int_equal(write(fd, tails[i], 18), 18);
        assert_ok(reopen(f));
        struct journal_stats stats;
        journal_get_stats(f->journal, &stats);
        assert_int_equal(stats.torn_len, 18);
        assert_int_equal(length_of(f, "00000001.log"), whole);
        expect_state(f, 1, JOURNAL_STATE_SIGNED, "one");
        close_journal(f);
        drop(f, "snapshot");
    }
    assert_ok(reopen(f));
    issue(f, 2, CX_STR("two"));
}

static void damage_in_the_middle_refuses_to_start(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("one"));
    off_t first = length_of(f, "00000001.log");
    issue(f, 2, CX_STR("two"));
    issue(f, 3, CX_STR("three"));
    close_journal(f);
    drop(f, "snapshot");
    drop(f, "durable"); /* the records alone must tell */
    for (off_t offset = 0; offset < first; offset += 7) {
        flip(f, "00000001.log", offset);
        assert_err(reopen(f), PARSE);
        assert_string_equal(f->diag.rule, "journal-damaged");
        flip(f, "00000001.log", offset);
    }
    assert_ok(reopen(f));
    expect_state(f, 3, JOURNAL_STATE_SIGNED, "three");
}

static void durable_records_cannot_vanish(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("one"));
    uint64_t number = 0;
    off_t before = length_of(f, "00000001.log");
    assert_ok(journal_crl(f->journal, (struct cx_id){{8}}, 0, 10, &f->diag, &number));
    close_journal(f);
    drop(f, "snapshot");
    char path[OS_PATH_MAX];
    path_of(f, "00000001.log", path);
    assert_int_equal(truncate(path, before), 0);
    assert_err(reopen(f), PARSE);
    assert_string_equal(f->diag.rule, "journal-damaged");
}

static void snapshot_must_be_ours(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("one"));
    close_journal(f);
    flip(f, "snapshot", 70);
    assert_err(reopen(f), PARSE);
    flip(f, "snapshot", 70);
    const uint8_t other_key[JOURNAL_KEY_LEN] = {43};
    assert_err(open_with(f, other_key), PARSE);
    assert_ok(reopen(f));
}

static void one_process_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct fixture second = {.dir = f->dir, .arena = ARENA_INIT(1024)};
    assert_err(reopen(&second), BUSY);
    assert_string_equal(second.diag.rule, "journal-locked");
}

static cx_err count_visit(const struct journal_frame *frame, const struct journal_record *record,
                          void *arg)
{
    unsigned *counts = arg;
    (void)frame;
    counts[record->type]++;
    return CX_OK;
}

static void segments_follow_each_other(void **state)
{
    struct fixture *f = *state;
    close_journal(f);
    f->segment_max = 600;
    assert_ok(reopen(f));
    for (uint8_t n = 1; n <= 20; n++)
        issue(f, n, CX_STR("a certificate"));
    const struct cx_id one = {{1}};
    assert_ok(journal_settle(f->journal, &one, 1));
    close_journal(f);
    assert_true(length_of(f, "00000005.log") > 0);
    assert_ok(reopen(f));
    expect_state(f, 2, JOURNAL_STATE_SIGNED, "a certificate"); /* read from the first segment */
    expect_state(f, 20, JOURNAL_STATE_SIGNED, "a certificate");
    close_journal(f);
    CX_AUTO_CLOSE int dir_fd = open(f->dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned counts[JOURNAL_TYPE_COUNT] = {0};
    assert_ok(journal_scan(dir_fd, count_visit, counts, &f->diag));
    assert_int_equal(counts[JOURNAL_INTENDED], 20);
    assert_int_equal(counts[JOURNAL_SIGNED], 20);
    assert_int_equal(counts[JOURNAL_SETTLED], 1);
    flip(f, "00000002.log", 100);
    assert_err(journal_scan(dir_fd, count_visit, counts, &f->diag), PARSE);
    flip(f, "00000002.log", 100);
    drop(f, "00000003.log");
    drop(f, "snapshot");
    assert_err(reopen(f), PARSE);
}

static void *issue_many(void *arg)
{
    struct fixture *f = arg;
    static _Atomic uint32_t next = 1000;
    for (int i = 0; i < 100; i++) {
        uint32_t n = next++;
        uint8_t serial[PKI_SERIAL_LEN];
        struct arena arena = ARENA_INIT(4096);
        make_serial(f, n, serial);
        struct journal_record record = intended(0, serial);
        journal_put_u32(record.intent_id.b, n);
        struct cx_bytes der;
        assert_ok(journal_intend(f->journal, &record, &arena, NULL, &der));
        assert_ok(journal_signed(f->journal, record.intent_id, CX_BYTES(serial, 4)));
        arena_clear(&arena);
    }
    return NULL;
}

static void many_waiters_share_a_sync(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, issue_many, f), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    struct journal_stats stats;
    journal_get_stats(f->journal, &stats);
    assert_int_equal(stats.signed_count, 800);
    assert_true(stats.sync_count < 800);
    close_journal(f);
    drop(f, "snapshot");
    assert_ok(reopen(f));
    journal_get_stats(f->journal, &stats);
    assert_int_equal(stats.unsettled_count, 800);
}

/* A process that is killed while it issues: every intent whose journal_intend returned is found
 * again. */
static void survives_kill(void **state)
{
    struct fixture *f = *state;
    close_journal(f);
    f->segment_max = 4096;
    for (int round = 0; round < 5; round++) {
        int pipe_fds[2];
        assert_int_equal(pipe(pipe_fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
            if (cx_failed(reopen(f)))
                _exit(1);
            for (uint8_t n = 1; n < 200; n++) {
                struct cx_bytes der;
                uint8_t id = (uint8_t)(n + 1);
                if (cx_failed(intend(f, id, (uint32_t)(round * 1000 + n), &der)) &&
                    f->diag.rule[0] == 0)
                    _exit(2);
                CX_IGNORE(journal_signed(f->journal, (struct cx_id){{id}},
                                         cx_str_bytes(CX_STR("certificate"))));
                if (write(pipe_fds[1], &id, 1) != 1)
                    _exit(3);
            }
            pause();
        }
        close(pipe_fds[1]);
        uint8_t last = 0;
        for (int i = 0; i < 20 + 30 * round; i++)
            assert_int_equal(read(pipe_fds[0], &last, 1), 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        close(pipe_fds[0]);
        later(f, 100);
        assert_ok(reopen(f));
        for (uint8_t id = 2; id <= last; id++)
            expect_state(f, id, JOURNAL_STATE_SIGNED, "certificate");
        for (uint8_t id = 2; id < 202; id++) {
            const struct cx_id one = {{id}};
            assert_ok(journal_settle(f->journal, &one, 1));
        }
        close_journal(f);
    }
    assert_ok(reopen(f));
}

/* A full disk, as RLIMIT_FSIZE shows it: the act fails, what was there stays, and it works again
 * with room. */
static void full_disk_fails_the_act_only(void **state)
{
    struct fixture *f = *state;
    issue(f, 1, CX_STR("one"));
    off_t before = length_of(f, "00000001.log");
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, previous;
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &previous), 0);
    struct rlimit small = {.rlim_cur = (rlim_t)before + 50, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct cx_bytes der;
    cx_err err = intend(f, 2, 2, &der);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(sigaction(SIGXFSZ, &previous, NULL), 0);
    assert_err(err, IO);
    assert_int_equal(length_of(f, "00000001.log"), before);
    expect_state(f, 2, JOURNAL_STATE_ABSENT, "");
    issue(f, 2, CX_STR("two"));
    close_journal(f);
    drop(f, "snapshot");
    assert_ok(reopen(f));
    expect_state(f, 2, JOURNAL_STATE_SIGNED, "two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(signs_once_and_repeats_the_answer),
        TEST(refuses_other_content_and_reused_serials),
        TEST(one_signer_at_a_time_for_an_intent),
        TEST(abandoned_is_never_signed),
        TEST(settling_frees_the_index),
        TEST(crl_numbers_only_rise),
        TEST(checkpoints_never_shrink_or_fork),
        TEST(torn_tail_is_cut),
        TEST(damage_in_the_middle_refuses_to_start),
        TEST(durable_records_cannot_vanish),
        TEST(snapshot_must_be_ours),
        TEST(one_process_at_a_time),
        TEST(segments_follow_each_other),
        TEST(many_waiters_share_a_sync),
        TEST(survives_kill),
        TEST(full_disk_fails_the_act_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
