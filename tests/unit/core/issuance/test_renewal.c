/* renew keeps the key, replace changes it; neither changes a name, and both follow the rules of today. */
#include "tests/lib/test.h"

#include "world.h"

static cx_err renew(struct world *world, struct cx_id id, int64_t days,
                    struct api_request_view *ret_view)
{
    struct api_certificate_renew_in in = {
        .certificate_id = id, .has_validity_days = days != 0, .validity_days = days};
    struct api_certificate_renew_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_RENEW, &world->requester);
    CX_TRY(handle_certificate_renew(&request, &in, &out));
    *ret_view = out.body;
    return CX_OK;
}

static cx_err replace(struct world *world, struct cx_id id, struct cx_str csr,
                      struct api_request_view *ret_view)
{
    struct api_certificate_replace_in in = {.certificate_id = id, .csr = csr};
    struct api_certificate_replace_out out = {0};
    struct api_request request =
        world_request(world, API_OP_CERTIFICATE_REPLACE, &world->requester);
    CX_TRY(handle_certificate_replace(&request, &in, &out));
    *ret_view = out.body;
    return CX_OK;
}

static void revoke_one(struct world *world, struct cx_id id)
{
    struct api_certificate_revoke_in in = {.certificate_id = id,
                                           .reason = API_REVOCATION_REASON_SUPERSEDED};
    struct api_certificate_revoke_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_REVOKE, &world->approver);
    assert_ok(handle_certificate_revoke(&request, &in, &out));
}

static struct api_certificate_view approve(struct world *world, struct cx_id request_id)
{
    struct api_request_view view;
    assert_ok(world_approve(world, &world->approver, request_id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
    return world_certificate(world, view.certificate_id);
}

static void check_renew(struct world *world)
{
    struct api_request_view view;
    struct api_certificate_view old = world_issue(world, "again.example.org");
    assert_ok(renew(world, old.id, 30, &view));
    assert_int_equal(view.kind, API_REQUEST_KIND_RENEW);
    assert_int_equal(view.state, API_REQUEST_STATE_AWAITING_APPROVAL); /* the rules of issuing */
    struct api_certificate_view new = approve(world, view.id);
    assert_true(cx_str_eq(new.spki_sha256, old.spki_sha256));
    assert_false(cx_str_eq(new.serial, old.serial));
    assert_str(new.names[0].value, "again.example.org");
    assert_int_equal(new.names_count, 1);
    assert_int_equal(new.tags_count, 1);
    assert_true(cx_id_eq(view.replaces_certificate_id, old.id));
    assert_true(cx_id_eq(world_certificate(world, old.id).replaced_by, new.id));
    assert_int_equal(world_certificate(world, old.id).status, API_CERTIFICATE_STATUS_ACTIVE);
    assert_int_equal(world_entries(world, "certificate.renew", "done", view.id), 1);
    assert_err(renew(world, old.id, 4000, &view), POLICY);
    assert_string_equal(world->diag.rule, "validity-too-long");
    revoke_one(world, old.id);
    assert_err(renew(world, old.id, 0, &view), CONFLICT);
    assert_string_equal(world->diag.rule, "certificate-revoked");
    assert_err(renew(world, world->stand.tenant, 0, &view), NOTFOUND);
}

static void renewing_keeps_key_and_names(void **state)
{
    (void)state;
    world_on_both(check_renew);
}

static void check_replace(struct world *world)
{
    struct api_request_view view;
    struct cx_str same = world_csr(world, "new.example.org");
    struct api_request_create_in in = {.certificate_profile = CX_STR("server-tls"),
                                       .has_csr = true,
                                       .csr = same,
                                       .comment = CX_STR("please")};
    struct api_request_create_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_CREATE, &world->requester);
    assert_ok(handle_request_create(&request, &in, &out));
    struct api_certificate_view old = approve(world, out.body.id);
    assert_err(replace(world, old.id, same, &view), POLICY);
    assert_string_equal(world->diag.rule, "replace-same-key");
    assert_string_equal(world->diag.field, "csr");
    assert_err(replace(world, old.id, world_csr(world, "other.example.org"), &view), POLICY);
    assert_string_equal(world->diag.rule, "replace-other-names");
    assert_err(replace(world, old.id, CX_STR("not base64!"), &view), PARSE);
    assert_string_equal(world->diag.rule, "csr-form");
    /* a compromised key is the reason to replace: the old one may be revoked by then */
    revoke_one(world, old.id);
    assert_ok(replace(world, old.id, world_csr(world, "new.example.org"), &view));
    assert_int_equal(view.kind, API_REQUEST_KIND_REPLACE);
    struct api_certificate_view new = approve(world, view.id);
    assert_false(cx_str_eq(new.spki_sha256, old.spki_sha256));
    assert_true(cx_id_eq(view.replaces_certificate_id, old.id));
    assert_int_equal(world_entries(world, "certificate.replace", "done", view.id), 1);
    assert_int_equal(world_entries(world, "certificate.issue", "done", new.id), 1);
}

static void replacing_changes_the_key_alone(void **state)
{
    (void)state;
    world_on_both(check_replace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renewing_keeps_key_and_names),
        cmocka_unit_test(replacing_changes_the_key_alone),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
