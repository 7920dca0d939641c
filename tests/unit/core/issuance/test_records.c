/* Each act leaves its entry, once, on the object it changed; what it sets off leaves entries of its own. */
#include "tests/lib/test.h"

#include "world.h"

static const struct cx_id ANY = {{0}};

static struct cx_id certificate_of(struct world *world)
{
    struct api_request_create_in in = {.certificate_profile = CX_STR("server-tls"),
                                       .has_csr = true,
                                       .csr = world_csr(world, "two.example.org"),
                                       .comment = CX_STR("please")};
    struct api_request_create_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_CREATE, &world->requester);
    struct api_request_view view = {0};
    cx_err err = handle_request_create(&request, &in, &out);
    assert_string_equal(world->diag.text, "");
    assert_ok(err);
    assert_ok(world_approve(world, &world->approver, out.body.id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
    return view.certificate_id;
}

static void check_issue(struct world *world)
{
    struct cx_id certificate_id = certificate_of(world);
    assert_int_equal(world_entries(world, "request.create", "done", ANY), 1);
    assert_int_equal(world_entries(world, "request.approve", "done", ANY), 1);
    assert_int_equal(world_entries(world, "certificate.issue", "done", ANY), 1);
    assert_int_equal(world_entries(world, "certificate.issue", "done", certificate_id), 1);
}

static void issuing_by_approval_is_recorded(void **state)
{
    (void)state;
    world_on_both(check_issue);
}

static void check_revoke(struct world *world)
{
    struct api_certificate_revoke_out out = {0};
    struct api_request_view view = {0};
    world_rules(world, "revoke: 0", "revoke: 1");
    struct cx_id certificate_id = certificate_of(world);
    struct api_certificate_revoke_in in = {.certificate_id = certificate_id,
                                           .reason = API_REVOCATION_REASON_KEY_COMPROMISE};
    struct api_request request =
        world_request(world, API_OP_CERTIFICATE_REVOKE, &world->administrator);
    assert_ok(handle_certificate_revoke(&request, &in, &out));
    assert_int_equal(out.body.outcome, API_REVOCATION_OUTCOME_AWAITING_APPROVAL);
    struct cx_id first = out.body.request_id;
    /* asked, not done: the entry is about the request */
    assert_int_equal(world_entries(world, "certificate.revoke", "done", first), 1);
    assert_int_equal(world_entries(world, "certificate.revoke", "done", certificate_id), 0);
    assert_err(world_approve(world, &world->administrator, first, &view), DENIED);
    assert_int_equal(world_entries(world, "certificate.revoke", "done", certificate_id), 0);
    request = world_request(world, API_OP_CERTIFICATE_REVOKE, &world->administrator);
    assert_ok(handle_certificate_revoke(&request, &in, &out));
    struct cx_id second = out.body.request_id;
    assert_ok(world_approve(world, &world->approver, first, &view));
    assert_int_equal(world_certificate(world, certificate_id).status,
                     API_CERTIFICATE_STATUS_REVOKED);
    assert_int_equal(world_entries(world, "certificate.revoke", "done", certificate_id), 1);
    /* the second request changes nothing any more, and says so by having no entry on the certificate */
    assert_ok(world_approve(world, &world->approver, second, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
    assert_int_equal(world_entries(world, "certificate.revoke", "done", certificate_id), 1);
    assert_int_equal(world_entries(world, "request.approve", "done", ANY), 3);
}

static void a_revocation_by_two_is_recorded_on_the_certificate(void **state)
{
    (void)state;
    world_on_both(check_revoke);
}

static void assert_one(struct world *world, enum api_operation_id operation, struct cx_id object_id)
{
    const char *action = api_operations[operation].audit;
    assert_non_null(action);
    assert_int_equal(world_entries(world, action, "done", object_id), 1);
    assert_int_equal(world_entries(world, action, "denied", ANY), 0);
    assert_int_equal(world_entries(world, action, "failed", ANY), 0);
}

/* One act, by handle_<name> with its input, as the dispatcher would call it. */
#define ACT(world, who, OPERATION, name, ...)                                                      \
    do {                                                                                           \
        struct api_##name##_in in_ = {__VA_ARGS__};                                                \
        struct api_request request_ = world_request((world), API_OP_##OPERATION, (who));           \
        assert_ok(handle_##name(&request_, &in_, &name));                                          \
    } while (0)

static void check_people(struct world *world)
{
    static const struct cx_str role = CX_STR("requester"), other = CX_STR("auditor");
    const struct principal *admin = &world->administrator;
    struct api_user_create_out user_create = {0};
    struct api_user_set_roles_out user_set_roles = {0};
    struct api_user_disable_out user_disable = {0};
    struct api_user_enable_out user_enable = {0};
    struct api_user_link_create_out user_link_create = {0};
    struct api_token_create_out token_create = {0};
    struct api_token_revoke_out token_revoke = {0};
    struct cx_str token;
    ACT(world, admin, USER_CREATE, user_create, .display_name = CX_STR("Someone"), .roles = &role,
        .roles_count = 1);
    struct cx_id user_id = user_create.body.user.id;
    assert_one(world, API_OP_USER_CREATE, user_id);
    ACT(world, admin, USER_SET_ROLES, user_set_roles, .user_id = user_id, .roles = &other,
        .roles_count = 1);
    assert_one(world, API_OP_USER_SET_ROLES, user_id);
    ACT(world, admin, USER_LINK_CREATE, user_link_create, .user_id = user_id);
    assert_one(world, API_OP_USER_LINK_CREATE, user_id);
    assert_ok(world_redeem(world, user_link_create.body.link, &token));
    assert_one(world, API_OP_ENROLL, user_id);
    ACT(world, admin, USER_DISABLE, user_disable, .user_id = user_id);
    assert_one(world, API_OP_USER_DISABLE, user_id);
    ACT(world, admin, USER_ENABLE, user_enable, .user_id = user_id);
    assert_one(world, API_OP_USER_ENABLE, user_id);
    ACT(world, admin, TOKEN_CREATE, token_create, .label = CX_STR("ci"), .expires_in_days = 1);
    assert_one(world, API_OP_TOKEN_CREATE, token_create.body.token.id);
    ACT(world, admin, TOKEN_REVOKE, token_revoke, .token_id = token_create.body.token.id);
    assert_one(world, API_OP_TOKEN_REVOKE, token_create.body.token.id);
}

static void acts_on_people_are_recorded_once(void **state)
{
    (void)state;
    world_on_both(check_people);
}

static void check_requests(struct world *world)
{
    struct api_request_reject_out request_reject = {0};
    struct api_request_cancel_out request_cancel = {0};
    struct api_certificate_revoke_out certificate_revoke = {0};
    struct api_request_view view;
    assert_ok(world_ask(world, &world->requester, "no.example.org", &view));
    assert_one(world, API_OP_REQUEST_CREATE, view.id);
    ACT(world, &world->approver, REQUEST_REJECT, request_reject, .request_id = view.id,
        .comment = CX_STR("no"));
    assert_one(world, API_OP_REQUEST_REJECT, view.id);
    assert_ok(world_ask(world, &world->requester, "never.example.org", &view));
    ACT(world, &world->requester, REQUEST_CANCEL, request_cancel, .request_id = view.id);
    assert_one(world, API_OP_REQUEST_CANCEL, view.id);
    assert_int_equal(world_entries(world, "certificate.issue", "done", ANY), 0);
    struct cx_id certificate_id = certificate_of(world);
    ACT(world, &world->approver, CERTIFICATE_REVOKE, certificate_revoke,
        .certificate_id = certificate_id, .reason = API_REVOCATION_REASON_SUPERSEDED);
    assert_one(world, API_OP_CERTIFICATE_REVOKE, certificate_id);
    /* what is refused in the transaction leaves nothing done */
    struct api_certificate_revoke_in again = {.certificate_id = certificate_id};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_REVOKE, &world->approver);
    assert_err(handle_certificate_revoke(&request, &again, &certificate_revoke), CONFLICT);
    assert_one(world, API_OP_CERTIFICATE_REVOKE, certificate_id);
}

static void acts_on_requests_are_recorded_once(void **state)
{
    (void)state;
    world_on_both(check_requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issuing_by_approval_is_recorded),
        cmocka_unit_test(acts_on_people_are_recorded_once),
        cmocka_unit_test(acts_on_requests_are_recorded_once),
        cmocka_unit_test(a_revocation_by_two_is_recorded_on_the_certificate),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
