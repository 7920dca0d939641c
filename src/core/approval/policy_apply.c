/* Making a call again that others agreed on. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/rights_cache.h"
#include "core/api/route.h"
#include "core/approval/policy_change.h"
#include "core/field.h"

enum { CALL_TEXT_MAX = 1024 * 1024, AGAIN_MAX = 5 };

static cx_err member(const json_t *root, const char *name, struct arena *arena,
                     struct cx_str *ret_text)
{
    const json_t *value = json_object_get(root, name);
    if (!json_is_string(value))
        return CX_ERR(STORE);
    return arena_copy_str(
        arena, (struct cx_str){json_string_value(value), json_string_length(value)}, ret_text);
}

cx_err policy_call_open(struct core *core, struct cx_id tenant_id, const struct proposal_row *row,
                        struct arena *arena, struct policy_call *ret_call)
{
    const struct field_place place = {tenant_id, "proposal", "request", row->proposal_id};
    struct cx_diag ignored = CX_DIAG_INIT;
    struct policy_call call;
    struct cx_bytes text = CX_BYTES_NONE;
    json_auto_t *root = NULL;
    CX_TRY(field_open(core, place, row->request, arena, &text));
    CX_TRY(json_parse(text, CALL_TEXT_MAX, &ignored, &root));
    CX_TRY(member(root, "target", arena, &call.target));
    CX_TRY(member(root, "body", arena, &call.body));
    CX_TRY(member(root, "reason", arena, &call.reason));
    *ret_call = call;
    return CX_OK;
}

struct loading {
    struct core *core;
    cx_time now_us;
    struct principal *principal;
};

static cx_err load(struct store_tx *tx, void *arg)
{
    const struct loading *loading = arg;
    return access_principal_load(loading->core, tx, loading->now_us, loading->principal);
}

/* In the name of who asked, with the rights that they have now. */
static cx_err load_asker(const struct policy_agreed *agreed, struct api_request *inner)
{
    struct loading loading = {inner->core, inner->now_us, &inner->principal};
    inner->principal = (struct principal){.tenant_id = agreed->request->principal.tenant_id,
                                          .user_id = agreed->row.requester_id,
                                          .authenticated = true};
    struct cx_diag ignored = CX_DIAG_INIT; /* it speaks to who asked */
    CX_TRY(store_read(inner->core->store, load, &loading));
    if (cx_is_ok(authorise(&inner->principal, inner->permission, NULL, &ignored)))
        return CX_OK;
    return cx_refuse(inner->diag, CX_ERR(DENIED), "proposal_id", "requester-may-not",
                     "The person who asked may not do this (any more).");
}

static cx_err decode(struct api_request *inner, const struct policy_call *call,
                     const struct api_route *route, void *in, json_t **ret_root)
{
    const struct api_operation *operation = inner->operation;
    const char *query = memchr(call->target.ptr, '?', call->target.len);
    size_t path_len = query ? (size_t)(query - call->target.ptr) + 1 : call->target.len;
    struct cx_str rest = {call->target.ptr + path_len, call->target.len - path_len};
    CX_TRY(api_decode_path(route->values, route->value_count, inner->diag, in));
    CX_TRY(api_decode_query(operation->in, rest, inner->arena, inner->diag, in));
    return operation->body_max
               ? api_decode_body(operation->in, cx_str_bytes(call->body), operation->body_max,
                                 inner->arena, inner->diag, in, ret_root)
               : CX_OK;
}

static cx_err find_route(struct api_request *inner, const struct policy_call *call,
                         struct api_route *ret_route)
{
    static const char *const methods[] = {
        [API_POST] = "POST", [API_PUT] = "PUT", [API_PATCH] = "PATCH", [API_DELETE] = "DELETE"};
    struct cx_str allow = CX_STR_NONE;
    const char *query = memchr(call->target.ptr, '?', call->target.len);
    struct cx_str path = {call->target.ptr,
                          query ? (size_t)(query - call->target.ptr) : call->target.len};
    CX_TRY(api_route_find(api_operations, API_OP_COUNT,
                          cx_str_from(methods[inner->operation->method]), path, inner->arena,
                          inner->diag, &allow, ret_route));
    return ret_route->operation == inner->operation ? CX_OK : CX_ERR(STORE);
}

static cx_err make_call(struct policy_agreed *agreed, struct api_request *inner)
{
    struct policy_call call;
    struct api_route route;
    json_auto_t *root = NULL;
    void *in = NULL, *out = NULL;
    CX_TRY(policy_call_open(inner->core, agreed->request->principal.tenant_id, &agreed->row,
                            inner->arena, &call));
    CX_TRY(load_asker(agreed, inner));
    CX_TRY(find_route(inner, &call, &route));
    const struct api_handler *handler = &api_handlers[route.index];
    CX_TRY(arena_alloc(inner->arena, inner->operation->in->size, &in));
    CX_TRY(arena_alloc(inner->arena, handler->out_size, &out));
    CX_TRY(decode(inner, &call, &route, in, &root));
    inner->in = in;
    inner->target = call.target;
    inner->reason = call.reason;
    return handler->call(inner, in, out);
}

static cx_err apply_once(struct policy_agreed *agreed)
{
    const struct api_request *request = agreed->request;
    struct api_request inner = {.core = request->core,
                                .arena = request->arena,
                                .diag = request->diag,
                                .operation = policy_operation(agreed->row.operation),
                                .request_id = request->request_id,
                                .now_us = request->now_us,
                                .source_address = request->source_address,
                                .cookies = CX_STR(""),
                                .origin = CX_STR(""),
                                .from_gate = request->from_gate,
                                .agreed = agreed};
    if (!inner.operation)
        return CX_ERR(STORE);
    inner.permission = inner.operation->permission;
    agreed->outdated = agreed->done = false;
    agreed->refusal = CX_OK;
    cx_err err = make_call(agreed, &inner);
    access_principal_clear(&inner.principal);
    return err;
}

cx_err policy_change_apply(struct policy_agreed *agreed)
{
    struct api_request *request = agreed->request;
    CX_TRY(audit_prepare(request->core, request->arena, agreed->event, &agreed->entry));
    cx_err err = apply_once(agreed);
    for (int again = 0; agreed->outdated && again < AGAIN_MAX; again++) {
        CX_TRY(access_principal_reload(request->core, request->now_us, &request->principal));
        CX_TRY(authorise(&request->principal, request->permission, NULL, request->diag));
        err = apply_once(agreed);
    }
    if (agreed
            ->done) /* whatever the handler did afterwards for its own answer, which nobody reads */
        return CX_OK;
    CX_TRY(agreed->refusal);                       /* not what the handler takes it for */
    return cx_is_ok(err) ? CX_ERR(INTERNAL) : err; /* a handler that changed nothing */
}
