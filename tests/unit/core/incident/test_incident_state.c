#include "tests/lib/test.h"

#include "core/incident/incident_state.h"

/* Rows: from; columns: to, in the order of the enum. Golden: a new move shows in review. */
static const char *const MOVES[INCIDENT_STATE_COUNT] = {
    [INCIDENT_REPORTED] = "-x------xx",    [INCIDENT_TRIAGE] = "--x-----xx",
    [INCIDENT_CONFIRMED] = "---x-----x",   [INCIDENT_CONTAINED] = "--x-x-----",
    [INCIDENT_REMEDIATED] = "---x-x----",  [INCIDENT_RECOVERED] = "----x-x---",
    [INCIDENT_VALIDATED] = "----x--x--",   [INCIDENT_CLOSED] = "-x--------",
    [INCIDENT_FALSE_ALARM] = "-x--------", [INCIDENT_MERGED] = "----------",
};

static void only_the_listed_moves(void **state)
{
    (void)state;
    for (int from = 0; from < INCIDENT_STATE_COUNT; from++)
        for (int to = 0; to < INCIDENT_STATE_COUNT; to++)
            assert_int_equal(incident_state_may((enum incident_state)from, (enum incident_state)to),
                             MOVES[from][to] == 'x');
}

static void names_read_back(void **state)
{
    (void)state;
    enum incident_state read = INCIDENT_MERGED;
    for (int i = 0; i < INCIDENT_STATE_COUNT; i++) {
        assert_ok(incident_state_from_name(cx_str_from(incident_state_name((enum incident_state)i)),
                                           &read));
        assert_int_equal(read, i);
    }
    assert_err(incident_state_from_name(CX_STR("deleted"), &read), PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_listed_moves),
        cmocka_unit_test(names_read_back),
    };
    return cmocka_run_group_tests_name("core/incident/incident_state", tests, NULL, NULL);
}
