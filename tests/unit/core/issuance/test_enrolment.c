/* Links and tokens: what they open, when they stop, and that neither makes one person two. */
#include "tests/lib/test.h"

#include "core/access/credential.h"
#include "core/tenant/tenant_store.h"
#include "world.h"

/* Somebody whom by enrols, through the API. */
static struct principal enrolled_by(struct world *world, const struct principal *by,
                                    struct cx_str role)
{
    struct api_user_create_in in = {
        .display_name = CX_STR("Made by somebody"), .roles = &role, .roles_count = 1};
    struct api_user_create_out out = {0};
    struct principal person;
    struct cx_str token;
    struct api_request request = world_request(world, API_OP_USER_CREATE, by);
    assert_ok(handle_user_create(&request, &in, &out));
    assert_ok(world_redeem(world, out.body.link, &token));
    assert_ok(world_authenticate(world, token, &person));
    return person;
}

static struct cx_str new_link(struct world *world, const struct principal *by, struct cx_id user_id)
{
    struct api_user_link_create_in in = {user_id};
    struct api_user_link_create_out out = {0};
    struct api_request request = world_request(world, API_OP_USER_LINK_CREATE, by);
    assert_ok(handle_user_link_create(&request, &in, &out));
    return out.body.link;
}

static void expect_denied(struct world *world, const struct principal *approver,
                          struct cx_id request_id, const char *rule)
{
    struct api_request_view view;
    assert_err(world_approve(world, approver, request_id, &view), DENIED);
    assert_string_equal(world->diag.rule, rule);
}

static struct cx_id ask(struct world *world, const struct principal *requester)
{
    struct api_request_view view;
    assert_ok(world_ask(world, requester, "duty.example.org", &view));
    assert_int_equal(view.state, API_REQUEST_STATE_AWAITING_APPROVAL);
    return view.id;
}

static void check_puppets(struct world *world)
{
    struct api_request_view view;
    struct principal admin = world->administrator;
    struct principal puppet = enrolled_by(world, &admin, CX_STR("administrator"));
    struct principal second = enrolled_by(world, &puppet, CX_STR("approver"));
    struct principal honest = enrolled_by(world, &admin, CX_STR("requester"));
    struct cx_id mine = ask(world, &admin), theirs = ask(world, &puppet);
    expect_denied(world, &puppet, mine, "approver-enrolled-by-requester");
    expect_denied(world, &second, mine, "approver-enrolled-by-requester"); /* by way of puppet */
    expect_denied(world, &admin, theirs, "requester-enrolled-by-approver");
    expect_denied(world, &admin, ask(world, &honest), "requester-enrolled-by-approver");
    /* a token made with the puppet's token, and another role, are the same person */
    struct api_token_create_in in = {.label = CX_STR("more"), .expires_in_days = 1};
    struct api_token_create_out out = {0};
    struct api_request request = world_request(world, API_OP_TOKEN_CREATE, &puppet);
    assert_ok(handle_token_create(&request, &in, &out));
    struct principal again;
    assert_ok(world_authenticate(world, out.body.secret, &again));
    expect_denied(world, &again, mine, "approver-enrolled-by-requester");
    /* independent people may: invited on the host, and two whom one administrator enrolled */
    assert_ok(world_approve(world, &world->approver, mine, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
    struct principal ada = enrolled_by(world, &admin, CX_STR("approver"));
    assert_ok(world_approve(world, &ada, ask(world, &honest), &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
}

static void who_enrols_a_person_is_not_a_second_person(void **state)
{
    (void)state;
    world_on_both(check_puppets);
}

static void check_take_over(struct world *world)
{
    struct principal admin = world->administrator, thief, nobody;
    struct cx_str first, token, older = CX_STR_NONE;
    struct api_request_view view;
    struct cx_id mine = ask(world, &admin), victim = world->approver.user_id;
    struct api_token_create_in in = {.label = CX_STR("older"), .expires_in_days = 1};
    struct api_token_create_out out = {0};
    struct api_request request = world_request(world, API_OP_TOKEN_CREATE, &world->approver);
    assert_ok(handle_token_create(&request, &in, &out));
    older = out.body.secret;
    assert_ok(world_authenticate(world, older, &thief));
    first = new_link(world, &admin, victim);
    assert_ok(world_authenticate(world, older, &thief)); /* making a link changes nothing yet */
    assert_ok(world_redeem(world, first, &token));
    assert_err(world_authenticate(world, older, &nobody), AUTH); /* the person notices */
    assert_string_equal(world->diag.rule, "token-invalid");
    assert_ok(world_authenticate(world, token, &thief));
    assert_true(cx_id_eq(thief.user_id, victim));
    expect_denied(world, &thief, mine, "approver-enrolled-by-requester");
    /* what the person asked cannot be approved by who took them over, either */
    assert_ok(world_ask(world, &world->requester, "own.example.org", &view));
    struct cx_id asked = view.id;
    struct principal all = admin;
    assert_ok(world_redeem(world, new_link(world, &admin, world->requester.user_id), &token));
    expect_denied(world, &all, asked, "requester-enrolled-by-approver");
    /* the log names both: who made the link, and whom it enrolled */
    assert_int_equal(world_entries(world, "user.link.create", "done", victim), 1);
    assert_int_equal(world_entries(world, "user.enroll", "done", victim), 2);
}

static void a_link_for_somebody_else_approves_nothing(void **state)
{
    (void)state;
    world_on_both(check_take_over);
}

static void check_two_approvals(struct world *world)
{
    struct api_request_view view;
    world_rules(world, "issue: 1", "issue: 2");
    struct principal puppet = enrolled_by(world, &world->administrator, CX_STR("approver"));
    struct cx_id request_id = ask(world, &world->requester);
    assert_ok(world_approve(world, &world->administrator, request_id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_AWAITING_APPROVAL);
    expect_denied(world, &puppet, request_id, "approver-enrolled-by-approver");
    assert_ok(world_approve(world, &world->approver, request_id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
    /* the other order */
    request_id = ask(world, &world->requester);
    assert_ok(world_approve(world, &puppet, request_id, &view));
    expect_denied(world, &world->administrator, request_id, "approver-enrolled-by-approver");
}

static void two_approvals_are_two_persons(void **state)
{
    (void)state;
    world_on_both(check_two_approvals);
}

static void expect_no_link(struct world *world, struct cx_str link)
{
    struct cx_str token;
    assert_err(world_redeem(world, link, &token), AUTH);
    assert_string_equal(world->diag.rule, "link-invalid");
    assert_string_equal(world->diag.field, "link");
}

static void check_links(struct world *world)
{
    struct principal person = enrolled_by(world, &world->administrator, CX_STR("requester"));
    struct cx_str token, twice, earlier, later, late;
    twice = new_link(world, &world->administrator, person.user_id);
    assert_ok(world_redeem(world, twice, &token));
    expect_no_link(world, twice);
    assert_ok(world_authenticate(world, token, &person)); /* the replay ended nothing */
    earlier = new_link(world, &world->administrator, person.user_id);
    later = new_link(world, &world->administrator, person.user_id);
    expect_no_link(world, earlier);
    struct cx_str mistyped;
    assert_ok(arena_copy_str(&world->arena, later, &mistyped));
    char *last = (char *)(uintptr_t)mistyped.ptr + mistyped.len - 1;
    *last = *last == '0' ? '1' : '0';
    expect_no_link(world, mistyped);
    assert_ok(world_redeem(world, later, &token));
    late = new_link(world, &world->administrator, person.user_id);
    world->clock.offset_us += (ACCESS_LINK_LIFE_S - 10) * CX_US_PER_S;
    assert_ok(world_redeem(world, late, &token));
    late = new_link(world, &world->administrator, person.user_id);
    world->clock.offset_us += ACCESS_LINK_LIFE_S * CX_US_PER_S;
    expect_no_link(world, late);
    /* a disabled person's link opens nothing */
    late = new_link(world, &world->administrator, person.user_id);
    struct api_user_disable_in disable = {person.user_id};
    struct api_user_disable_out disabled = {0};
    struct api_request request = world_request(world, API_OP_USER_DISABLE, &world->administrator);
    assert_ok(handle_user_disable(&request, &disable, &disabled));
    expect_no_link(world, late);
}

static void a_link_works_once_and_for_a_day(void **state)
{
    (void)state;
    world_on_both(check_links);
}

static void check_tokens(struct world *world)
{
    struct cx_str only = CX_STR("requester"), more = CX_STR("administrator");
    struct api_token_create_in in = {.label = CX_STR("narrow"),
                                     .expires_in_days = 2,
                                     .has_roles = true,
                                     .roles = &only,
                                     .roles_count = 1};
    struct api_token_create_out out = {0};
    struct api_request_view view;
    struct principal narrow, nobody;
    struct api_request request = world_request(world, API_OP_TOKEN_CREATE, &world->requester);
    assert_ok(handle_token_create(&request, &in, &out));
    assert_ok(world_authenticate(world, out.body.secret, &narrow));
    assert_true(access_may(&narrow, PERMISSION_REQUEST_CREATE, NULL));
    assert_false(access_may(&narrow, PERMISSION_REQUEST_APPROVE, NULL));
    struct cx_str secret = out.body.secret;
    expect_denied(world, &narrow, ask(world, &world->administrator), "permission-missing");
    /* what it lacks it cannot give on, though the person has it */
    struct cx_str lost = CX_STR("approver");
    in.roles = &lost;
    request = world_request(world, API_OP_TOKEN_CREATE, &narrow);
    assert_err(handle_token_create(&request, &in, &out), DENIED);
    assert_string_equal(world->diag.rule, "role-not-held");
    in.roles = &more;
    request = world_request(world, API_OP_TOKEN_CREATE, &world->requester);
    assert_err(handle_token_create(&request, &in, &out), DENIED);
    assert_ok(world_ask(world, &narrow, "narrow.example.org", &view));
    world->clock.offset_us += 2 * CX_US_PER_DAY - 10 * CX_US_PER_S;
    assert_ok(world_authenticate(world, secret, &narrow));
    world->clock.offset_us += 10 * CX_US_PER_S;
    assert_err(world_authenticate(world, secret, &nobody), AUTH);
    assert_string_equal(world->diag.rule, "token-invalid");
}

static void a_token_is_as_narrow_and_short_as_it_was_made(void **state)
{
    (void)state;
    world_on_both(check_tokens);
}

/* A link from before somebody was disabled stays dead when they come back. */
static void check_disabled_link(struct world *world)
{
    struct principal person = enrolled_by(world, &world->administrator, CX_STR("requester"));
    struct cx_str link = new_link(world, &world->administrator, person.user_id);
    struct api_user_disable_in disable = {person.user_id};
    struct api_user_disable_out disabled = {0};
    struct api_user_enable_in enable = {person.user_id};
    struct api_user_enable_out enabled = {0};
    struct api_request request = world_request(world, API_OP_USER_DISABLE, &world->administrator);
    assert_ok(handle_user_disable(&request, &disable, &disabled));
    request = world_request(world, API_OP_USER_ENABLE, &world->administrator);
    assert_ok(handle_user_enable(&request, &enable, &enabled));
    expect_no_link(world, link);
}

static void disabling_ends_enrolment_links(void **state)
{
    (void)state;
    world_on_both(check_disabled_link);
}

static cx_err suspend(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    (void)arg;
    CX_TRY(store_prepare(tx, "UPDATE tenant SET state = 'suspended'", &q));
    return store_exec(q);
}

/* Nobody acts in it, but what it issued is still published. */
static void check_suspended(struct world *world)
{
    struct principal person = enrolled_by(world, &world->administrator, CX_STR("requester"));
    struct cx_str token;
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    assert_ok(world_redeem(world, new_link(world, &world->administrator, person.user_id), &token));
    assert_ok(world_authenticate(world, token, &person));
    assert_ok(store_write(world->core.store, suspend, NULL));
    assert_err(world_authenticate(world, token, &person), AUTH);
    assert_ok(tenant_each(&world->core, &world->arena, &tenants, &count));
    assert_int_equal(count, 1);
}

static void a_suspended_tenant_acts_no_more(void **state)
{
    (void)state;
    world_on_both(check_suspended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disabling_ends_enrolment_links),
        cmocka_unit_test(a_suspended_tenant_acts_no_more),
        cmocka_unit_test(who_enrols_a_person_is_not_a_second_person),
        cmocka_unit_test(a_link_for_somebody_else_approves_nothing),
        cmocka_unit_test(two_approvals_are_two_persons),
        cmocka_unit_test(a_link_works_once_and_for_a_day),
        cmocka_unit_test(a_token_is_as_narrow_and_short_as_it_was_made),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
