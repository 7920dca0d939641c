/* Operations on state changes: the history of objects, and whether they are what the log vouches for. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/json.h"
#include "core/approval/proposal_view.h"
#include "core/audit/audit_list.h"
#include "core/change/change_store.h"
#include "core/change/check.h"
#include "core/change/diff.h"
#include "core/change/key.h"
#include "core/field.h"
#include "crypto/hash.h"

enum { DETAILS_TEXT_MAX = 64 * 1024 };

_Static_assert((int)API_CHANGE_OBJECT_COUNT == (int)CHANGE_OBJECT_COUNT &&
                   (int)API_CHANGE_OBJECT_PLAYBOOK == (int)CHANGE_PLAYBOOK,
               "the contract lists objects in the order of change/object.h");

/* Why, as the entry recorded it beside the change; absent when nobody said so, or the key to it is away. */
static cx_err reason_of(struct api_request *request, const struct change_item *item,
                        bool *ret_has_reason, struct cx_str *ret_reason)
{
    const struct audit_item entry = {.record = {.tenant_id = request->principal.tenant_id,
                                                .entry_id = item->entry_id,
                                                .commitment = item->commitment},
                                     .sealed = item->details};
    struct cx_diag ignored = CX_DIAG_INIT;
    json_auto_t *root = NULL;
    struct cx_str details = CX_STR_NONE;
    *ret_has_reason = false;
    if (cx_failed(audit_details_open(request->core, &entry, request->arena, &details)))
        return CX_OK;
    CX_TRY(json_parse(cx_str_bytes(details), DETAILS_TEXT_MAX, &ignored, &root));
    const json_t *reason = json_object_get(root, "reason");
    if (!json_is_string(reason))
        return CX_OK;
    *ret_has_reason = true;
    return arena_copy_str(request->arena,
                          (struct cx_str){json_string_value(reason), json_string_length(reason)},
                          ret_reason);
}

static cx_err hash_of(struct arena *arena, struct cx_str content, struct cx_str *ret_hex)
{
    const struct cx_bytes pieces[] = {cx_str_bytes(content)};
    uint8_t hash[32];
    CX_TRY(crypto_digest(CRYPTO_SHA256, pieces, 1, hash));
    return page_hex_write(arena, CX_BYTES(hash, sizeof(hash)), ret_hex);
}

static cx_err fields_of(const struct change_item *item, struct arena *arena,
                        struct api_change_view *view)
{
    struct change_difference list[CHANGE_DIFF_MAX];
    struct cx_str *fields = NULL;
    CX_TRY(change_diff(item->before, item->content, arena, list, &view->fields_count));
    CX_TRY(ARENA_NEW_ARRAY(arena, view->fields_count, &fields));
    for (size_t i = 0; i < view->fields_count; i++)
        fields[i] = list[i].field;
    view->fields = fields;
    return CX_OK;
}

/* Who asked for it and who agreed, where others had to. */
static cx_err origin_of(struct api_request *request, const struct change_item *item,
                        struct api_change_view *view)
{
    struct proposal_origin origin;
    view->approved = !cx_id_is_zero(item->proposal_id);
    if (!view->approved)
        return CX_OK;
    CX_TRY(proposal_origin(request, item->proposal_id, &origin));
    view->has_proposal_id = view->has_requester_id = view->has_approvals = true;
    view->proposal_id = item->proposal_id;
    view->requester_id = origin.requester_id;
    view->approvals = origin.approvals;
    view->approvals_count = origin.approval_count;
    return CX_OK;
}

static cx_err view_of(struct api_request *request, const struct change_item *item,
                      struct api_change_view *ret_view)
{
    struct api_change_view view = {
        .version = item->version,
        .time = item->time_us,
        .action = item->action,
        .has_actor_id = !cx_id_is_zero(item->user_id),
        .actor_id = item->user_id,
    };
    for (int i = 0; i < CHANGE_OBJECT_COUNT; i++)
        if (cx_str_is(item->object, change_object_name((enum change_object)i)))
            view.object = (enum api_change_object)i;
    CX_TRY(change_key_show((enum change_object)view.object, item->key, request->arena, &view.key));
    CX_TRY(field_id_text(request->arena, CX_ID_AUDIT, item->entry_id, &view.entry_id));
    CX_TRY(hash_of(request->arena, item->content, &view.hash));
    CX_TRY(reason_of(request, item, &view.has_reason, &view.reason));
    CX_TRY(fields_of(item, request->arena, &view));
    CX_TRY(origin_of(request, item, &view));
    *ret_view = view;
    return CX_OK;
}

static struct cx_str object_text(enum api_change_object object)
{
    return cx_str_from(change_object_name((enum change_object)object));
}

/* Without the kind of object nothing says what an identifier is of: then its prefix does. */
static cx_err read_key(struct api_request *request, bool has_object, enum api_change_object object,
                       struct cx_str shown, struct cx_str *ret_key)
{
    if (has_object)
        return change_key_read((enum change_object)object, shown, request->arena, ret_key);
    for (int i = 0; i < CHANGE_OBJECT_COUNT; i++) {
        CX_TRY(change_key_read((enum change_object)i, shown, request->arena, ret_key));
        if (!cx_str_eq(*ret_key, shown))
            return CX_OK;
    }
    return CX_OK;
}

cx_err handle_change_list(struct api_request *request, const struct api_change_list_in *in,
                          struct api_change_list_out *ret_out)
{
    struct change_filter filter = {.tenant_id = request->principal.tenant_id,
                                   .object = in->has_object ? object_text(in->object) : CX_STR(""),
                                   .key = CX_STR(""),
                                   .limit = (size_t)in->limit};
    struct change_item *list = NULL;
    struct api_change_view *items = NULL;
    size_t count = 0;
    if (in->has_key)
        CX_TRY(read_key(request, in->has_object, in->object, in->key, &filter.key));
    CX_TRY(page_cursor_parse("change", in->cursor, request->diag, &filter.after));
    CX_TRY(change_list_read(request->core->store, &filter, request->arena, &list, &count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &items));
    for (size_t i = 0; i < count; i++)
        CX_TRY(view_of(request, &list[i], &items[i]));
    struct api_change_page page = {.items = items, .items_count = count};
    page.has_next_cursor = count == filter.limit;
    if (page.has_next_cursor) {
        struct page_key key = {list[count - 1].position, list[count - 1].entry_id};
        CX_TRY(page_cursor_write(request->arena, "change", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

static cx_err pick(struct api_request *request, enum api_change_object object, struct cx_str key,
                   int64_t version, int64_t from, struct change_item *ret_item)
{
    struct cx_str stored = CX_STR_NONE;
    CX_TRY(change_key_read((enum change_object)object, key, request->arena, &stored));
    const struct change_pick it = {.tenant_id = request->principal.tenant_id,
                                   .object = object_text(object),
                                   .key = stored,
                                   .version = version,
                                   .before_version = from};
    cx_err err = change_pick_read(request->core->store, &it, request->arena, ret_item);
    return err.code == CX_E_NOTFOUND ? cx_refuse(request->diag, err, "version", "version-unknown",
                                                 "Of this object no such version is recorded.")
                                     : err;
}

cx_err handle_change_get(struct api_request *request, const struct api_change_get_in *in,
                         struct api_change_get_out *ret_out)
{
    struct change_item item;
    CX_TRY(pick(request, in->object, in->key, in->has_version ? in->version : 0, 0, &item));
    CX_TRY(view_of(request, &item, &ret_out->body.change));
    ret_out->body.content = item.content;
    return CX_OK;
}

cx_err handle_change_diff(struct api_request *request, const struct api_change_diff_in *in,
                          struct api_change_diff_out *ret_out)
{
    struct change_difference list[CHANGE_DIFF_MAX];
    struct api_change_field *fields = NULL;
    struct change_item item;
    size_t count = 0;
    CX_TRY(pick(request, in->object, in->key, in->has_version ? in->version : 0,
                in->has_from ? in->from : 0, &item));
    if (in->has_from && !item.before.len)
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "from", "version-unknown",
                         "Of this object no such version is recorded.");
    CX_TRY(change_diff(item.before, item.content, request->arena, list, &count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &fields));
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct api_change_field){.field = list[i].field,
                                              .has_was = list[i].was.ptr != NULL,
                                              .was = list[i].was,
                                              .has_is = list[i].is.ptr != NULL,
                                              .is = list[i].is};
    CX_TRY(view_of(request, &item, &ret_out->body.change));
    ret_out->body.from = in->has_from ? in->from : item.version - 1;
    ret_out->body.items = fields;
    ret_out->body.items_count = count;
    return CX_OK;
}

static cx_err show_finding_key(struct api_request *request, const struct change_finding *finding,
                               struct cx_str *ret_key)
{
    for (int i = 0; i < CHANGE_OBJECT_COUNT; i++)
        if (cx_str_is(cx_str_from(finding->object), change_object_name((enum change_object)i)))
            return change_key_show((enum change_object)i, finding->key, request->arena, ret_key);
    return arena_copy_str(request->arena, finding->key, ret_key);
}

static cx_err copy_report(struct api_request *request, const struct change_report *report,
                          struct api_change_report *ret_view)
{
    struct api_change_finding *findings = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, report->told_count, &findings));
    for (size_t i = 0; i < report->told_count; i++) {
        const struct change_finding *finding = &report->findings[i];
        struct api_change_finding view = {.rule = cx_str_from(finding->rule),
                                          .has_object = finding->object[0] != 0,
                                          .object = cx_str_from(finding->object),
                                          .has_field = finding->field.len > 0};
        CX_TRY(show_finding_key(request, finding, &view.key));
        CX_TRY(arena_copy_str(request->arena, finding->field, &view.field));
        findings[i] = view;
    }
    *ret_view = (struct api_change_report){.intact = report->recorded && !report->finding_count,
                                           .objects = report->object_count,
                                           .versions = report->version_count,
                                           .findings = report->finding_count,
                                           .items = findings,
                                           .items_count = report->told_count};
    return CX_OK;
}

cx_err handle_change_check(struct api_request *request, const struct api_change_check_in *in,
                           struct api_change_check_out *ret_out)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CHANGE_CHECK_MAX);
    struct change_report *report = NULL;
    (void)in;
    CX_TRY(ARENA_NEW(&arena, &report));
    CX_TRY(change_check(request->core, request->principal.tenant_id, &arena, report));
    return copy_report(request, report, &ret_out->body);
}
