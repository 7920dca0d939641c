#include "tests/lib/test.h"

#include "core/issuance/request_state.h"

/* Rows: from; columns: to, in the order of the enum. Golden: a new move shows in review. */
static const char *const MOVES[REQUEST_STATE_COUNT] = {
    [REQUEST_AWAITING_APPROVAL] = "-xx--xxx",
    [REQUEST_APPROVED] = "---xx-xx",
    [REQUEST_AWAITING_COLLECTION] = "---x--xx",
    [REQUEST_ISSUING] = "-xx-x--x",
    [REQUEST_DONE] = "--------",
    [REQUEST_REJECTED] = "--------",
    [REQUEST_CANCELLED] = "--------",
    [REQUEST_FAILED] = "--------",
};

static void only_the_listed_moves(void **state)
{
    (void)state;
    for (int from = 0; from < REQUEST_STATE_COUNT; from++) {
        for (int to = 0; to < REQUEST_STATE_COUNT; to++)
            assert_int_equal(request_state_may((enum request_state)from, (enum request_state)to),
                             MOVES[from][to] == 'x');
        assert_int_equal(request_state_is_final((enum request_state)from),
                         cx_str_is(cx_str_from(MOVES[from]), "--------"));
    }
}

static void names_read_back(void **state)
{
    (void)state;
    enum request_state read = REQUEST_FAILED;
    for (int i = 0; i < REQUEST_STATE_COUNT; i++) {
        assert_ok(
            request_state_from_name(cx_str_from(request_state_name((enum request_state)i)), &read));
        assert_int_equal(read, i);
    }
    assert_err(request_state_from_name(CX_STR("issued"), &read), PARSE);
    assert_int_equal(read, REQUEST_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_listed_moves),
        cmocka_unit_test(names_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
