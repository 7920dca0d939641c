/* The routes under /scim/v2/Groups: RFC 7644 §3. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/provisioning/answer.h"
#include "core/provisioning/group_write.h"

/* ---- showing ---- */

struct showing {
    struct scim_call *call;
    struct cx_id group_id;
    struct scim_group_shown group;
};

static cx_err read_members(struct store_tx *tx, struct scim_call *call,
                           struct scim_group_shown *group)
{
    struct cx_id *members = NULL;
    if (!scim_query_wants(&call->query, "members"))
        return CX_OK;
    CX_TRY(scim_members(tx, call->request->principal.tenant_id, call->client.user_id,
                        group->row.group_id, call->request->arena, &members, &group->member_count));
    group->members = members;
    return CX_OK;
}

static cx_err find_group(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    return scim_group_find(tx, s->call->request->principal.tenant_id, s->call->client.user_id,
                           s->group_id, s->call->request->arena, &s->group.row);
}

static cx_err read_group(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    CX_TRY(find_group(tx, s));
    return read_members(tx, s->call, &s->group);
}

static cx_err show(struct scim_call *call, struct cx_id group_id, uint16_t status,
                   struct api_raw *raw)
{
    struct showing s = {.call = call, .group_id = group_id};
    cx_err err = store_read(call->request->core->store, read_group, &s);
    if (err.code == CX_E_NOTFOUND)
        return scim_refuse_unknown(call->request);
    CX_TRY(err);
    return scim_send_group(call, raw, status, &s.group);
}

cx_err handle_scim_group_get(struct api_request *request, const struct api_scim_group_get_in *in,
                             struct api_scim_group_get_out *ret_out)
{
    struct scim_call call;
    struct cx_id group_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_GROUP, in->scim_id, &group_id));
    return show(&call, group_id, 0, &ret_out->raw);
}

/* ---- searching ---- */

struct search {
    struct scim_call *call;
    struct scim_key key;
    bool nothing; /* a term that nothing can fulfil */
    size_t offset, limit, count, total;
    struct scim_group *rows;
    struct scim_group_shown *shown;
    size_t shown_count;
};

static cx_err key_of(struct search *search, const struct scim_term *term, struct scim_key *ret_key)
{
    struct arena *arena = search->call->request->arena;
    struct scim_key key = {.kind = SCIM_BY_NAME, .text = term->value};
    cx_err id = CX_OK;
    if (scim_name_is(term->attribute, "id")) {
        key.kind = SCIM_BY_ID;
        id = cx_id_parse(CX_ID_GROUP, term->value, &key.id);
    } else if (scim_name_is(term->attribute, "members.value") ||
               scim_name_is(term->attribute, "members")) {
        key.kind = SCIM_BY_MEMBER;
        id = cx_id_parse(CX_ID_USER, term->value, &key.id);
    } else if (scim_name_is(term->attribute, "externalId")) {
        key.kind = SCIM_BY_EXTERNAL_ID;
        search->nothing = search->nothing || term->value.len == 0;
    } else if (scim_name_is(term->attribute, "displayName")) {
        CX_TRY(scim_lower(term->value, arena, &key.lower));
    } else {
        return cx_refuse(search->call->request->diag, CX_ERR(PARSE), "", "scim-filter",
                         "Groups are found by displayName, externalId, id or members.value.");
    }
    search->nothing = search->nothing || cx_failed(id);
    *ret_key = key;
    return CX_OK;
}

/* Each term selects; what all of them select is the answer. */
static cx_err read_terms(struct store_tx *tx, struct search *s, const struct scim_filter *filter)
{
    struct cx_id tenant_id = s->call->request->principal.tenant_id;
    struct arena *arena = s->call->request->arena;
    struct scim_group *other = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, SCIM_GROUPS_SHOWN, &other));
    for (size_t i = 0; i < filter->count; i++) {
        struct scim_key key;
        size_t found = 0, left = 0;
        CX_TRY(key_of(s, &filter->terms[i], &key));
        CX_TRY(scim_group_search(tx, tenant_id, s->call->client.user_id, &key, 0, SCIM_GROUPS_SHOWN,
                                 arena, i ? other : s->rows, &found));
        for (size_t k = 0; i && k < s->count; k++)
            for (size_t m = 0; m < found; m++)
                if (cx_id_eq(s->rows[k].group_id, other[m].group_id))
                    s->rows[left++] = s->rows[k];
        s->count = i ? left : found;
    }
    s->total = s->count;
    return CX_OK;
}

static cx_err read_shown(struct store_tx *tx, struct search *s, size_t first)
{
    const struct scim_query *query = &s->call->query;
    CX_TRY(ARENA_NEW_ARRAY(s->call->request->arena, query->count, &s->shown));
    s->shown_count = 0;
    for (size_t i = first; i < s->count && s->shown_count < query->count; i++) {
        struct scim_group_shown *group = &s->shown[s->shown_count++];
        group->row = s->rows[i];
        CX_TRY(read_members(tx, s->call, group));
    }
    return CX_OK;
}

static cx_err read_search(struct store_tx *tx, void *arg)
{
    struct search *s = arg;
    struct cx_id tenant_id = s->call->request->principal.tenant_id;
    const struct scim_query *query = &s->call->query;
    const struct scim_key all = {.kind = SCIM_ALL};
    if (query->filter.count) {
        CX_TRY(read_terms(tx, s, &query->filter));
        return read_shown(tx, s, query->start_index - 1);
    }
    CX_TRY(scim_group_total(tx, tenant_id, s->call->client.user_id, &s->total));
    CX_TRY(scim_group_search(tx, tenant_id, s->call->client.user_id, &all, query->start_index - 1,
                             query->count, s->call->request->arena, s->rows, &s->count));
    return read_shown(tx, s, 0);
}

static cx_err check_terms(struct search *search)
{
    const struct scim_filter *filter = &search->call->query.filter;
    for (size_t i = 0; i < filter->count; i++)
        CX_TRY(key_of(search, &filter->terms[i], &search->key));
    return CX_OK;
}

cx_err handle_scim_group_search(struct api_request *request,
                                const struct api_scim_group_search_in *in,
                                struct api_scim_group_search_out *ret_out)
{
    (void)in;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SCIM_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    struct scim_call call;
    struct search search = {.call = &call};
    CX_TRY(scim_open(&call, request));
    CX_TRY(check_terms(&search));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, SCIM_GROUPS_SHOWN, &search.rows));
    if (!search.nothing)
        CX_TRY(store_read(request->core->store, read_search, &search));
    CX_TRY(scim_list_begin(&json, search.total, call.query.start_index, search.shown_count));
    for (size_t i = 0; i < search.shown_count; i++)
        CX_TRY(scim_write_group(&json, &call, &search.shown[i]));
    CX_TRY(json_end(&json));
    CX_TRY(json_end(&json));
    return scim_send(&call, &ret_out->raw, 0, &out);
}

/* ---- changing ---- */

/* The first of what was refused, and how much more; what was not refused is in effect. */
static cx_err refuse_first(struct api_request *request, const struct scim_refusals *refused)
{
    const struct cx_diag *first = &refused->diag;
    char which[48] = "", more[48] = "";
    if (refused->count == 0)
        return CX_OK;
    if (refused->operation)
        snprintf(which, sizeof(which), " of operation %zu", refused->operation);
    if (refused->count > 1)
        snprintf(more, sizeof(more), ", and %zu more were refused", refused->count - 1);
    *request->diag = CX_DIAG_INIT;
    cx_err err =
        cx_refuse(request->diag, refused->err, first->field, first->rule,
                  "A part%s was refused%s; the rest is in effect. %s", which, more, first->text);
    return scim_refused_status(request, err);
}

static cx_err change(struct scim_call *call, struct cx_id group_id,
                     struct scim_group_document *document)
{
    struct showing s = {.call = call, .group_id = group_id};
    cx_err err = store_read(call->request->core->store, find_group, &s);
    if (cx_is_ok(err))
        err = scim_group_steps(call, group_id, document);
    if (err.code == CX_E_NOTFOUND)
        return scim_refuse_unknown(call->request);
    CX_TRY(err);
    return refuse_first(call->request, &document->refused);
}

cx_err handle_scim_group_create(struct api_request *request,
                                const struct api_scim_group_create_in *in,
                                struct api_scim_group_create_out *ret_out)
{
    struct scim_call call;
    struct scim_group_document document;
    struct cx_id group_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_group_read(in->body, request->arena, request->diag, &document));
    if (document.refused.count) {
        *request->diag = document.refused.diag;
        return document.refused.err;
    }
    CX_TRY(scim_refused_status(request, scim_group_insert(&call, &document, &group_id)));
    return show(&call, group_id, 201, &ret_out->raw);
}

cx_err handle_scim_group_replace(struct api_request *request,
                                 const struct api_scim_group_replace_in *in,
                                 struct api_scim_group_replace_out *ret_out)
{
    struct scim_call call;
    struct scim_group_document document;
    struct cx_id group_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_GROUP, in->scim_id, &group_id));
    CX_TRY(scim_group_read(in->body, request->arena, request->diag, &document));
    CX_TRY(change(&call, group_id, &document));
    return show(&call, group_id, 0, &ret_out->raw);
}

/* 204: a group of thousands is not worth sending after each change (RFC 7644 §3.5.2 leaves the choice). */
cx_err handle_scim_group_patch(struct api_request *request,
                               const struct api_scim_group_patch_in *in,
                               struct api_scim_group_patch_out *ret_out)
{
    struct scim_call call;
    struct scim_group_document document;
    struct cx_id group_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_GROUP, in->scim_id, &group_id));
    CX_TRY(scim_group_patch_read(in->body, request->arena, request->diag, &document));
    CX_TRY(change(&call, group_id, &document));
    if (call.query.attributes.len)
        return show(&call, group_id, 0, &ret_out->raw);
    return scim_send_nothing(&ret_out->raw);
}

cx_err handle_scim_group_delete(struct api_request *request,
                                const struct api_scim_group_delete_in *in,
                                struct api_scim_group_delete_out *ret_out)
{
    struct scim_call call;
    struct cx_id group_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_GROUP, in->scim_id, &group_id));
    cx_err err = scim_group_delete(&call, group_id);
    if (err.code == CX_E_NOTFOUND)
        return scim_refuse_unknown(request);
    CX_TRY(err);
    return scim_send_nothing(&ret_out->raw);
}
