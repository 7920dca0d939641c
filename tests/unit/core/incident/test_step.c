#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/incident/step.h"

#define HOUR (INT64_C(3600) * CX_US_PER_S)

static const char book_text[] =
    "playbook: p\ntitle: t\napplies: {types: [misissuance]}\nsteps:\n"
    "  - {id: a, title: b, text: c, role: lead, kind: manual, within: 2h}\n"
    "  - {id: b, title: b, text: c, role: lead, kind: manual, after: confirmed, within: 24h}\n"
    "  - {id: c, title: b, text: c, role: lead, kind: manual, after_step: a, within: 1h}\n"
    "  - {id: d, title: b, text: c, role: lead, kind: manual, within: 1h, when: {tracks: [nis2]}}\n"
    "  - {id: e, title: b, text: c, role: lead, kind: manual}\n"
    "  - {id: f, title: b, text: c, role: lead, kind: manual, after_step: d, within: 3h}\n"
    "  - {id: g, title: b, text: c, role: lead, kind: duty, duty: pack/id}\n";

static struct incident_entry entry(enum incident_kind kind, cx_time at_us, const char *subject)
{
    static int64_t seq;
    return (struct incident_entry){
        .clock = {.seq = ++seq, .kind = kind, .at_us = at_us, .subject = cx_str_from(subject)}};
}

struct world {
    struct arena arena;
    struct playbook playbook;
    struct incident incident;
    struct incident_entry entries[16];
    struct duty duties[4];
    struct step_list list;
};

static void set_up(struct world *w)
{
    struct cx_diag diag = CX_DIAG_INIT;
    *w = (struct world){.arena = ARENA_INIT(1 << 20)};
    assert_ok(
        playbook_parse(&w->arena, CX_BYTES(book_text, sizeof(book_text) - 1), &diag, &w->playbook));
    w->incident.row =
        (struct incident_row){.type = INCIDENT_MISISSUANCE, .tracks = 1u << TRACK_PUBLIC};
    w->incident.entries = w->entries;
    w->incident.duties.duties = w->duties;
    w->entries[w->incident.entry_count++] = entry(KIND_REPORTED, 0, "");
}

static void add(struct world *w, enum incident_kind kind, cx_time at_us, const char *subject)
{
    w->entries[w->incident.entry_count++] = entry(kind, at_us, subject);
}

static const struct step *at(struct world *w, cx_time now_us, const char *id)
{
    static struct step_book book;
    const struct step_owner owners[] = {{CX_STR("p"), CX_STR("b"), {{9}}},
                                        {CX_STR("other"), CX_STR("a"), {{8}}}};
    book = (struct step_book){&w->playbook, 3};
    assert_ok(step_list_make(&book, 1, owners, 2, &w->incident, now_us, &w->arena, &w->list));
    assert_int_equal(w->list.count, 7);
    const struct step *step = step_find(&w->list, CX_STR("p"), cx_str_from(id));
    assert_non_null(step);
    return step;
}

static void time_runs_from_what_it_is_due_from(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    assert_int_equal(at(&w, HOUR, "a")->state, STEP_OPEN);
    assert_int_equal(at(&w, HOUR, "a")->deadline_us, 2 * HOUR);
    assert_int_equal(at(&w, 2 * HOUR, "a")->state, STEP_OPEN); /* the deadline itself included */
    assert_int_equal(at(&w, 2 * HOUR + 1, "a")->state, STEP_OVERDUE);
    assert_int_equal(at(&w, HOUR, "b")->state, STEP_WAITING);
    assert_false(step_is_due(at(&w, HOUR, "b")));
    assert_int_equal(at(&w, HOUR, "c")->state, STEP_WAITING);
    assert_int_equal(at(&w, HOUR, "e")->state, STEP_OPEN);
    assert_false(step_is_due(at(&w, HOUR, "e"))); /* no time was given */
    add(&w, KIND_CONFIRMED, 5 * HOUR, "");
    add(&w, KIND_CONFIRMED, 4 * HOUR, ""); /* a correction that makes it earlier counts */
    assert_int_equal(at(&w, 6 * HOUR, "b")->start_us, 4 * HOUR);
    assert_int_equal(at(&w, 6 * HOUR, "b")->deadline_us, 28 * HOUR);
    assert_true(step_is_due(at(&w, 6 * HOUR, "b")));
    assert_int_equal(at(&w, HOUR, "b")->owner_id.b[0], 9);
    assert_true(cx_id_is_zero(at(&w, HOUR, "a")->owner_id));
    assert_null(step_find(&w.list, CX_STR("other"), CX_STR("a")));
    arena_clear(&w.arena);
}

static void the_timeline_says_what_is_done(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    add(&w, KIND_STEP_DONE, HOUR, "other/a");
    add(&w, KIND_STEP_DONE, HOUR, "pa/a");
    add(&w, KIND_STEP_ASSIGNED, HOUR, "p/a");
    assert_int_equal(at(&w, HOUR, "a")->state, STEP_OPEN);
    add(&w, KIND_STEP_DONE, HOUR, "p/a");
    assert_int_equal(at(&w, 9 * HOUR, "a")->state, STEP_DONE);
    assert_int_equal(at(&w, HOUR, "c")->start_us, HOUR);
    assert_int_equal(at(&w, HOUR, "c")->deadline_us, 2 * HOUR);
    add(&w, KIND_STEP_REOPENED, 2 * HOUR, "p/a");
    assert_int_equal(at(&w, 2 * HOUR, "a")->state, STEP_OPEN);
    assert_int_equal(at(&w, 2 * HOUR, "c")->state, STEP_WAITING);
    add(&w, KIND_STEP_DONE, 3 * HOUR, "p/a");
    assert_int_equal(at(&w, 9 * HOUR, "a")->state, STEP_DONE_LATE);
    add(&w, KIND_STEP_NOT_APPLICABLE, 3 * HOUR, "p/c");
    assert_int_equal(at(&w, 9 * HOUR, "c")->state, STEP_NOT_APPLICABLE);
    arena_clear(&w.arena);
}

static void a_condition_that_does_not_hold_asks_nobody(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    assert_int_equal(at(&w, 9 * HOUR, "d")->state, STEP_NOT_ASKED);
    assert_int_equal(at(&w, HOUR, "f")->state, STEP_OPEN); /* it does not wait for it */
    assert_int_equal(at(&w, HOUR, "f")->deadline_us, 3 * HOUR);
    w.incident.row.tracks |= 1u << TRACK_NIS2;
    assert_int_equal(at(&w, 9 * HOUR, "d")->state, STEP_OVERDUE);
    assert_int_equal(at(&w, 9 * HOUR, "f")->state, STEP_WAITING);
    arena_clear(&w.arena);
}

static void a_step_can_stand_for_a_duty(void **state)
{
    (void)state;
    static const struct {
        enum duty_state one, other;
        enum step_state is;
    } CASES[] = {
        {DUTY_MET, DUTY_PENDING, STEP_OPEN},       {DUTY_MET, DUTY_OVERDUE, STEP_OVERDUE},
        {DUTY_MET, DUTY_MET, STEP_DONE},           {DUTY_MET_LATE, DUTY_MET, STEP_DONE_LATE},
        {DUTY_MET, DUTY_MET_LATE, STEP_DONE_LATE}, {DUTY_REPLACED, DUTY_ENDED, STEP_NOT_APPLICABLE},
        {DUTY_REPLACED, DUTY_MET, STEP_DONE},
    };
    struct world w;
    set_up(&w);
    assert_int_equal(at(&w, HOUR, "g")->state, STEP_WAITING);
    w.incident.duties.count = 3;
    w.duties[0] = (struct duty){.key = CX_STR("pack/id-longer/1/1"), .state = DUTY_OVERDUE};
    for (size_t i = 0; i < CX_COUNT_OF(CASES); i++) {
        w.duties[1] = (struct duty){.key = CX_STR("pack/id/1/1"), .state = CASES[i].one};
        w.duties[2] = (struct duty){
            .key = CX_STR("pack/id/1/2"), .state = CASES[i].other, .deadline_us = 7 * HOUR};
        assert_int_equal(at(&w, HOUR, "g")->state, CASES[i].is);
        assert_int_equal(at(&w, HOUR, "g")->deadline_us, 7 * HOUR);
    }
    add(&w, KIND_STEP_DONE, HOUR, "p/g"); /* nobody says it by hand */
    w.duties[1].state = DUTY_PENDING;
    assert_int_equal(at(&w, HOUR, "g")->state, STEP_OPEN);
    arena_clear(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_runs_from_what_it_is_due_from),
        cmocka_unit_test(the_timeline_says_what_is_done),
        cmocka_unit_test(a_condition_that_does_not_hold_asks_nobody),
        cmocka_unit_test(a_step_can_stand_for_a_duty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
