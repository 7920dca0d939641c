/* One's own sessions: seeing them, ending them. Somebody else's do not exist here. */
#include "api_routes.h"
#include "core/authentication/begin.h"
#include "core/authentication/session.h"

struct session_list {
    const struct principal *me;
    struct arena *arena;
    struct session_row rows[SESSIONS_PER_USER_MAX];
    size_t count;
    struct setting_values limits;
};

static cx_err read_sessions(struct store_tx *tx, void *arg)
{
    struct session_list *list = arg;
    CX_TRY(setting_values_read(tx, list->me->tenant_id, &list->limits));
    return session_page(tx, list->me->tenant_id, list->me->user_id, list->arena, list->rows,
                        &list->count);
}

static cx_err show(struct api_request *request, struct api_session_page *ret_page)
{
    struct session_list list = {.me = &request->principal, .arena = request->arena};
    struct api_session_view *items = NULL;
    struct api_session_page page = {0};
    CX_TRY(store_read(request->core->store, read_sessions, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++) {
        list.rows[i].expires_us = session_expires_us(&list.rows[i], &list.limits);
        if (session_is_open(&list.rows[i], &list.limits, request->now_us))
            CX_TRY(session_view(request->core, list.me->tenant_id, &list.rows[i],
                                list.me->session_id, request->arena, &items[page.items_count++]));
    }
    page.items = items;
    *ret_page = page;
    return CX_OK;
}

cx_err handle_session_list(struct api_request *request, const struct api_session_list_in *in,
                           struct api_session_list_out *ret_out)
{
    (void)in;
    return show(request, &ret_out->body);
}

struct revocation {
    struct api_request *request;
    struct cx_id session_id;
};

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "session_id", "session-unknown",
                     "There is no such session of yours.");
}

static cx_err write_revocation(struct store_tx *tx, void *arg)
{
    const struct revocation *revocation = arg;
    struct api_request *request = revocation->request;
    const struct principal *me = &request->principal;
    struct session_row session;
    cx_err err = session_find(tx, me->tenant_id, revocation->session_id, request->arena, &session);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (!cx_id_eq(session.user_id, me->user_id))
        return refuse_unknown(request->diag);
    return session_end(tx, me->tenant_id, revocation->session_id, request->now_us);
}

cx_err handle_session_revoke(struct api_request *request, const struct api_session_revoke_in *in,
                             struct api_session_revoke_out *ret_out)
{
    struct revocation revocation = {request, in->session_id};
    struct audit_event event = {.object_type = CX_ID_SESSION, .object_id = in->session_id};
    CX_TRY(api_commit(request, &event, write_revocation, &revocation));
    if (cx_id_eq(in->session_id, request->principal.session_id))
        CX_TRY(session_clear_cookie(request));
    return show(request, &ret_out->body);
}
