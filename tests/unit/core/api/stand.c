#include "stand.h"

#include "api_types.h"
#include "base/cleanup.h"
#include "core/access/authenticate.h"
#include "core/access/guard.h"
#include "../access/people.h"
#include "core/authentication/session.h"
#include "core/approval/policy_change.h"
#include "core/approval/proposal_view.h"
#include "core/client_certificate/client_certificate.h"
#include "tests/lib/test.h"

struct stand stand;

cx_err access_authenticate(struct core *core, struct cx_str authorization, cx_time now_us,
                           struct cx_diag *diag, struct principal *ret_principal)
{
    (void)core;
    (void)now_us;
    if (!cx_str_is(authorization, "Bearer admin") && !cx_str_is(authorization, "Bearer auditor"))
        return cx_refuse(diag, CX_ERR(AUTH), "", "token-invalid", "Not a valid token.");
    bool admin = cx_str_is(authorization, "Bearer admin");
    *ret_principal = people_with(2, admin ? 1u << 0 /* administrator */ : 1u << 9 /* auditor */);
    return CX_OK;
}

/* What was granted does not change while these tests look. */
cx_err access_guard(struct store_tx *tx, const struct principal *principal, bool *ret_holds)
{
    (void)tx;
    (void)principal;
    *ret_holds = true;
    return CX_OK;
}

bool client_certificate_claimed(struct cx_str authorization)
{
    return cx_str_starts(authorization, CX_STR("Client-Certificate"));
}

cx_err client_certificate_authenticate(struct api_request *request, struct cx_str authorization,
                                       struct principal *ret_principal)
{
    (void)authorization;
    if (request->client_certificate.len == 0)
        return cx_refuse(request->diag, CX_ERR(AUTH), "", "client-certificate-missing",
                         "No certificate.");
    *ret_principal = people_with(2, 1u << 9 /* auditor */);
    return CX_OK;
}

bool session_claimed(const struct session_head *head)
{
    return cx_str_starts(head->cookies, CX_STR("session"));
}

cx_err session_authenticate(struct core *core, const struct session_head *head, cx_time now_us,
                            struct cx_diag *diag, struct principal *ret_principal)
{
    (void)core;
    bool fresh = cx_str_is(head->cookies, "session=fresh");
    if (!fresh && !cx_str_is(head->cookies, "session=old"))
        return cx_refuse(diag, CX_ERR(AUTH), "", "session-invalid", "Not a valid session.");
    *ret_principal = people_with(2, 1u << 0 /* administrator */);
    ret_principal->token_id = (struct cx_id){{0}};
    ret_principal->session_id = (struct cx_id){{3}};
    ret_principal->factor_us = fresh ? now_us : 0;
    return CX_OK;
}

cx_err session_check_step_up(const struct principal *principal,
                             const struct api_operation *operation, cx_time now_us,
                             struct cx_diag *diag)
{
    if (!operation->step_up || principal->factor_us == now_us ||
        cx_id_is_zero(principal->session_id))
        return CX_OK;
    return cx_refuse(diag, CX_ERR(DENIED), "", "step-up-required", "Prove a factor.");
}

cx_err audit_commit(struct core *core, struct audit_event *event, store_fn fn, void *arg)
{
    (void)core;
    CX_TRY(fn(NULL, arg));
    if (event->outcome == AUDIT_DENIED)
        stand.denials++;
    else
        stand.commits++;
    stand.last_action = event->action;
    return CX_OK;
}

cx_err policy_change_run(struct store_tx *tx, struct api_request *request, store_fn fn, void *arg,
                         struct policy_trial *ret_trial)
{
    (void)request;
    *ret_trial = (struct policy_trial){.waits = stand.waits};
    CX_TRY(fn(tx, arg));
    return stand.waits ? CX_ERR(BUSY) : CX_OK;
}

cx_err policy_change_propose(struct api_request *request, const struct policy_trial *trial)
{
    assert_true(trial->waits);
    request->proposal_id = (struct cx_id){{5}};
    return CX_ERR(BUSY);
}

cx_err proposal_show(struct api_request *request, struct cx_id proposal_id,
                     struct api_proposal_view *ret_view)
{
    *ret_view = (struct api_proposal_view){.id = proposal_id,
                                           .kind = API_PROPOSAL_KIND_POLICY_CHANGE,
                                           .requester_id = request->principal.user_id};
    return CX_OK;
}

static cx_err list_users(struct api_request *request, const void *in, void *ret_out)
{
    const struct api_user_list_in *input = in;
    struct api_user_list_out *out = ret_out;
    stand.calls++;
    (void)request;
    if (input->limit == 13)
        return cx_refuse(request->diag, CX_ERR(STORE), "", "", "the database is at /secret/place");
    out->body.items_count = 0;
    return stand.answer;
}

static cx_err change_nothing(struct store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return CX_OK;
}

static cx_err create_user(struct api_request *request, const void *in, void *ret_out)
{
    static const struct cx_str roles[] = {CX_STR("auditor")};
    const struct api_user_create_in *input = in;
    struct api_user_create_out *out = ret_out;
    struct audit_event event = {.outcome = AUDIT_DONE};
    stand.calls++;
    if (cx_failed(stand.answer))
        return stand.answer;
    CX_TRY(api_commit(request, &event, change_nothing, NULL));
    out->body = (struct api_user_link_view){
        .link = CX_STR("cxl_0123456789abcdef"),
        .user = {.display_name = input->display_name, .roles = roles, .roles_count = 1}};
    return CX_OK;
}

static cx_err next_piece(void *state, struct cx_buf *chunk, bool *ret_done)
{
    (void)state;
    if (stand.stream_breaks && stand.stream_count == 1)
        return CX_ERR(STORE);
    CX_TRY(cx_buf_add_str(chunk, CX_STR("{\"piece\":1}\n")));
    *ret_done = --stand.stream_count == 0;
    return CX_OK;
}

static cx_err export_audit(struct api_request *request, const void *in, void *ret_out)
{
    struct api_audit_export_out *out = ret_out;
    (void)request;
    (void)in;
    stand.calls++;
    out->raw = (struct api_raw){.content_type = "application/x-ndjson",
                                .next = next_piece,
                                .filename = CX_STR("audit.ndjson")};
    return CX_OK;
}

void stand_init(void)
{
    static struct api_operation operations[3];
    static const struct api_handler handlers[3] = {
        {list_users, sizeof(struct api_user_list_out)},
        {create_user, sizeof(struct api_user_create_out)},
        {export_audit, sizeof(struct api_audit_export_out)}};
    operations[0] = api_operations[API_OP_USER_LIST];
    operations[1] = api_operations[API_OP_USER_CREATE];
    operations[1].policy = "role";
    operations[2] = api_operations[API_OP_AUDIT_EXPORT];
    stand = (struct stand){.table = {operations, handlers, 3}, .answer = CX_OK};
    cx_clock_fixed(&stand.clock, INT64_C(1795298400) * CX_US_PER_S);
    cx_rng_seeded(&stand.rng, 7);
    stand.core.clock = &stand.clock;
    stand.core.rng = &stand.rng;
}
