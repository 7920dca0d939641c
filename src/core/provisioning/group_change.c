#include "core/provisioning/group_change.h"

#include "core/access/rights.h"
#include "core/provisioning/document.h"

struct reading {
    struct scim_group_document *document;
    struct arena *arena;
    struct cx_diag *diag;
    size_t operation;
};

static cx_err add_step(struct reading *r, enum scim_step_kind kind, size_t members,
                       struct scim_step **ret_step)
{
    struct scim_step *step = NULL;
    CX_TRY(ARENA_NEW(r->arena, &step));
    CX_TRY(ARENA_NEW_ARRAY(r->arena, members, &step->members));
    step->kind = kind;
    step->operation = r->operation;
    *r->document->end = step;
    r->document->end = &step->next;
    *ret_step = step;
    return CX_OK;
}

static cx_err set_text(struct reading *r, enum scim_step_kind kind, const json_t *value)
{
    const char *name = kind == SCIM_STEP_NAME ? "displayName" : "externalId";
    struct scim_step *step = NULL;
    struct cx_str text = CX_STR_NONE;
    CX_TRY(scim_text_of(value, name, SCIM_TEXT_MAX, r->diag, &text));
    if (kind == SCIM_STEP_NAME && text.len == 0)
        return cx_refuse(r->diag, CX_ERR(PARSE), name, "scim-value",
                         "A group has a displayName, which is not empty.");
    CX_TRY(add_step(r, kind, 0, &step));
    return arena_copy_str(r->arena, text, &step->text);
}

static cx_err member_of(struct reading *r, const json_t *item, struct cx_id *ret_id)
{
    const json_t *value = json_is_object(item) ? scim_member(item, "value") : item;
    struct cx_str text =
        json_is_string(value) ? cx_str_from(json_string_value(value)) : CX_STR_NONE;
    if (text.len && cx_is_ok(cx_id_parse(CX_ID_USER, text, ret_id)))
        return CX_OK;
    *r->diag = CX_DIAG_INIT;
    return cx_refuse(r->diag, CX_ERR(PARSE), "members", "scim-value",
                     "The value of a member is the id of a user, \"usr_…\"; groups are not nested "
                     "by a directory.");
}

/* One that is not a user is refused by itself. */
static cx_err add_members(struct reading *r, enum scim_step_kind kind, const json_t *value,
                          struct scim_step **ret_step)
{
    bool list = json_is_array(value);
    size_t count = list ? json_array_size(value) : value && !json_is_null(value);
    struct scim_step *step = NULL;
    if (count > SCIM_MEMBERS_MAX - r->document->member_count)
        return cx_refuse(r->diag, CX_ERR(LIMIT), "members", "scim-too-many",
                         "One request names at most %d members.", SCIM_MEMBERS_MAX);
    r->document->member_count += count;
    CX_TRY(add_step(r, kind, count, &step));
    for (size_t i = 0; i < count; i++) {
        const json_t *item = list ? json_array_get(value, i) : value;
        cx_err err = member_of(r, item, &step->members[step->member_count]);
        if (cx_is_ok(err))
            step->member_count++;
        else
            scim_refused(&r->document->refused, r->operation, err, r->diag);
    }
    *ret_step = step;
    return CX_OK;
}

static cx_err replace_members(struct reading *r, const json_t *value)
{
    struct scim_step *keep = NULL, *add = NULL;
    CX_TRY(add_members(r, SCIM_STEP_KEEP, value, &keep));
    qsort(keep->members, keep->member_count, sizeof(*keep->members), access_id_compare);
    CX_TRY(add_step(r, SCIM_STEP_ADD, 0, &add));
    add->members = keep->members;
    add->member_count = keep->member_count;
    return CX_OK;
}

static cx_err set_value(struct reading *r, struct cx_str name, enum scim_op op, const json_t *value)
{
    struct scim_step *step = NULL;
    name = scim_name_bare(name);
    if (scim_name_is(name, "displayName"))
        return set_text(r, SCIM_STEP_NAME, op == SCIM_REMOVE ? NULL : value);
    if (scim_name_is(name, "externalId"))
        return set_text(r, SCIM_STEP_EXTERNAL_ID, op == SCIM_REMOVE ? NULL : value);
    if (!scim_name_is(name, "members"))
        return CX_OK;
    if (op == SCIM_ADD)
        return add_members(r, SCIM_STEP_ADD, value, &step);
    if (op == SCIM_REPLACE)
        return replace_members(r, value);
    return value && !json_is_null(value) ? add_members(r, SCIM_STEP_REMOVE, value, &step)
                                         : add_step(r, SCIM_STEP_REMOVE_ALL, 0, &step);
}

static cx_err set_members(struct reading *r, enum scim_op op, const json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        CX_TRY(set_value(r, cx_str_from(key), op, value));
    }
    return CX_OK;
}

/* members[value eq "usr_…"]: RFC 7644 §3.5.2.2, as Okta removes. */
static cx_err remove_selected(struct reading *r, const struct scim_operation *operation)
{
    const struct scim_path *path = &operation->path;
    struct scim_step *step = NULL;
    const struct scim_term *term = &path->filter.terms[0];
    if (!scim_name_is(path->attribute, "members") || operation->op != SCIM_REMOVE ||
        path->sub.len || path->filter.count != 1 || !scim_name_is(term->attribute, "value"))
        return cx_refuse(
            r->diag, CX_ERR(PARSE), "", "scim-path",
            "The path with a filter is members[value eq \"usr_…\"], and it is removed.");
    CX_TRY(add_step(r, SCIM_STEP_REMOVE, 1, &step));
    /* Whoever is no user here is no member. */
    if (cx_is_ok(cx_id_parse(CX_ID_USER, term->value, &step->members[0])))
        step->member_count = 1;
    return CX_OK;
}

static bool is_ours(struct cx_str name)
{
    return scim_name_is(name, "id") || scim_name_is(name, "schemas") || scim_name_is(name, "meta");
}

static cx_err apply(struct reading *r, const json_t *item)
{
    struct scim_operation operation;
    CX_TRY(scim_operation_read(item, r->arena, r->diag, &operation));
    if (!operation.has_path) {
        if (json_is_object(operation.value))
            return set_members(r, operation.op, operation.value);
        return cx_refuse(r->diag, CX_ERR(PARSE), "", "scim-value",
                         "Without a path the value is an object.");
    }
    if (operation.path.filter.count)
        return remove_selected(r, &operation);
    if (is_ours(operation.path.attribute))
        return cx_refuse(r->diag, CX_ERR(PARSE), "", "scim-mutability",
                         "id, schemas and meta are set by the service and cannot be changed.");
    return set_value(r, operation.path.attribute, operation.op, operation.value);
}

static bool is_refusal(cx_err err)
{
    return err.code == CX_E_PARSE || err.code == CX_E_LIMIT;
}

cx_err scim_group_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                       struct scim_group_document *ret_document)
{
    struct scim_group_document *document = ret_document;
    struct reading r = {document, arena, diag, 0};
    json_auto_t *root = NULL;
    *document = (struct scim_group_document){.steps = NULL};
    document->end = &document->steps;
    CX_TRY(scim_body_parse(body, SCIM_GROUP_BODY_MAX, diag, &root));
    CX_TRY(set_text(&r, SCIM_STEP_NAME, scim_member(root, "displayName")));
    CX_TRY(set_text(&r, SCIM_STEP_EXTERNAL_ID, scim_member(root, "externalId")));
    return replace_members(&r, scim_member(root, "members"));
}

cx_err scim_group_patch_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                             struct scim_group_document *ret_document)
{
    struct scim_group_document *document = ret_document;
    json_auto_t *root = NULL;
    const json_t *list = NULL;
    *document = (struct scim_group_document){.steps = NULL};
    document->end = &document->steps;
    CX_TRY(scim_body_parse(body, SCIM_GROUP_BODY_MAX, diag, &root));
    CX_TRY(scim_operations(root, diag, &list));
    if (json_array_size(list) > SCIM_OPERATIONS_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "scim-too-many",
                         "A PATCH document on a group has at most %d operations.",
                         SCIM_OPERATIONS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct cx_diag own = CX_DIAG_INIT;
        struct reading r = {document, arena, &own, i + 1};
        cx_err err = apply(&r, json_array_get(list, i));
        if (is_refusal(err))
            scim_refused(&document->refused, i + 1, err, &own);
        else
            CX_TRY(err);
    }
    return CX_OK;
}
