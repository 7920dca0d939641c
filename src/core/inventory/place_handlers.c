/* Where a certificate lies decides who reaches it: moving it needs the right where it lies and where it will lie. */
#include "api_routes.h"
#include "core/access/place.h"
#include "core/field.h"
#include "core/inventory/certificate_view.h"

struct placing {
    struct api_request *request;
    struct cx_id certificate_id;
    struct certificate_row row;
    struct access_place_read place;
    const struct access_tag *tags; /* NULL: the group is set */
    size_t tag_count;
    struct cx_id group_id; /* zero: none */
};

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "certificate_id", "certificate-unknown",
                     "There is no such certificate.");
}

/* Tags of the present may be what lets others reach it: so the old place is checked with them. */
static cx_err check_old(struct store_tx *tx, struct placing *placing)
{
    struct api_request *request = placing->request;
    const struct principal *me = &request->principal;
    struct access_object object = {0};
    cx_err err = access_place_of_certificate(tx, me->tenant_id, placing->certificate_id,
                                             request->arena, &placing->place);
    if (cx_is_ok(err)) {
        object.place = access_place_view(&placing->place);
        err = authorise(me, request->operation->permission, &object, request->diag);
    }
    if (cx_is_ok(err))
        err = certificate_find(tx, me->tenant_id, placing->certificate_id, request->arena,
                               &placing->row);
    return err.code == CX_E_NOTFOUND ? refuse_unknown(request->diag) : err;
}

static cx_err check_new(const struct placing *placing)
{
    struct api_request *request = placing->request;
    struct access_place place = access_place_view(&placing->place);
    if (placing->tags) {
        place.tags = placing->tags;
        place.tag_count = placing->tag_count;
    } else {
        place.groups = &placing->group_id;
        place.group_count = !cx_id_is_zero(placing->group_id);
    }
    if (access_may(&request->principal, request->operation->permission, &place))
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(DENIED), placing->tags ? "tags" : "group_id",
                     "scope-outside", "Your right does not reach where the certificate would lie.");
}

static cx_err check_group(struct store_tx *tx, const struct placing *placing)
{
    struct store_stmt *q = NULL;
    bool row = false;
    if (cx_id_is_zero(placing->group_id))
        return CX_OK;
    CX_TRY(
        store_prepare(tx, "SELECT 1 FROM access_group WHERE tenant_id = $1 AND group_id = $2", &q));
    store_bind_id(q, 1, placing->request->principal.tenant_id);
    store_bind_id(q, 2, placing->group_id);
    CX_TRY(store_step(q, &row));
    if (row)
        return CX_OK;
    return cx_refuse(placing->request->diag, CX_ERR(POLICY), "group_id", "group-unknown",
                     "There is no such group.");
}

static cx_err write_place(struct store_tx *tx, void *arg)
{
    struct placing *placing = arg;
    struct api_request *request = placing->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(check_old(tx, placing));
    CX_TRY(check_new(placing));
    if (placing->tags)
        return certificate_set_tags(tx, tenant_id, &placing->row, placing->tags, placing->tag_count,
                                    request->now_us);
    CX_TRY(check_group(tx, placing));
    return certificate_set_group(tx, tenant_id, placing->certificate_id, placing->group_id,
                                 request->now_us);
}

static cx_err commit_place(struct placing *placing, struct field_detail detail,
                           struct api_certificate_view *ret_view)
{
    struct api_request *request = placing->request;
    struct audit_event event = {.object_type = CX_ID_CERTIFICATE,
                                .object_id = placing->certificate_id};
    CX_TRY(field_details(request->arena, &detail, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_place, placing));
    cx_err err = certificate_show(request->core, &request->principal, placing->certificate_id,
                                  request->now_us, request->arena, ret_view);
    return err.code == CX_E_NOTFOUND ? refuse_unknown(request->diag) : err;
}

static cx_err read_tags(struct api_request *request, const struct api_certificate_set_tags_in *in,
                        struct placing *placing, struct cx_str *ret_text)
{
    struct access_tag *tags = NULL;
    struct cx_str text = CX_STR("");
    CX_TRY(ARENA_NEW_ARRAY(request->arena, in->tags_count, &tags));
    for (size_t i = 0; i < in->tags_count; i++) {
        tags[i] = (struct access_tag){in->tags[i].name, in->tags[i].value};
        CX_TRY(arena_printf(request->arena, &text, "%.*s%s%.*s=%.*s", CX_STR_ARG(text),
                            i ? "; " : "", CX_STR_ARG(tags[i].name), CX_STR_ARG(tags[i].value)));
        for (size_t j = 0; j < i; j++)
            if (cx_str_eq(tags[i].name, tags[j].name))
                return cx_refuse(request->diag, CX_ERR(POLICY), "tags", "tag-duplicate",
                                 "A tag name appears twice.");
    }
    placing->tags = tags;
    placing->tag_count = in->tags_count;
    *ret_text = text;
    return CX_OK;
}

cx_err handle_certificate_set_tags(struct api_request *request,
                                   const struct api_certificate_set_tags_in *in,
                                   struct api_certificate_set_tags_out *ret_out)
{
    struct placing *placing = NULL;
    struct cx_str text = CX_STR_NONE;
    CX_TRY(ARENA_NEW(request->arena, &placing));
    placing->request = request;
    placing->certificate_id = in->certificate_id;
    CX_TRY(read_tags(request, in, placing, &text));
    return commit_place(placing, (struct field_detail){"tags", text}, &ret_out->body);
}

cx_err handle_certificate_set_group(struct api_request *request,
                                    const struct api_certificate_set_group_in *in,
                                    struct api_certificate_set_group_out *ret_out)
{
    struct placing *placing = NULL;
    struct cx_str text = CX_STR("none");
    CX_TRY(ARENA_NEW(request->arena, &placing));
    placing->request = request;
    placing->certificate_id = in->certificate_id;
    if (in->has_group_id) {
        placing->group_id = in->group_id;
        CX_TRY(field_id_text(request->arena, CX_ID_GROUP, in->group_id, &text));
    }
    return commit_place(placing, (struct field_detail){"group", text}, &ret_out->body);
}
