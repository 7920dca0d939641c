/*
 * Operations on rule packs: versions, and which one applies when. write_upload and write_use are the two places where a decoded
 * request becomes rows; both commit with their audit entry through api_commit.
 */
#include "api_routes.h"
#include "base/checked.h"
#include "core/field.h"
#include "core/incident/pack_simulate.h"
#include "core/incident/pack_use.h"

enum { AHEAD_MAX_DAYS = 366, VERSIONS_MAX = 500 };
_Static_assert((int)API_RULE_TOUCH_COUNT == (int)PACK_TOUCH_COUNT &&
                   (int)API_RULE_TOUCH_STATE == (int)PACK_DUTY_STATE,
               "the contract lists what is touched in the order of pack_compare.h");

static cx_err refuse_unknown(struct cx_diag *diag, const char *field)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), field, "rule-pack-unknown",
                     "There is no such version of a rule pack.");
}

/* ---- showing ---- */

/* The packs that apply, to say of a version whether it is among them now. */
struct applying {
    const struct rule_pack *packs;
    size_t count;
    cx_time now_us;
};

static bool is_in_force(const struct applying *applying, const struct rule_pack *pack)
{
    for (size_t i = 0; i < applying->count; i++) {
        const struct rule_pack *one = &applying->packs[i];
        if (!one->draft && cx_str_eq(one->name, pack->name) &&
            cx_str_eq(one->version, pack->version) && applying->now_us >= one->from_us &&
            applying->now_us < one->until_us)
            return true;
    }
    return false;
}

static struct api_rule_version_view view_of(const struct pack_version *version,
                                            const struct applying *applying)
{
    const struct rule_pack *pack = version->pack;
    return (struct api_rule_version_view){
        .name = pack->name,
        .version = pack->version,
        .source = version->packaged ? API_RULE_SOURCE_PACKAGED : API_RULE_SOURCE_UPLOADED,
        .document = pack->document,
        .title = pack->title,
        .status = pack->draft ? API_RULE_STATUS_DRAFT : API_RULE_STATUS_IN_FORCE,
        .primary = pack->primary,
        .in_force = is_in_force(applying, pack),
        .has_effective_from = pack->from_us != INT64_MIN,
        .effective_from = pack->from_us,
        .has_effective_until = pack->until_us != INT64_MAX,
        .effective_until = pack->until_us,
        .has_created = version->stored && !version->packaged,
        .created = version->row.created_us,
        .has_created_by_id = version->stored && !version->packaged,
        .created_by_id = version->row.created_by_id,
    };
}

struct version_list {
    struct api_request *request;
    struct api_rule_version_view *items;
    size_t count;
};

static cx_err read_versions(struct store_tx *tx, void *arg)
{
    struct version_list *list = arg;
    struct api_request *request = list->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct applying applying = {.now_us = request->now_us};
    struct pack_row *rows = NULL;
    size_t packaged_count = 0, count = 0;
    const struct rule_pack *packaged = rule_set_packs(request->core->rules, &packaged_count);
    list->count = 0;
    CX_TRY(pack_list_of(tx, request->core, tenant_id, request->arena, &applying.packs,
                        &applying.count));
    for (size_t i = 0; i < packaged_count; i++) {
        struct pack_version version = {.pack = &packaged[i], .packaged = true};
        list->items[list->count++] = view_of(&version, &applying);
    }
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PACK_UPLOADS_MAX, &rows));
    CX_TRY(rule_pack_rows(tx, tenant_id, request->arena, rows, &count));
    for (size_t i = 0; i < count && list->count < VERSIONS_MAX; i++) {
        struct pack_version version;
        CX_TRY(pack_version_of(tx, request->core, tenant_id, rows[i].name, rows[i].version,
                               request->arena, &version));
        if (!version.packaged)
            list->items[list->count++] = view_of(&version, &applying);
    }
    return CX_OK;
}

cx_err handle_rule_pack_list(struct api_request *request, const struct api_rule_pack_list_in *in,
                             struct api_rule_pack_list_out *ret_out)
{
    struct version_list list = {.request = request};
    (void)in;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, VERSIONS_MAX, &list.items));
    CX_TRY(store_read(request->core->store, read_versions, &list));
    ret_out->body = (struct api_rule_version_list){.items = list.items, .items_count = list.count};
    return CX_OK;
}

struct version_show {
    struct api_request *request;
    struct cx_str name, wanted; /* wanted "": the one in force, else the newest */
    struct pack_version version;
    struct applying applying;
    struct api_rule_use_view uses[PACK_USES_MAX];
    size_t use_count;
};

static cx_err read_uses(struct store_tx *tx, struct version_show *show)
{
    struct api_request *request = show->request;
    struct pack_use_row *rows = NULL;
    size_t count = 0;
    show->use_count = 0;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PACK_USES_MAX, &rows));
    CX_TRY(rule_pack_uses(tx, request->principal.tenant_id, request->arena, rows, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(rows[i].name, show->name))
            show->uses[show->use_count++] =
                (struct api_rule_use_view){.number = rows[i].number,
                                           .has_version = rows[i].version.len > 0,
                                           .version = rows[i].version,
                                           .effective = rows[i].from_us,
                                           .created = rows[i].created_us,
                                           .created_by_id = rows[i].created_by_id};
    return CX_OK;
}

/* Of the versions of this name: the one that applies now, else the last that is known. */
static cx_err choose(struct store_tx *tx, struct version_show *show, struct cx_str *ret_version)
{
    struct api_request *request = show->request;
    struct pack_row *rows = NULL;
    size_t count = 0, packaged_count = 0;
    const struct rule_pack *packaged = rule_set_packs(request->core->rules, &packaged_count);
    *ret_version = CX_STR("");
    for (size_t i = 0; i < packaged_count; i++)
        if (cx_str_eq(packaged[i].name, show->name))
            *ret_version = packaged[i].version;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PACK_UPLOADS_MAX, &rows));
    CX_TRY(rule_pack_rows(tx, request->principal.tenant_id, request->arena, rows, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(rows[i].name, show->name))
            *ret_version = rows[i].version;
    for (size_t i = 0; i < show->applying.count; i++) {
        const struct rule_pack *pack = &show->applying.packs[i];
        if (!pack->draft && cx_str_eq(pack->name, show->name) && request->now_us >= pack->from_us &&
            request->now_us < pack->until_us)
            *ret_version = pack->version;
    }
    return CX_OK;
}

static cx_err read_version(struct store_tx *tx, void *arg)
{
    struct version_show *show = arg;
    struct api_request *request = show->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct cx_str version = show->wanted;
    show->applying.now_us = request->now_us;
    CX_TRY(pack_list_of(tx, request->core, tenant_id, request->arena, &show->applying.packs,
                        &show->applying.count));
    if (!version.len)
        CX_TRY(choose(tx, show, &version));
    CX_TRY(pack_version_of(tx, request->core, tenant_id, show->name, version, request->arena,
                           &show->version));
    return read_uses(tx, show);
}

static cx_err show_version(struct api_request *request, struct cx_str name, struct cx_str wanted,
                           struct version_show **ret_show)
{
    struct version_show *show = NULL;
    CX_TRY(ARENA_NEW(request->arena, &show));
    *show = (struct version_show){.request = request, .name = name, .wanted = wanted};
    cx_err err = store_read(request->core->store, read_version, show);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag, wanted.len ? "version" : "name");
    CX_TRY(err);
    *ret_show = show;
    return CX_OK;
}

static struct api_rule_content content_of(const struct version_show *show)
{
    return (struct api_rule_content){.pack = view_of(&show->version, &show->applying),
                                     .text = show->version.text,
                                     .uses = show->uses,
                                     .uses_count = show->use_count};
}

cx_err handle_rule_pack_get(struct api_request *request, const struct api_rule_pack_get_in *in,
                            struct api_rule_pack_get_out *ret_out)
{
    struct version_show *show = NULL;
    CX_TRY(show_version(request, in->name, in->has_version ? in->version : CX_STR(""), &show));
    ret_out->body = content_of(show);
    return CX_OK;
}

cx_err handle_rule_pack_diff(struct api_request *request, const struct api_rule_pack_diff_in *in,
                             struct api_rule_pack_diff_out *ret_out)
{
    struct version_show *from = NULL, *to = NULL;
    struct pack_difference *list = NULL;
    struct api_rule_difference *items = NULL;
    size_t count = 0;
    CX_TRY(show_version(request, in->name, in->from, &from));
    CX_TRY(show_version(request, in->name, in->to, &to));
    CX_TRY(pack_diff(from->version.text, to->version.text, request->arena, &list, &count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &items));
    for (size_t i = 0; i < count; i++)
        items[i] = (struct api_rule_difference){.has_duty = list[i].duty.len > 0,
                                                .duty = list[i].duty,
                                                .field = list[i].difference.field,
                                                .has_was = list[i].difference.was.ptr != NULL,
                                                .was = list[i].difference.was,
                                                .has_is = list[i].difference.is.ptr != NULL,
                                                .is = list[i].difference.is};
    ret_out->body = (struct api_rule_diff){.items = items, .items_count = count};
    return CX_OK;
}

/* ---- uploading ---- */

static cx_err write_upload(struct store_tx *tx, void *arg)
{
    return rule_pack_insert(tx, arg);
}

static cx_err refuse_write(struct cx_diag *diag, cx_err err)
{
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(diag, err, "text", "rule-pack-version-exists",
                         "This version exists; a version never changes: give it a new name.");
    if (err.code == CX_E_LIMIT)
        return cx_refuse(diag, err, "", "rule-pack-limit",
                         "At most %d versions are uploaded, and %d activations made.",
                         PACK_UPLOADS_MAX, PACK_USES_MAX);
    return err;
}

static bool is_packaged(const struct core *core, const struct rule_pack *pack)
{
    size_t count = 0;
    const struct rule_pack *packs = rule_set_packs(core->rules, &count);
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(packs[i].name, pack->name) && cx_str_eq(packs[i].version, pack->version))
            return true;
    return false;
}

cx_err handle_rule_pack_upload(struct api_request *request,
                               const struct api_rule_pack_upload_in *in,
                               struct api_rule_pack_upload_out *ret_out)
{
    struct rule_pack pack;
    struct version_show *show = NULL;
    CX_TRY(rule_pack_parse(request->arena, cx_str_bytes(in->text), request->diag, &pack));
    struct row_rule_pack row = {.tenant_id = request->principal.tenant_id,
                                .name = pack.name,
                                .version = pack.version,
                                .content = in->text,
                                .created_us = request->now_us,
                                .created_by_id = request->principal.user_id};
    struct field_detail details[] = {
        {"pack", pack.name}, {"version", pack.version}, {"reason", in->reason}};
    struct audit_event event = {0};
    if (is_packaged(request->core, &pack))
        return refuse_write(request->diag, CX_ERR(CONFLICT));
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    cx_err err = api_commit(request, &event, write_upload, &row);
    if (cx_failed(err))
        return refuse_write(request->diag, err);
    CX_TRY(show_version(request, pack.name, pack.version, &show));
    ret_out->body = view_of(&show->version, &show->applying);
    return CX_OK;
}

/* ---- activating ---- */

struct activation {
    struct api_request *request;
    struct row_rule_pack_use use;
    struct row_rule_pack copy; /* of a packaged version, when keep */
    bool keep;
};

static cx_err write_use(struct store_tx *tx, void *arg)
{
    struct activation *activation = arg;
    if (activation->keep) {
        struct pack_row there;
        cx_err err = rule_pack_find(tx, activation->copy.tenant_id, activation->copy.name,
                                    activation->copy.version, activation->request->arena, &there);
        if (err.code == CX_E_NOTFOUND)
            err = rule_pack_insert(tx, &activation->copy);
        CX_TRY(err);
    }
    return rule_pack_use_insert(tx, &activation->use);
}

/* As soon as it may be: now, or when the document is in force. What others agreed to may have waited past its time. */
static cx_err choose_time(struct api_request *request, const struct api_rule_pack_activate_in *in,
                          const struct rule_pack *pack, cx_time *ret_us)
{
    cx_time at_us = in->has_effective ? in->effective : request->now_us;
    if (request->agreed && at_us < request->now_us)
        at_us = request->now_us;
    if (!in->has_effective && pack && pack->from_us > at_us)
        at_us = pack->from_us;
    if (at_us < request->now_us || at_us > request->now_us + AHEAD_MAX_DAYS * CX_US_PER_DAY)
        return cx_refuse(request->diag, CX_ERR(POLICY), "effective", "rule-pack-effective",
                         "The time lies after now, and at most %d days ahead.", AHEAD_MAX_DAYS);
    if (pack && pack->draft)
        return cx_refuse(request->diag, CX_ERR(POLICY), "version", "rule-pack-draft",
                         "A draft does not apply: upload a version with status in-force.");
    if (pack && (at_us < pack->from_us || at_us >= pack->until_us))
        return cx_refuse(request->diag, CX_ERR(POLICY), "effective", "rule-pack-dates",
                         "The version itself says that it is not in force then.");
    *ret_us = at_us;
    return CX_OK;
}

static cx_err prepare_activation(struct api_request *request,
                                 const struct api_rule_pack_activate_in *in,
                                 struct activation *activation)
{
    struct cx_str version = in->has_version ? in->version : CX_STR("");
    struct version_show *show = NULL;
    CX_TRY(show_version(request, in->name, version, &show));
    activation->request = request;
    activation->use = (struct row_rule_pack_use){.tenant_id = request->principal.tenant_id,
                                                 .name = in->name,
                                                 .version = version,
                                                 .created_us = request->now_us,
                                                 .created_by_id = request->principal.user_id};
    activation->keep = in->has_version && show->version.packaged;
    activation->copy = (struct row_rule_pack){.tenant_id = request->principal.tenant_id,
                                              .name = in->name,
                                              .version = version,
                                              .content = show->version.text,
                                              .created_us = request->now_us,
                                              .created_by_id = request->principal.user_id};
    return choose_time(request, in, in->has_version ? show->version.pack : NULL,
                       &activation->use.from_us);
}

cx_err handle_rule_pack_activate(struct api_request *request,
                                 const struct api_rule_pack_activate_in *in,
                                 struct api_rule_pack_activate_out *ret_out)
{
    struct activation activation = {0};
    struct version_show *show = NULL;
    char effective[CX_TIME_TEXT_MAX];
    CX_TRY(prepare_activation(request, in, &activation));
    CX_TRY(cx_time_format(activation.use.from_us, effective));
    struct field_detail details[] = {
        {"pack", in->name},
        {"version", in->has_version ? in->version : CX_STR("the packaged ones")},
        {"effective", cx_str_from(effective)},
        {"reason", in->reason}};
    struct audit_event event = {0};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    cx_err err = api_commit(request, &event, write_use, &activation);
    if (cx_failed(err))
        return refuse_write(request->diag, err);
    CX_TRY(show_version(request, in->name, CX_STR(""), &show));
    ret_out->body = content_of(show);
    return CX_OK;
}

/* ---- simulating ---- */

static cx_err candidate_of(struct api_request *request, const struct api_rule_pack_simulate_in *in,
                           const struct rule_pack **ret_pack)
{
    struct rule_pack *pack = NULL;
    struct version_show *show = NULL;
    if (in->has_version == in->has_text)
        return cx_refuse(request->diag, CX_ERR(POLICY), "text", "text-or-version",
                         "Send either the text of a pack or a version that is there.");
    if (in->has_version) {
        CX_TRY(show_version(request, in->name, in->version, &show));
        *ret_pack = show->version.pack;
        return CX_OK;
    }
    CX_TRY(ARENA_NEW(request->arena, &pack));
    CX_TRY(rule_pack_parse(request->arena, cx_str_bytes(in->text), request->diag, pack));
    if (!cx_str_eq(pack->name, in->name))
        return cx_refuse(request->diag, CX_ERR(POLICY), "text", "rule-pack-other-name",
                         "The text is that of another pack.");
    *ret_pack = pack;
    return CX_OK;
}

cx_err handle_rule_pack_simulate(struct api_request *request,
                                 const struct api_rule_pack_simulate_in *in,
                                 struct api_rule_pack_simulate_out *ret_out)
{
    struct pack_simulation *it = NULL;
    struct api_rule_touched *items = NULL;
    CX_TRY(ARENA_NEW(request->arena, &it));
    *it = (struct pack_simulation){.core = request->core,
                                   .tenant_id = request->principal.tenant_id,
                                   .from_us = in->has_effective ? in->effective : INT64_MIN,
                                   .now_us = request->now_us,
                                   .arena = request->arena};
    CX_TRY(candidate_of(request, in, &it->pack));
    CX_TRY(store_read(request->core->store, pack_simulate, it));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, it->finding_count, &items));
    for (size_t i = 0; i < it->finding_count; i++) {
        const struct pack_finding *finding = &it->findings[i];
        items[i] = (struct api_rule_touched){.incident_id = finding->incident_id,
                                             .duty = finding->duty,
                                             .what = (enum api_rule_touch)finding->what,
                                             .has_was = finding->was.ptr != NULL,
                                             .was = finding->was,
                                             .has_is = finding->is.ptr != NULL,
                                             .is = finding->is};
    }
    ret_out->body = (struct api_rule_simulation){.considered = (int64_t)it->considered,
                                                 .complete = it->complete,
                                                 .items = items,
                                                 .items_count = it->finding_count};
    return CX_OK;
}
