/* The way to a handler: authentication and authorisation come first, denials are recorded. */
#include "tests/lib/test.h"

#include "stand.h"

static struct api_exchange exchange;

static int setup(void **state)
{
    (void)state;
    stand_init();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    api_exchange_clear(&exchange);
    return 0;
}

/* token: an Authorization header, or "session=…" for a cookie. */
static void call(const char *method, const char *target, const char *token, const char *type,
                 const char *body)
{
    bool cookie = strncmp(token, "session=", 8) == 0;
    struct api_head head = {.method = cx_str_from(method),
                            .target = cx_str_from(target),
                            .authorization = cx_str_from(cookie ? "" : token),
                            .cookies = cx_str_from(cookie ? token : ""),
                            .content_type = cx_str_from(type)};
    api_exchange_clear(&exchange);
    api_exchange_init(&exchange, &stand.core, &stand.table, &head);
    api_exchange_start(&exchange);
    api_exchange_finish(&exchange, CX_BYTES(body, strlen(body)));
    assert_true(exchange.answered);
}

static void assert_answer(uint16_t status, const char *fragment)
{
    const struct api_answer *answer = &exchange.answer;
    if (answer->status != status ||
        !memmem(answer->body.ptr, answer->body.len, fragment, strlen(fragment)))
        fail_msg("got %u %.*s", answer->status, (int)answer->body.len,
                 (const char *)answer->body.ptr);
}

static const char good[] = "{\"display_name\":\"Ada\",\"roles\":[\"auditor\"]}";

static void good_calls(void **state)
{
    (void)state;
    call("GET", "/v1/users?limit=5", "Bearer admin", "", "");
    assert_answer(200, "{\"items\":[]}");
    assert_string_equal(exchange.answer.content_type, "application/json");
    call("POST", "/v1/users", "Bearer admin", "application/json", good);
    assert_answer(201, "\"display_name\":\"Ada\"");
    assert_int_equal(stand.commits, 1);
    assert_string_equal(stand.last_action, "user.create");
}

static void a_change_that_waits_is_answered_with_its_proposal(void **state)
{
    (void)state;
    stand.waits = true;
    call("POST", "/v1/users", "Bearer admin", "application/json", good);
    assert_answer(202, "\"kind\":\"policy_change\"");
    assert_string_equal(exchange.answer.content_type, "application/json");
    assert_int_equal(stand.calls, 1);
    assert_int_equal(stand.commits, 0);
}

static void nobody_reaches_a_handler(void **state)
{
    (void)state;
    call("GET", "/v1/users", "", "", "");
    assert_answer(401, "urn:certinext:problem:auth");
    call("GET", "/v1/users", "Bearer wrong", "", "");
    assert_answer(401, "token-invalid");
    call("POST", "/v1/users", "Bearer wrong", "application/json", "not json at all");
    assert_answer(401, "token-invalid");
    assert_int_equal(stand.calls, 0);
    assert_int_equal(stand.denials, 0); /* nobody: there is no tenant to record it in */
}

static void a_session_goes_the_same_way_and_steps_up(void **state)
{
    (void)state;
    call("POST", "/v1/users", "session=fresh", "application/json", good);
    assert_answer(201, "\"display_name\":\"Ada\"");
    call("POST", "/v1/users", "session=old", "application/json", good);
    assert_answer(403, "step-up-required");
    assert_int_equal(stand.calls, 1);
    assert_int_equal(stand.denials, 1);
    call("GET", "/v1/users?limit=5", "session=old", "", "");
    assert_answer(200, "{\"items\":[]}");
    call("GET", "/v1/users?limit=5", "session=other", "", "");
    assert_answer(401, "session-invalid");
    /* A certificate counts when the request says so, and only then. */
    call("GET", "/v1/users?limit=5", "Client-Certificate", "", "");
    assert_answer(401, "client-certificate-missing");
}

static void a_denied_change_is_recorded(void **state)
{
    (void)state;
    call("POST", "/v1/users", "Bearer auditor", "application/json", good);
    assert_answer(403, "permission-missing");
    assert_int_equal(stand.calls, 0);
    assert_int_equal(stand.denials, 1);
    assert_string_equal(stand.last_action, "user.create");
}

static void a_denial_inside_the_handler_is_recorded(void **state)
{
    (void)state;
    stand.answer = CX_ERR(DENIED);
    call("POST", "/v1/users", "Bearer admin", "application/json", good);
    assert_answer(403, "urn:certinext:problem:denied");
    assert_int_equal(stand.denials, 1);
    call("GET", "/v1/users", "Bearer admin", "", ""); /* a denied reading changes nothing */
    assert_answer(403, "denied");
    assert_int_equal(stand.denials, 1);
}

static void input_is_refused_before_the_handler(void **state)
{
    (void)state;
    call("POST", "/v1/users", "Bearer admin", "text/plain", good);
    assert_answer(415, "content-type");
    call("POST", "/v1/users", "Bearer admin", "", good);
    assert_answer(415, "content-type");
    call("POST", "/v1/users", "Bearer admin", "application/json", "{\"display_name\":\"Ada\"}");
    assert_answer(400, "\"field\":\"/roles\"");
    call("POST", "/v1/users?x=1", "Bearer admin", "application/json", good);
    assert_answer(400, "unknown-parameter");
    call("GET", "/v1/users", "Bearer admin", "application/json", "{}");
    assert_answer(400, "body-not-allowed");
    call("GET", "/v1/users?limit=0", "Bearer admin", "", "");
    assert_answer(422, "\"field\":\"limit\"");
    assert_int_equal(stand.calls, 0);
}

static void routing(void **state)
{
    (void)state;
    call("GET", "/v1/nothing", "Bearer admin", "", "");
    assert_answer(404, "no-such-path");
    call("DELETE", "/v1/users", "Bearer admin", "", "");
    assert_answer(405, "method-not-allowed");
    assert_str(exchange.answer.allow, "GET, POST");
    call("GET", "/v1/\xff", "Bearer admin", "", "");
    assert_int_equal(exchange.answer.status, 400);
}

static void failures_keep_their_detail(void **state)
{
    (void)state;
    call("GET", "/v1/users?limit=13", "Bearer admin", "", "");
    assert_answer(503, "urn:certinext:problem:store");
    assert_null(memmem(exchange.answer.body.ptr, exchange.answer.body.len, "secret", 6));
    assert_int_equal(exchange.answer.retry_after_s, 2);
}

static void an_earlier_answer_stays(void **state)
{
    (void)state;
    call("GET", "/v1/nothing", "", "", "");
    api_exchange_refuse(&exchange, CX_ERR(INTERNAL), 0);
    assert_int_equal(exchange.answer.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_that_waits_is_answered_with_its_proposal, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nobody_reaches_a_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_goes_the_same_way_and_steps_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_denied_change_is_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_denial_inside_the_handler_is_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(input_is_refused_before_the_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(routing, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_keep_their_detail, setup, teardown),
        cmocka_unit_test_setup_teardown(an_earlier_answer_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
