/* New versions of playbooks: from YAML, the library or CACAO, from an earlier version, and the one that retires it. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/change/rollback.h"
#include "core/core.h"
#include "core/field.h"
#include "core/playbook/cacao.h"
#include "core/playbook/library.h"
#include "core/playbook/view.h"

struct edit {
    struct api_request *request;
    struct row_playbook_version row;
};

static cx_err write_version(struct store_tx *tx, void *arg)
{
    struct edit *edit = arg;
    cx_err err = playbook_add(tx, &edit->row);
    if (err.code == CX_E_LIMIT)
        return cx_refuse(edit->request->diag, err, "", "playbook-limit",
                         "There are %d playbooks, or %d versions of this one, the most there can "
                         "be.",
                         PLAYBOOKS_MAX, PLAYBOOK_VERSIONS_MAX);
    return err;
}

/* Steps of the kind duty name one that some rule pack has: a mistyped one would wait for ever. */
static cx_err check_duties(struct api_request *request, const struct playbook *playbook)
{
    size_t pack_count = 0;
    const struct rule_pack *packs = rule_set_packs(request->core->rules, &pack_count);
    for (size_t i = 0; i < playbook->step_count; i++) {
        const struct playbook_step *step = &playbook->steps[i];
        if (step->kind == PLAYBOOK_DUTY && !playbook_duty_known(packs, pack_count, step->duty))
            return cx_refuse(request->diag, CX_ERR(POLICY), "steps", "duty-unknown",
                             "Step %.*s: no rule pack has the duty %.*s.", CX_STR_ARG(step->id),
                             CX_STR_ARG(step->duty));
    }
    return CX_OK;
}

/* Everything that becomes a version goes through here. */
static cx_err commit(struct edit *edit, struct cx_str content, bool has_effective,
                     cx_time effective_us, struct field_detail more, struct api_playbook_view *ret)
{
    struct api_request *request = edit->request;
    struct playbook playbook;
    struct playbook_read read;
    struct audit_event event = {0};
    char effective[CX_TIME_TEXT_MAX];
    CX_TRY(playbook_parse(request->arena, cx_str_bytes(content), request->diag, &playbook));
    if (!cx_str_is(edit->row.state, "retired")) /* going out of force asks for nothing */
        CX_TRY(check_duties(request, &playbook));
    if (has_effective && effective_us < request->now_us && !request->agreed)
        return cx_refuse(request->diag, CX_ERR(POLICY), "effective", "time-past",
                         "A version comes into force now or later.");
    edit->row.tenant_id = request->principal.tenant_id;
    edit->row.name = playbook.name;
    edit->row.content = content;
    /* What others agreed to may have waited past its time: then it comes into force at once. */
    edit->row.effective_us =
        has_effective && effective_us > request->now_us ? effective_us : request->now_us;
    edit->row.created_us = request->now_us;
    edit->row.has_created_by_id = true;
    edit->row.created_by_id = request->principal.user_id;
    CX_TRY(cx_time_format(edit->row.effective_us, effective));
    const struct field_detail details[] = {
        {"playbook", playbook.name}, {"effective", cx_str_from(effective)}, more};
    CX_TRY(field_details(request->arena, details, more.key ? 3 : 2, &event.details));
    CX_TRY(api_commit(request, &event, write_version, edit));
    CX_TRY(playbook_read(request, playbook.name, edit->row.version, &read));
    return playbook_view(request, &read, ret);
}

cx_err handle_playbook_import(struct api_request *request, const struct api_playbook_import_in *in,
                              struct api_playbook_import_out *ret_out)
{
    struct edit edit = {.request = request, .row = {.state = CX_STR("active")}};
    struct cx_str content = in->text;
    if (in->has_text == in->has_library)
        return cx_refuse(request->diag, CX_ERR(POLICY), "text", "text-or-library",
                         "Send either the text of a playbook or the name of one in the library.");
    if (in->has_library) {
        const struct rule_text *text = playbook_library_find(in->library);
        if (!text)
            return cx_refuse(request->diag, CX_ERR(POLICY), "library", "playbook-unknown",
                             "The library has no such playbook: see certinext playbook library.");
        content = (struct cx_str){text->text, text->len};
    }
    return commit(&edit, content, in->has_effective, in->effective,
                  (struct field_detail){"library", in->library}, &ret_out->body);
}

static cx_err to_yaml(struct api_request *request, const struct playbook *playbook,
                      struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(PLAYBOOK_MAX);
    struct cx_str text;
    cx_err err = playbook_write(playbook, &out);
    if (err.code == CX_E_LIMIT)
        return cx_refuse(request->diag, err, "document", "too-long",
                         "The playbook has more than %d octets.", PLAYBOOK_MAX);
    CX_TRY(err);
    CX_TRY(cx_str_view(cx_buf_view(&out), &text));
    return arena_copy_str(request->arena, text, ret_text);
}

cx_err handle_playbook_import_cacao(struct api_request *request,
                                    const struct api_playbook_import_cacao_in *in,
                                    struct api_playbook_import_cacao_out *ret_out)
{
    struct edit edit = {.request = request, .row = {.state = CX_STR("active")}};
    struct cacao_defaults defaults = {.name = in->has_name ? in->name : CX_STR(""),
                                      .has_role = in->has_role,
                                      .role = (enum incident_role)in->role};
    struct playbook playbook;
    struct cx_str content = CX_STR_NONE;
    for (size_t i = 0; i < in->types_count; i++)
        defaults.applies.types |= 1u << in->types[i];
    CX_TRY(cacao_read(request->arena, cx_str_bytes(in->document), &defaults, request->diag,
                      &playbook));
    CX_TRY(to_yaml(request, &playbook, &content));
    return commit(&edit, content, in->has_effective, in->effective,
                  (struct field_detail){"from", CX_STR("cacao")}, &ret_out->body);
}

cx_err handle_playbook_rollback(struct api_request *request,
                                const struct api_playbook_rollback_in *in,
                                struct api_playbook_rollback_out *ret_out)
{
    struct edit edit = {.request = request, .row = {.state = CX_STR("active")}};
    json_auto_t *root = NULL;
    struct cx_str key = CX_STR_NONE, content = CX_STR_NONE, version = CX_STR_NONE;
    CX_TRY(arena_printf(request->arena, &version, "%lld", (long long)in->version));
    CX_TRY(
        arena_printf(request->arena, &key, "%.*s/%.*s", CX_STR_ARG(in->name), CX_STR_ARG(version)));
    CX_TRY(change_rollback_read(request->core, request->principal.tenant_id, CHANGE_PLAYBOOK, key,
                                1, request->arena, request->diag, &root));
    CX_TRY(change_rollback_text(root, "content", request->arena, &content));
    return commit(&edit, content, in->has_effective, in->effective,
                  (struct field_detail){"from_version", version}, &ret_out->body);
}

cx_err handle_playbook_retire(struct api_request *request, const struct api_playbook_retire_in *in,
                              struct api_playbook_retire_out *ret_out)
{
    struct edit edit = {.request = request, .row = {.state = CX_STR("retired")}};
    struct playbook_read read;
    CX_TRY(playbook_read(request, in->name, 0, &read));
    if (read.row.retired)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "name", "playbook-retired",
                         "The playbook is retired already.");
    return commit(&edit, read.row.content, false, 0, (struct field_detail){0}, &ret_out->body);
}
