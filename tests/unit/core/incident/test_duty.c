/*
 * The table test of the clocks: each row of the requirements, written out by hand here, against the packs: trigger →
 * deadline → section. And the rules of starts, corrections, rounds and effective dates.
 */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/incident/duty.h"
#include "core/incident/rule_set.h"

#define ALL_TRACKS ((1u << TRACK_COUNT) - 1)
#define AT(text) at_time(text)

struct stage {
    struct arena arena;
    struct rule_set *set;
    const struct rule_pack *packs;
    size_t pack_count;
    struct duty_entry entries[64];
    struct duty_case incident;
    struct duty_list list;
};

static cx_time at_time(const char *text)
{
    cx_time us = 0;
    assert_ok(cx_time_parse(cx_str_from(text), &us));
    return us;
}

static void stage_start(struct stage *stage, enum incident_type type, uint32_t tracks)
{
    struct cx_diag diag = CX_DIAG_INIT;
    *stage = (struct stage){.arena = ARENA_INIT(16 << 20)};
    assert_ok(rule_set_new(rule_texts, rule_text_count, &diag, &stage->set));
    stage->packs = rule_set_packs(stage->set, &stage->pack_count);
    stage->incident = (struct duty_case){.type = type,
                                         .severity = SEVERITY_HIGH,
                                         .tracks = tracks,
                                         .certificates = 1u << CERTIFICATES_TLS,
                                         .entries = stage->entries};
}

static void stage_stop(struct stage *stage)
{
    rule_set_free(stage->set);
    arena_clear(&stage->arena);
}

static struct duty_entry *enter(struct stage *stage, enum incident_kind kind, const char *at)
{
    struct duty_entry *entry = &stage->entries[stage->incident.entry_count++];
    *entry = (struct duty_entry){
        .seq = (int64_t)stage->incident.entry_count, .kind = kind, .at_us = at_time(at)};
    return entry;
}

static void make(struct stage *stage, const char *now)
{
    assert_ok(duty_list_make(stage->packs, stage->pack_count, &stage->incident, at_time(now),
                             &stage->arena, &stage->list));
}

/* The round-th duty with this pack and id; NULL when there is none. */
static const struct duty *find(const struct stage *stage, const char *name, int round)
{
    for (size_t i = 0; i < stage->list.count; i++) {
        char key[DUTY_KEY_MAX];
        const struct duty *duty = &stage->list.duties[i];
        snprintf(key, sizeof(key), "%.*s/%.*s", CX_STR_ARG(duty->pack->name),
                 CX_STR_ARG(duty->rule->id));
        if (strcmp(key, name) == 0 && --round == 0)
            return duty;
    }
    return NULL;
}

static const struct duty *need(const struct stage *stage, const char *name)
{
    const struct duty *duty = find(stage, name, 1);
    if (!duty)
        fail_msg("no duty %s", name);
    return duty;
}

static void assert_deadline(const struct duty *duty, const char *expected)
{
    char text[CX_TIME_TEXT_MAX];
    assert_ok(cx_time_format(duty->deadline_us, text));
    assert_memory_equal(text, expected, strlen(expected) - 1);
}

/* Everything starts on Tuesday 2026-09-01 at 10:00; a stated time is 2026-12-31 at 00:00. */
#define START "2026-09-01T10:00:00Z"
#define STATED "2026-12-31T00:00:00Z"

static const struct {
    const char *row, *duty;
    enum incident_type type;
    int item;
    enum incident_kind trigger, met_by;
    const char *deadline, *document, *section;
} ROWS[] = {
#include "duty_rows.inc"
};

static void each_row_has_its_deadline_and_source(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct stage stage;
        stage_start(&stage, ROWS[i].type, ALL_TRACKS);
        if (strncmp(ROWS[i].duty, "cabf-smime", 10) == 0)
            stage.incident.certificates = 1u << CERTIFICATES_SMIME;
        struct duty_entry *trigger = enter(&stage, ROWS[i].trigger, START);
        trigger->item = ROWS[i].item;
        trigger->has_due = true;
        trigger->due_us = AT(STATED);
        make(&stage, START);
        const struct duty *duty = need(&stage, ROWS[i].duty);
        assert_deadline(duty, ROWS[i].deadline);
        assert_true(cx_str_is(duty->rule->section, ROWS[i].section));
        assert_true(cx_str_is(duty->pack->document, ROWS[i].document));
        assert_int_equal(duty->state, DUTY_PENDING);
        assert_true(duty_warning_us(duty, 50) > duty->start_us);
        assert_true(rule_kinds_have(&duty->rule->satisfiers, ROWS[i].met_by));
        struct duty_entry *met = enter(&stage, ROWS[i].met_by, START);
        met->at_us = duty->deadline_us;
        make(&stage, STATED);
        assert_int_equal(need(&stage, ROWS[i].duty)->state,
                         DUTY_MET); /* the deadline belongs to it */
        met->at_us++;
        make(&stage, STATED);
        assert_int_equal(need(&stage, ROWS[i].duty)->state, DUTY_MET_LATE);
        stage_stop(&stage);
    }
}

/* Rows of the requirements that give no due date, or have a test of their own, with the reason. */
static const struct {
    const char *row, *reason;
} APART[] = {
    {"R2", "an ability, around the clock: nothing falls due"},
    {"R3", "moves the start of R4 and R5: revocation_counts_from_receipt"},
    {"R16", "says that a revocation may be left out"},
    {"R17", "says what counts as a certificate"},
    {"P11", "has no deadline"},
    {"G8", "an ability of every CRL: nothing falls due"},
    {"G12", "what an audit statement lists: its date is G11"},
    {"G16", "begins on a day of its own: a_duty_with_a_date_of_its_own in test_duty_month.c"},
};

/* The tables of the requirements are R1 to R17, P1 to P13 and G1 to G17: each is in the table above, or apart. */
static void no_row_of_the_requirements_is_missing(void **state)
{
    (void)state;
    static const struct {
        char letter;
        int last;
    } TABLES[] = {{'R', 17}, {'P', 13}, {'G', 17}};
    for (size_t t = 0; t < CX_COUNT_OF(TABLES); t++) {
        for (int number = 1; number <= TABLES[t].last; number++) {
            char row[8];
            size_t tested = 0, apart = 0;
            snprintf(row, sizeof(row), "%c%d", TABLES[t].letter, number);
            for (size_t i = 0; i < CX_COUNT_OF(ROWS); i++)
                tested += strcmp(ROWS[i].row, row) == 0;
            for (size_t i = 0; i < CX_COUNT_OF(APART); i++)
                apart += strcmp(APART[i].row, row) == 0 && APART[i].reason[0] != '\0';
            if ((tested > 0) == (apart > 0))
                fail_msg("%s is %s", row, tested ? "tested and apart" : "missing");
        }
    }
}

/* Every duty of every pack in force is in the table above, so that none goes untested. */
static void no_duty_is_missing_from_the_table(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_OTHER, ALL_TRACKS);
    for (size_t i = 0; i < stage.pack_count; i++) {
        for (size_t j = 0; j < stage.packs[i].duty_count; j++) {
            char name[DUTY_KEY_MAX];
            bool found = stage.packs[i].draft;
            const struct rule_duty *rule = &stage.packs[i].duties[j];
            snprintf(name, sizeof(name), "%.*s/%.*s", CX_STR_ARG(stage.packs[i].name),
                     CX_STR_ARG(rule->id));
            found = found || rule->from_us > AT(START); /* tried by test_duty_month.c */
            for (size_t k = 0; k < sizeof(ROWS) / sizeof(ROWS[0]); k++)
                found = found || strcmp(ROWS[k].duty, name) == 0;
            if (!found)
                fail_msg("%s has no row", name);
        }
    }
    stage_stop(&stage);
}

/* A document applies from the first moment of its day. */
static void either_side_of_each_effective_date(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_OTHER, ALL_TRACKS);
    for (size_t i = 0; i < stage.pack_count; i++) {
        const struct rule_pack *pack = &stage.packs[i];
        for (int after = 0; after <= 1; after++) {
            const struct rule_duty *rule = &pack->duties[0];
            stage.incident.entry_count = 0;
            stage.incident.certificates = (1u << CERTIFICATES_COUNT) - 1;
            stage.incident.type = INCIDENT_MISISSUANCE;
            struct duty_entry *entry =
                enter(&stage, (enum incident_kind)rule->triggers.kinds[0], START);
            entry->at_us = pack->draft ? AT(START) : pack->from_us - (after ? 0 : 1);
            make(&stage, START);
            bool found = false;
            for (size_t j = 0; j < stage.list.count; j++)
                found = found || stage.list.duties[j].rule == rule;
            assert_int_equal(found, after && !pack->draft);
        }
    }
    stage_stop(&stage);
}

static void a_day_without_a_version_is_told(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_MISISSUANCE, 1u << TRACK_PUBLIC);
    enter(&stage, KIND_AWARE, "2026-03-19T23:59:59Z");
    make(&stage, "2026-03-20T10:00:00Z");
    assert_non_null(stage.list.gap);
    assert_null(find(&stage, "ccadb-irg/p1-first-disclosure", 1));
    stage.entries[0].at_us = AT("2026-09-01T00:00:00Z");
    make(&stage, "2026-09-02T10:00:00Z");
    assert_null(stage.list.gap);
    stage_stop(&stage);
}

static void the_earliest_arguable_time_starts_the_clock(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_MISISSUANCE, 1u << TRACK_PUBLIC);
    enter(&stage, KIND_AWARE, "2026-09-03T12:00:00Z");
    enter(&stage, KIND_REPORT_RECEIVED, "2026-09-01T10:00:00Z");
    make(&stage, "2026-09-03T13:00:00Z");
    const struct duty *duty = need(&stage, "ccadb-irg/p1-first-disclosure");
    assert_int_equal(duty->start_kind, KIND_REPORT_RECEIVED);
    assert_int_equal(duty->start_seq, 2);
    assert_deadline(duty, "2026-09-04T10:00:00Z");
    /* Confirming late moves nothing. */
    enter(&stage, KIND_CONFIRMED, "2026-09-10T12:00:00Z");
    make(&stage, "2026-09-10T13:00:00Z");
    assert_deadline(need(&stage, "ccadb-irg/p1-first-disclosure"), "2026-09-04T10:00:00Z");
    assert_int_equal(need(&stage, "ccadb-irg/p1-first-disclosure")->state, DUTY_OVERDUE);
    stage_stop(&stage);
}

static void a_correction_only_makes_it_stricter(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_MISISSUANCE, 1u << TRACK_PUBLIC);
    enter(&stage, KIND_AWARE, "2026-09-03T12:00:00Z");
    enter(&stage, KIND_AWARE, "2026-09-04T12:00:00Z")->corrects = 1;
    make(&stage, "2026-09-04T13:00:00Z");
    assert_deadline(need(&stage, "ccadb-irg/p1-first-disclosure"), "2026-09-06T12:00:00Z");
    enter(&stage, KIND_AWARE, "2026-09-02T12:00:00Z")->corrects = 1;
    make(&stage, "2026-09-04T13:00:00Z");
    assert_deadline(need(&stage, "ccadb-irg/p1-first-disclosure"), "2026-09-05T12:00:00Z");
    enter(&stage, KIND_DISCLOSED, "2026-09-05T11:00:00Z");
    make(&stage, "2026-09-06T13:00:00Z");
    assert_int_equal(need(&stage, "ccadb-irg/p1-first-disclosure")->state, DUTY_MET);
    enter(&stage, KIND_DISCLOSED, "2026-09-05T13:00:00Z")->corrects = 4;
    enter(&stage, KIND_DISCLOSED, "2026-09-05T10:00:00Z")->corrects = 4;
    make(&stage, "2026-09-06T13:00:00Z");
    assert_int_equal(need(&stage, "ccadb-irg/p1-first-disclosure")->state, DUTY_MET_LATE);
    stage_stop(&stage);
}

/* One done, the other still counts down. */
static void two_parties_are_two_duties(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_PROBLEM_REPORT, 0);
    enter(&stage, KIND_REPORT_RECEIVED, START)->subject = CX_STR("cpr-1");
    enter(&stage, KIND_REPORT_RECEIVED, START)->subject = CX_STR("cpr-2");
    enter(&stage, KIND_FINDINGS_SENT_REPORTER, "2026-09-01T12:00:00Z")->subject = CX_STR("cpr-1");
    make(&stage, "2026-09-02T11:00:00Z");
    assert_int_equal(need(&stage, "cabf-tls-br/r1-findings-reporter")->state, DUTY_MET);
    assert_int_equal(find(&stage, "cabf-tls-br/r1-findings-reporter", 2)->state, DUTY_OVERDUE);
    assert_int_equal(need(&stage, "cabf-tls-br/r1-findings-subscriber")->state, DUTY_OVERDUE);
    assert_int_equal(need(&stage, "service/acknowledge-report")->state, DUTY_OVERDUE);
    stage_stop(&stage);
}

/* What happens again shows that the follow-ups were wrong, those that were answered in time too; what happened before says nothing. */
static void a_recurrence_fails_the_follow_ups(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_OTHER, 0);
    enter(&stage, KIND_RECURRENCE_FOUND, "2026-08-01T10:00:00Z");
    enter(&stage, KIND_CLOSED, START);
    enter(&stage, KIND_EFFICACY_3_POSTED, "2026-11-01T10:00:00Z");
    make(&stage, "2027-03-02T10:00:00Z");
    assert_int_equal(need(&stage, "follow-up/efficacy-3")->state, DUTY_MET);
    assert_int_equal(need(&stage, "follow-up/efficacy-6")->state, DUTY_OVERDUE);
    enter(&stage, KIND_RECURRENCE_FOUND, "2027-03-03T10:00:00Z");
    make(&stage, "2027-03-04T10:00:00Z");
    assert_int_equal(need(&stage, "follow-up/efficacy-3")->state, DUTY_FAILED);
    assert_int_equal(need(&stage, "follow-up/efficacy-6")->state, DUTY_FAILED);
    assert_int_equal(need(&stage, "follow-up/efficacy-12")->state, DUTY_FAILED);
    assert_false(duty_is_open(need(&stage, "follow-up/efficacy-12")));
    stage_stop(&stage);
}

/* The revocation limit counts from the receipt of the report about the same certificates (4.9.5). */
static void revocation_counts_from_receipt(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_KEY_COMPROMISE, 0);
    enter(&stage, KIND_REPORT_RECEIVED, START);
    enter(&stage, KIND_LEAF_REVOCATION_REQUIRED, "2026-09-01T20:00:00Z")->item = 3;
    struct duty_entry *found = enter(&stage, KIND_LEAF_REVOCATION_REQUIRED, "2026-09-02T08:00:00Z");
    found->item = 12;
    found->subject = CX_STR("scan");
    make(&stage, "2026-09-02T09:00:00Z");
    assert_deadline(need(&stage, "cabf-tls-br/r4-revoke-leaf"), "2026-09-02T10:00:00Z");
    assert_null(find(&stage, "cabf-tls-br/r4-revoke-leaf", 2));
    assert_deadline(need(&stage, "cabf-tls-br/r5-revoke-leaf"), "2026-09-07T08:00:00Z");
    /* A click is not a publication. */
    enter(&stage, KIND_REVOCATION_RECORDED, "2026-09-02T09:30:00Z");
    make(&stage, "2026-09-02T10:00:01Z");
    assert_int_equal(need(&stage, "cabf-tls-br/r4-revoke-leaf")->state, DUTY_OVERDUE);
    stage_stop(&stage);
}

static void other_certificates_have_no_such_duties(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage, INCIDENT_PROBLEM_REPORT, 0);
    stage.incident.certificates = 1u << CERTIFICATES_PRIVATE;
    enter(&stage, KIND_REPORT_RECEIVED, START);
    make(&stage, START);
    assert_int_equal(stage.list.count, 1); /* what the operator promises */
    assert_non_null(find(&stage, "service/acknowledge-report", 1));
    stage_stop(&stage);
}

static void months_and_business_days(void **state)
{
    (void)state;
    static const struct {
        struct rule_limit limit;
        const char *start, *deadline;
    } CASES[] = {
        {{RULE_MONTHS, 3}, "2026-11-30T08:00:00Z", "2027-02-28T08:00:00"},
        {{RULE_MONTHS, 3}, "2027-11-30T08:00:00Z", "2028-02-29T08:00:00"},
        {{RULE_MONTHS, 12}, "2028-02-29T08:00:00Z", "2029-02-28T08:00:00"},
        {{RULE_MONTHS, 1}, "2026-12-15T08:00:00Z", "2027-01-15T08:00:00"},
        {{RULE_BUSINESS_DAYS, 1}, "2026-09-01T10:00:00Z", "2026-09-02T10:00:00"},
        {{RULE_BUSINESS_DAYS, 1}, "2026-09-04T10:00:00Z", "2026-09-07T10:00:00"},
        {{RULE_BUSINESS_DAYS, 1}, "2026-09-05T10:00:00Z", "2026-09-07T10:00:00"},
        {{RULE_BUSINESS_DAYS, 6}, "2026-09-04T10:00:00Z", "2026-09-14T10:00:00"},
        {{RULE_SECONDS, 86400}, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct duty duty = {0};
        assert_ok(duty_deadline(&CASES[i].limit, AT(CASES[i].start), 0, &duty.deadline_us));
        assert_deadline(&duty, CASES[i].deadline);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_has_its_deadline_and_source),
        cmocka_unit_test(no_row_of_the_requirements_is_missing),
        cmocka_unit_test(no_duty_is_missing_from_the_table),
        cmocka_unit_test(either_side_of_each_effective_date),
        cmocka_unit_test(a_day_without_a_version_is_told),
        cmocka_unit_test(the_earliest_arguable_time_starts_the_clock),
        cmocka_unit_test(a_correction_only_makes_it_stricter),
        cmocka_unit_test(two_parties_are_two_duties),
        cmocka_unit_test(a_recurrence_fails_the_follow_ups),
        cmocka_unit_test(revocation_counts_from_receipt),
        cmocka_unit_test(other_certificates_have_no_such_duties),
        cmocka_unit_test(months_and_business_days),
    };
    return cmocka_run_group_tests_name("core/incident/duty", tests, NULL, NULL);
}
