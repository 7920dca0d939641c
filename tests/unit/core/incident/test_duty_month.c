/* A month of an incident on an injected clock: every due date as it comes up, from first report to resolution. */
#include "tests/lib/test.h"

#include "core/incident/duty.h"
#include "core/incident/rule_set.h"

enum { LINE_MAX_LEN = 160, LINES_MAX = 128 };

struct month {
    struct arena arena;
    struct rule_set *set;
    const struct rule_pack *packs;
    size_t pack_count;
    struct cx_clock clock;
    struct duty_entry entries[64];
    struct duty_case incident;
};

static cx_time day(int day_of_september, int hour)
{
    const struct cx_civil civil = {.year = 2026, .month = 9, .day = day_of_september, .hour = hour};
    cx_time us = 0;
    assert_ok(cx_time_from_civil(&civil, &us));
    return us;
}

static struct duty_entry *enter(struct month *month, enum incident_kind kind)
{
    struct duty_entry *entry = &month->entries[month->incident.entry_count++];
    *entry = (struct duty_entry){
        .seq = (int64_t)month->incident.entry_count, .kind = kind, .at_us = cx_now(&month->clock)};
    return entry;
}

static void month_start(struct month *month, enum incident_type type)
{
    struct cx_diag diag = CX_DIAG_INIT;
    *month = (struct month){.arena = ARENA_INIT(32 << 20)};
    assert_ok(rule_set_new(rule_texts, rule_text_count, &diag, &month->set));
    month->packs = rule_set_packs(month->set, &month->pack_count);
    month->incident = (struct duty_case){.type = type,
                                         .severity = SEVERITY_HIGH,
                                         .tracks = 1u << TRACK_PUBLIC | 1u << TRACK_CUSTOMER,
                                         .certificates = 1u << CERTIFICATES_TLS,
                                         .entries = month->entries};
    cx_clock_fixed(&month->clock, day(1, 8));
}

static void month_stop(struct month *month)
{
    rule_set_free(month->set);
    arena_clear(&month->arena);
}

static struct duty_list list(struct month *month)
{
    struct duty_list made = {0};
    assert_ok(duty_list_make(month->packs, month->pack_count, &month->incident,
                             cx_now(&month->clock), &month->arena, &made));
    return made;
}

/* What people did, by day of the month; everything at 08:00. */
static void live(struct month *month, int day_of_month)
{
    cx_clock_fixed(&month->clock, day(day_of_month, 8));
    switch (day_of_month) {
    case 1:
        enter(month, KIND_AWARE);
        enter(month, KIND_CONFIRMED);
        enter(month, KIND_LEAF_REVOCATION_REQUIRED)->item = 12;
        enter(month, KIND_MICROSOFT_NOTIFIED);
        break;
    case 2:
        enter(month, KIND_CUSTOMERS_NOTIFIED);
        enter(month, KIND_MICROSOFT_FINAL_SENT);
        break;
    case 4:
        enter(month, KIND_DISCLOSED); /* the last moment of the 72 hours */
        break;
    case 5:
        enter(month, KIND_REVOCATION_PUBLISHED);
        break;
    case 9:
        enter(month, KIND_COMMENT_RECEIVED)->subject = CX_STR("c1");
        break;
    case 12: /* a day late */
        enter(month, KIND_UPDATE_POSTED);
        break;
    case 15:
        enter(month, KIND_COMMENT_ANSWERED)->subject = CX_STR("c1");
        break;
    case 18: {
        enter(month, KIND_FULL_REPORT_POSTED);
        struct duty_entry *next = enter(month, KIND_NEXT_UPDATE_SET);
        next->has_due = true;
        next->due_us = day(28, 0);
        break;
    }
    case 22:
        enter(month, KIND_ACTION_ITEM_CHANGED);
        break;
    case 24:
        enter(month, KIND_UPDATE_POSTED);
        break;
    case 29:
        enter(month, KIND_CLOSURE_REQUESTED);
        break;
    case 30:
        enter(month, KIND_RESOLVED);
        break;
    default:
        break;
    }
}

/* Every duty of the month: start, deadline, state at its end. Golden, worked out by hand. */
static const char *const EXPECTED[] = {
    "ccadb-irg/p1-first-disclosure 09-01 09-04 met",
    "cabf-tls-br/r5-revoke-leaf-soon 09-01 09-02 met_late",
    "cabf-tls-br/r5-revoke-leaf 09-01 09-06 met",
    "service/customer-notice 09-01 09-02 met",
    "microsoft-trp/g2-first-notice 09-01 09-02 met",
    "microsoft-trp/g2-daily-update 09-01 09-02 ended",
    "ccadb-irg/p2-full-report 09-04 09-18 met",
    "ccadb-irg/p3-answer-comment 09-09 09-16 met",
    "ccadb-irg/p3-answer-comment-soon 09-09 09-10 met_late",
    "ccadb-irg/p5-weekly-update 09-04 09-11 met_late",
    "ccadb-irg/p5-weekly-update 09-12 09-19 met",
    "ccadb-irg/p5-weekly-update 09-18 09-25 replaced",
    "ccadb-irg/p4-next-update 09-18 09-28 met",
    "ccadb-irg/p6-action-item 09-22 09-25 met",
    "ccadb-irg/p5-weekly-update 09-24 10-01 ended",
    "ccadb-irg/p12-efficacy-3 09-30 12-30 pending",
    "ccadb-irg/p12-efficacy-6 09-30 03-30 pending",
    "ccadb-irg/p12-efficacy-12 09-30 09-30 pending",
};

static void describe(const struct duty *duty, char line[static LINE_MAX_LEN])
{
    struct cx_civil start, deadline;
    assert_ok(cx_civil_from_time(duty->start_us, &start));
    assert_ok(cx_civil_from_time(duty->deadline_us, &deadline));
    snprintf(line, LINE_MAX_LEN, "%.*s/%.*s %02d-%02d %02d-%02d %s", CX_STR_ARG(duty->pack->name),
             CX_STR_ARG(duty->rule->id), start.month, start.day, deadline.month, deadline.day,
             duty_state_name(duty->state));
}

static void every_due_date_of_a_month(void **state)
{
    (void)state;
    struct month month;
    month_start(&month, INCIDENT_MISISSUANCE);
    for (int i = 1; i <= 30; i++)
        live(&month, i);
    struct duty_list made = list(&month);
    bool seen[sizeof(EXPECTED) / sizeof(EXPECTED[0])] = {false};
    for (size_t i = 0; i < made.count; i++) {
        char line[LINE_MAX_LEN];
        bool known = false;
        describe(&made.duties[i], line);
        for (size_t j = 0; j < sizeof(seen); j++) {
            known = known || strcmp(EXPECTED[j], line) == 0;
            seen[j] = seen[j] || strcmp(EXPECTED[j], line) == 0;
        }
        if (!known)
            fail_msg("unexpected: %s", line);
    }
    for (size_t j = 0; j < sizeof(seen); j++)
        if (!seen[j])
            fail_msg("missing: %s", EXPECTED[j]);
    month_stop(&month);
}

/* What is due next changes with the clock alone; nothing that is overdue ever leaves without being met. */
static void the_clock_alone_makes_it_late(void **state)
{
    (void)state;
    struct month month;
    month_start(&month, INCIDENT_MISISSUANCE);
    enter(&month, KIND_AWARE);
    size_t overdue_before = 0;
    for (int i = 1; i <= 30; i++) {
        cx_clock_fixed(&month.clock, day(i, 9));
        struct duty_list made = list(&month);
        size_t overdue = 0;
        for (size_t j = 0; j < made.count; j++) {
            assert_int_equal(made.duties[j].state == DUTY_OVERDUE,
                             made.duties[j].deadline_us < cx_now(&month.clock));
            overdue += made.duties[j].state == DUTY_OVERDUE;
        }
        assert_true(overdue >= overdue_before);
        overdue_before = overdue;
    }
    assert_int_equal(overdue_before, 2); /* first disclosure, and the first notice to Microsoft */
    month_stop(&month);
}

/* Delayed revocation: counts at least weekly, and the audit statement after the period. */
static void delayed_revocation_has_its_own_clocks(void **state)
{
    (void)state;
    struct month month;
    month_start(&month, INCIDENT_DELAYED_REVOCATION);
    enter(&month, KIND_AWARE);
    enter(&month, KIND_DISCLOSED);
    for (int i = 8; i <= 29; i += 7) {
        cx_clock_fixed(&month.clock, day(i, 8));
        enter(&month, KIND_DELAY_COUNTS_POSTED);
    }
    size_t met = 0, pending = 0;
    struct duty_list made = list(&month);
    for (size_t i = 0; i < made.count; i++) {
        if (!cx_str_is(made.duties[i].rule->id, "p7-delay-counts"))
            continue;
        met += made.duties[i].state == DUTY_MET;
        pending += made.duties[i].state == DUTY_PENDING;
    }
    assert_int_equal(met, 4);
    assert_int_equal(pending, 1);
    month_stop(&month);
}

/* A duty whose own date is later than its pack's: either side of it. */
static void a_duty_with_a_date_of_its_own(void **state)
{
    (void)state;
    struct month month;
    month_start(&month, INCIDENT_OBLIGATION);
    for (int after = 0; after <= 1; after++) {
        month.incident.entry_count = 0;
        const struct cx_civil first = {.year = 2027, .month = 7, .day = 1};
        cx_time from_us = 0;
        size_t found = 0;
        assert_ok(cx_time_from_civil(&first, &from_us));
        enter(&month, KIND_CONTROLS_REPORT_REQUESTED)->at_us = from_us - (after ? 0 : 1);
        struct duty_list made = list(&month);
        for (size_t i = 0; i < made.count; i++)
            found += cx_str_is(made.duties[i].rule->id, "g16-controls") &&
                     made.duties[i].deadline_us == from_us + 30 * CX_US_PER_DAY;
        assert_int_equal(found, after);
    }
    month_stop(&month);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_due_date_of_a_month),
        cmocka_unit_test(the_clock_alone_makes_it_late),
        cmocka_unit_test(delayed_revocation_has_its_own_clocks),
        cmocka_unit_test(a_duty_with_a_date_of_its_own),
    };
    return cmocka_run_group_tests_name("core/incident/duty_month", tests, NULL, NULL);
}
