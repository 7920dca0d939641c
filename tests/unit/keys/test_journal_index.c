/* What the journal remembers, for how long, and what it therefore refuses. */
#include "journal_stand.h"

#include "base/checked.h"

/* Serial 5 once, settled at once, and then again under other names: never, not even after a restart. */
static void a_settled_serial_stays_taken(void **state)
{
    struct fixture *f = *state;
    struct cx_bytes known;
    uint8_t serial[PKI_SERIAL_LEN];
    make_serial(f, 5, serial);
    struct journal_record first = intended(1, serial), second = intended(2, serial);
    assert_ok(journal_intend(f->journal, &first, &f->arena, &f->diag, &known));
    assert_ok(journal_signed(f->journal, first.intent_id, cx_str_bytes(CX_STR("one"))));
    assert_ok(journal_settle(f->journal, &first.intent_id, 1));
    const struct {
        int64_t wait_s;
        bool restart;
        const char *rule;
    } tries[] = {{0, false, "serial-reused"},
                 {JOURNAL_SERIAL_AGE_MAX_S, false, "serial-reused"},
                 {1, false, "serial-stale"},
                 {0, true, "serial-stale"}};
    for (size_t i = 0; i < CX_COUNT_OF(tries); i++) {
        later(f, tries[i].wait_s);
        if (tries[i].restart) {
            close_journal(f);
            assert_ok(reopen(f));
        }
        f->diag = CX_DIAG_INIT;
        assert_true(cx_failed(journal_intend(f->journal, &second, &f->arena, &f->diag, &known)));
        assert_string_equal(f->diag.rule, tries[i].rule);
    }
    pki_serial_stamp(serial,
                     f->at_us + CX_US_PER_S); /* nor one that stays usable after it is forgotten */
    assert_err(journal_intend(f->journal, &second, &f->arena, &f->diag, &known), BUSY);
}

/* A request to sign may be on its way while core settles what it abandoned. */
static void what_may_still_be_asked_is_not_dropped(void **state)
{
    struct fixture *f = *state;
    struct cx_bytes known;
    struct journal_stats stats;
    const struct cx_id ids[] = {{{1}}, {{2}}};
    assert_ok(journal_abandon(f->journal, ids[0], &f->arena, &known));
    assert_ok(intend(f, 2, 2, &known));
    journal_release(f->journal, ids[1]);
    for (int round = 0; round < 2; round++) {
        assert_ok(journal_settle(f->journal, ids, 2));
        journal_get_stats(f->journal, &stats);
        assert_int_equal(stats.unsettled_count, round == 0 ? 2 : 0);
        if (round == 0)
            assert_err(intend(f, 1, 1, &known), POLICY);
        later(f, JOURNAL_SERIAL_AGE_MAX_S + 1);
    }
    close_journal(f);
    assert_ok(reopen(f));
    assert_ok(intend(f, 1, 1, &known)); /* as good as any new id by now */
}

static void unsettled_intents_are_listed_by_pages(void **state)
{
    struct fixture *f = *state;
    struct journal_unsettled rows[2];
    struct cx_bytes known;
    struct cx_id after = {{0}};
    size_t count = 0;
    issue(f, 3, CX_STR("three"));
    assert_ok(intend(f, 1, 1, &known));
    assert_ok(journal_abandon(f->journal, (struct cx_id){{2}}, &f->arena, &known));
    journal_list(f->journal, after, 2, rows, &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].intent_id.b[0], 1);
    assert_int_equal(rows[0].state, JOURNAL_STATE_INTENDED);
    assert_int_equal(rows[0].serial_len, PKI_SERIAL_LEN);
    assert_int_equal(rows[1].intent_id.b[0], 2);
    assert_int_equal(rows[1].state, JOURNAL_STATE_ABANDONED);
    journal_list(f->journal, rows[1].intent_id, 2, rows, &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].intent_id.b[0], 3);
    assert_int_equal(rows[0].state, JOURNAL_STATE_SIGNED);
    assert_int_equal(rows[0].issuer_id.b[0], 8);
}

static void a_log_grows_only_so_fast(void **state)
{
    struct fixture *f = *state;
    const struct cx_id tenant = {{1}};
    uint8_t root[32] = {1};
    cx_clock_fixed(&f->clock, 1000 * CX_US_PER_S); /* when it was opened */
    assert_err(journal_checkpoint(f->journal, tenant, UINT64_MAX, root, &f->diag), POLICY);
    assert_string_equal(f->diag.rule, "checkpoint-jump");
    assert_err(journal_checkpoint(f->journal, tenant, JOURNAL_TREE_START + 1, root, &f->diag),
               POLICY);
    assert_ok(journal_checkpoint(f->journal, tenant, JOURNAL_TREE_START, root, &f->diag));
    assert_err(journal_checkpoint(f->journal, tenant, JOURNAL_TREE_START + 1, root, &f->diag),
               POLICY);
    cx_clock_fixed(&f->clock, 1003 * CX_US_PER_S);
    assert_ok(journal_checkpoint(f->journal, tenant, JOURNAL_TREE_START + 3 * JOURNAL_TREE_RATE,
                                 root, &f->diag));
    assert_err(journal_checkpoint(f->journal, tenant,
                                  JOURNAL_TREE_START + 3 * JOURNAL_TREE_RATE + 1, root, &f->diag),
               POLICY);
    cx_clock_fixed(&f->clock, 1000 * CX_US_PER_DAY); /* a journal from an old backup catches up */
    assert_err(journal_checkpoint(f->journal, tenant, 2 * (uint64_t)JOURNAL_TREE_GROWTH_MAX, root,
                                  &f->diag),
               POLICY);
    assert_ok(journal_checkpoint(f->journal, tenant, JOURNAL_TREE_GROWTH_MAX, root, &f->diag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_settled_serial_stays_taken),
        TEST(what_may_still_be_asked_is_not_dropped),
        TEST(unsettled_intents_are_listed_by_pages),
        TEST(a_log_grows_only_so_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
