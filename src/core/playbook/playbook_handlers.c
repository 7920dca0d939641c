/* Reading playbooks: lists, versions, what two versions differ in, the library, and the export as CACAO. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/playbook/cacao.h"
#include "core/playbook/library.h"
#include "core/playbook/view.h"

struct listing {
    struct api_request *request;
    struct cx_str name; /* empty: the newest of all */
    struct playbook_row *rows, *in_force;
    size_t count, in_force_count;
};

static cx_err read_list(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct arena *arena = list->request->arena;
    struct cx_id tenant_id = list->request->principal.tenant_id;
    CX_TRY(ARENA_NEW_ARRAY(arena, PLAYBOOK_VERSIONS_MAX, &list->rows));
    CX_TRY(ARENA_NEW_ARRAY(arena, PLAYBOOKS_MAX, &list->in_force));
    CX_TRY(playbook_in_force_all(tx, tenant_id, list->request->now_us, arena, list->in_force,
                                 &list->in_force_count));
    return list->name.len
               ? playbook_versions_of(tx, tenant_id, list->name, arena, list->rows, &list->count)
               : playbook_newest_all(tx, tenant_id, arena, list->rows, &list->count);
}

static bool is_in_force(const struct listing *list, const struct playbook_row *row)
{
    for (size_t i = 0; i < list->in_force_count; i++)
        if (cx_str_eq(list->in_force[i].name, row->name))
            return list->in_force[i].version == row->version;
    return false;
}

static cx_err show_list(struct api_request *request, struct cx_str name,
                        struct api_playbook_list *ret_list)
{
    struct listing list = {.request = request, .name = name};
    struct api_playbook_summary *items = NULL;
    CX_TRY(store_read(request->core->store, read_list, &list));
    if (name.len && !list.count)
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "name", "playbook-unknown",
                         "There is no such playbook.");
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(
            playbook_summary(request, &list.rows[i], is_in_force(&list, &list.rows[i]), &items[i]));
    *ret_list =
        (struct api_playbook_list){.items = items, .items_count = list.count, .complete = true};
    return CX_OK;
}

cx_err handle_playbook_list(struct api_request *request, const struct api_playbook_list_in *in,
                            struct api_playbook_list_out *ret_out)
{
    (void)in;
    return show_list(request, CX_STR(""), &ret_out->body);
}

cx_err handle_playbook_versions(struct api_request *request,
                                const struct api_playbook_versions_in *in,
                                struct api_playbook_versions_out *ret_out)
{
    return show_list(request, in->name, &ret_out->body);
}

cx_err handle_playbook_get(struct api_request *request, const struct api_playbook_get_in *in,
                           struct api_playbook_get_out *ret_out)
{
    struct playbook_read read;
    CX_TRY(playbook_read(request, in->name, in->has_version ? in->version : 0, &read));
    return playbook_view(request, &read, &ret_out->body);
}

cx_err handle_playbook_library(struct api_request *request,
                               const struct api_playbook_library_in *in,
                               struct api_playbook_library_out *ret_out)
{
    struct api_playbook_library_item *items = NULL;
    (void)in;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, playbook_text_count, &items));
    for (size_t i = 0; i < playbook_text_count; i++) {
        struct cx_str text = {playbook_texts[i].text, playbook_texts[i].len};
        struct playbook playbook;
        CX_TRY(playbook_parse(request->arena, cx_str_bytes(text), request->diag, &playbook));
        items[i] = (struct api_playbook_library_item){.name = playbook.name,
                                                      .title = playbook.title,
                                                      .description = playbook.description,
                                                      .step_count = (int64_t)playbook.step_count,
                                                      .text = text};
    }
    ret_out->body =
        (struct api_playbook_library){.items = items, .items_count = playbook_text_count};
    return CX_OK;
}

cx_err handle_playbook_diff(struct api_request *request, const struct api_playbook_diff_in *in,
                            struct api_playbook_diff_out *ret_out)
{
    struct playbook_read is, was = {0};
    struct playbook_differences found;
    struct api_playbook_step_difference *items = NULL;
    CX_TRY(playbook_read(request, in->name, in->has_version ? in->version : 0, &is));
    int64_t from = in->has_from ? in->from : is.row.version - 1;
    if (from > 0)
        CX_TRY(playbook_read(request, in->name, from, &was));
    playbook_compare(&was.playbook, &is.playbook, &found);
    CX_TRY(ARENA_NEW_ARRAY(request->arena, found.count, &items));
    for (size_t i = 0; i < found.count; i++)
        items[i] = (struct api_playbook_step_difference){
            .step = found.list[i].step->id,
            .what = (enum api_step_difference)found.list[i].what,
            .title = found.list[i].step->title};
    ret_out->body = (struct api_playbook_diff){.version = is.row.version,
                                               .from = from,
                                               .scope_changed = found.scope_changed,
                                               .items = items,
                                               .items_count = found.count};
    return CX_OK;
}

cx_err handle_playbook_export(struct api_request *request, const struct api_playbook_export_in *in,
                              struct api_playbook_export_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CACAO_MAX);
    struct playbook_read read;
    CX_TRY(playbook_read(request, in->name, in->has_version ? in->version : 0, &read));
    const struct cacao_origin origin = {.tenant_id = request->principal.tenant_id,
                                        .created_us = read.first_us,
                                        .modified_us = read.row.created_us};
    CX_TRY(cacao_write(&read.playbook, &origin, &out));
    ret_out->raw.content_type = "application/json";
    ret_out->raw.filename = CX_STR("playbook.cacao.json");
    return arena_copy(request->arena, cx_buf_view(&out), &ret_out->raw.body);
}
