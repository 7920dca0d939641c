#include "core/provisioning/user_change.h"

#include "base/checked.h"
#include "core/provisioning/document.h"

/* How an attribute is treated. */
enum kind {
    KIND_TEXT,
    KIND_ACTIVE,
    KIND_NAME,   /* an object of texts */
    KIND_EMAILS, /* of which one is kept */
    KIND_OURS,   /* RFC 7643 §3.1: read only */
    KIND_OTHER,  /* read over */
};

struct attribute {
    const char *name;
    enum kind kind;
    enum scim_text text;
    size_t max; /* characters */
};

static const struct attribute attributes[] = {
    {"userName", KIND_TEXT, SCIM_USER_NAME, SCIM_TEXT_MAX},
    {"externalId", KIND_TEXT, SCIM_EXTERNAL_ID, SCIM_TEXT_MAX},
    {"displayName", KIND_TEXT, SCIM_DISPLAY_NAME, 100},
    {"name.formatted", KIND_TEXT, SCIM_FORMATTED, 100},
    {"name.givenName", KIND_TEXT, SCIM_GIVEN_NAME, 100},
    {"name.familyName", KIND_TEXT, SCIM_FAMILY_NAME, 100},
    {"emails.value", KIND_TEXT, SCIM_EMAIL, 254},
    {"active", KIND_ACTIVE, SCIM_TEXT_COUNT, 0},
    {"name", KIND_NAME, SCIM_TEXT_COUNT, 0},
    {"emails", KIND_EMAILS, SCIM_TEXT_COUNT, 0},
    {"id", KIND_OURS, SCIM_TEXT_COUNT, 0},
    {"schemas", KIND_OURS, SCIM_TEXT_COUNT, 0},
    {"meta", KIND_OURS, SCIM_TEXT_COUNT, 0},
    {"groups", KIND_OURS, SCIM_TEXT_COUNT, 0},
};
static const struct attribute other = {"", KIND_OTHER, SCIM_TEXT_COUNT, 0};

static const struct attribute *find(struct cx_str name)
{
    for (size_t i = 0; i < CX_COUNT_OF(attributes); i++)
        if (scim_name_is(name, attributes[i].name))
            return &attributes[i];
    return &other;
}

struct reading {
    struct scim_user_document *document;
    struct scim_user_change trial; /* of the operation that is being read */
    struct arena *arena;
    struct cx_diag diag; /* of the operation's first refusal */
};

/* As the contract has it (Email in api/openapi.yaml). */
static bool is_address(struct cx_str text)
{
    static const char in_local[] = ".!#$%&'*+/=?^_`{|}~-";
    size_t at = 0;
    while (at < text.len && text.ptr[at] != '@')
        at++;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool allowed = i < at ? c != '\0' && strchr(in_local, c) != NULL : c == '.' || c == '-';
        if (i != at && !plain && !allowed)
            return false;
    }
    return at > 0 && at <= 64 && at + 1 < text.len && text.len - at - 1 <= 189;
}

static cx_err set_text(struct reading *r, const struct attribute *a, struct cx_str text)
{
    if (a->text == SCIM_USER_NAME && text.len == 0)
        return cx_refuse(&r->diag, CX_ERR(PARSE), a->name, "scim-value",
                         "A user has a userName, which is not empty.");
    if (a->text == SCIM_EMAIL && text.len && !is_address(text))
        return cx_refuse(&r->diag, CX_ERR(PARSE), a->name, "scim-value",
                         "A value of emails is not a mail address.");
    CX_TRY(arena_copy_str(r->arena, text, &r->trial.text[a->text]));
    r->trial.set[a->text] = true;
    return CX_OK;
}

static cx_err set_active(struct reading *r, const json_t *value)
{
    bool active = true;
    CX_TRY(scim_bool_of(value, "active", &r->diag, &active));
    r->trial.set_active = true;
    r->trial.active = active;
    r->document->deactivates = !active; /* whatever becomes of the rest */
    return CX_OK;
}

static bool member_is(const json_t *item, const char *key, const char *want)
{
    const json_t *value = scim_member(item, key);
    return json_is_string(value) && scim_name_is(cx_str_from(json_string_value(value)), want);
}

/* The address that is kept: of type work, or else the primary one, or else the first. */
static const json_t *choose_address(const json_t *list)
{
    const json_t *primary = NULL;
    bool is_primary = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (member_is(item, "type", "work"))
            return item;
        if (!primary &&
            cx_is_ok(scim_bool_of(scim_member(item, "primary"), "", NULL, &is_primary)) &&
            is_primary)
            primary = item;
    }
    return primary ? primary : json_array_get(list, 0);
}

static cx_err set_emails(struct reading *r, const json_t *value)
{
    const struct attribute *email = find(CX_STR("emails.value"));
    struct cx_str text = CX_STR_NONE;
    if (json_is_array(value) && json_array_size(value) > 0)
        value = choose_address(value);
    else if (json_is_array(value))
        value = NULL;
    if (json_is_object(value))
        value = scim_member(value, "value");
    CX_TRY(scim_text_of(value, "emails.value", email->max, &r->diag, &text));
    return set_text(r, email, text);
}

static cx_err set_value(struct reading *r, const struct attribute *a, const json_t *value);

static void keep_first(cx_err *first, cx_err err)
{
    if (cx_is_ok(*first))
        *first = err;
}

/* Each member of an object, its name after prefix. A member that is refused does not keep the next from being read. */
static cx_err set_members(struct reading *r, const char *prefix, const json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    cx_err first = CX_OK;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char name[SCIM_NAME_MAX + 8];
        int len = snprintf(name, sizeof(name), "%s%s", prefix, key);
        if (len < 0 || (size_t)len >= sizeof(name))
            continue; /* no name that is known here is so long */
        const struct attribute *a = find(scim_name_bare(cx_str_from(name)));
        if (a->kind != KIND_OURS)
            keep_first(&first, set_value(r, a, value));
    }
    return first;
}

static cx_err set_value(struct reading *r, const struct attribute *a, const json_t *value)
{
    struct cx_str text = CX_STR_NONE;
    switch (a->kind) {
    case KIND_TEXT:
        CX_TRY(scim_text_of(value, a->name, a->max, &r->diag, &text));
        return set_text(r, a, text);
    case KIND_ACTIVE:
        return set_active(r, value);
    case KIND_EMAILS:
        return set_emails(r, value);
    case KIND_NAME:
        if (json_is_object(value))
            return set_members(r, "name.", value);
        return cx_refuse(&r->diag, CX_ERR(PARSE), "name", "scim-value", "name is an object.");
    case KIND_OURS: /* RFC 7644 §3.5.2: a target that is read only is an error */
        return cx_refuse(&r->diag, CX_ERR(PARSE), a->name, "scim-mutability",
                         "%s is set by the service and cannot be changed.", a->name);
    case KIND_OTHER:
        break;
    }
    return CX_OK;
}

static cx_err remove_value(struct reading *r, const struct attribute *a)
{
    if (a->kind == KIND_ACTIVE)
        return cx_refuse(&r->diag, CX_ERR(PARSE), "active", "scim-value",
                         "active cannot be removed: set it to false.");
    if (a->kind == KIND_EMAILS)
        return set_emails(r, NULL);
    if (a->kind == KIND_TEXT)
        return set_text(r, a, CX_STR_NONE);
    for (int i = SCIM_FORMATTED; a->kind == KIND_NAME && i <= SCIM_FAMILY_NAME; i++) {
        r->trial.text[i] = CX_STR_NONE;
        r->trial.set[i] = true;
    }
    return a->kind == KIND_OURS ? set_value(r, a, NULL) : CX_OK;
}

/* Whether emails[…] selects the address that is kept here, which counts as of type work and primary. */
static bool selects_ours(const struct scim_filter *filter)
{
    for (size_t i = 0; i < filter->count; i++) {
        const struct scim_term *term = &filter->terms[i];
        if (scim_name_is(term->attribute, "type") && !scim_name_is(term->value, "work"))
            return false;
        if (scim_name_is(term->attribute, "primary") && !scim_name_is(term->value, "true"))
            return false;
    }
    return true;
}

/* emails[type eq "work"].value creates the address when there is none, though RFC 7644 §3.5.2.3 would have noTarget: Entra
 * sends no other form for the first one. */
static cx_err apply_filtered(struct reading *r, const struct scim_operation *operation)
{
    const struct scim_path *path = &operation->path;
    const struct attribute *a = find(path->attribute);
    bool whole = path->sub.len == 0 || scim_name_is(path->sub, "value");
    if (a->kind == KIND_OTHER ||
        (a->kind == KIND_EMAILS && (!whole || !selects_ours(&path->filter))))
        return CX_OK;
    if (a->kind != KIND_EMAILS)
        return cx_refuse(&r->diag, CX_ERR(PARSE), "", "scim-path",
                         "Only emails is selected from by a filter.");
    return operation->op == SCIM_REMOVE ? set_emails(r, NULL) : set_emails(r, operation->value);
}

static cx_err apply(struct reading *r, const json_t *item)
{
    struct scim_operation operation;
    CX_TRY(scim_operation_read(item, r->arena, &r->diag, &operation));
    if (!operation.has_path) {
        if (json_is_object(operation.value))
            return set_members(r, "", operation.value);
        return cx_refuse(&r->diag, CX_ERR(PARSE), "", "scim-value",
                         "Without a path the value is an object.");
    }
    if (operation.path.filter.count)
        return apply_filtered(r, &operation);
    const struct attribute *a = find(operation.path.attribute);
    return operation.op == SCIM_REMOVE ? remove_value(r, a) : set_value(r, a, operation.value);
}

static cx_err settle(struct reading *r, size_t operation, cx_err err)
{
    if (err.code == CX_E_NOMEM || err.code == CX_E_INTERNAL)
        return err;
    if (cx_is_ok(err))
        r->document->change = r->trial;
    else
        scim_refused(&r->document->refused, operation, err, &r->diag);
    return CX_OK;
}

cx_err scim_user_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                      struct scim_user_document *ret_document)
{
    struct scim_user_document document = {.deactivates = false};
    struct reading r = {.document = &document, .arena = arena};
    json_auto_t *root = NULL;
    CX_TRY(scim_body_parse(body, SCIM_USER_BODY_MAX, diag, &root));
    CX_TRY(settle(&r, 0, set_members(&r, "", root)));
    *ret_document = document;
    return CX_OK;
}

cx_err scim_user_patch_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                            struct scim_user_document *ret_document)
{
    struct scim_user_document document = {.deactivates = false};
    json_auto_t *root = NULL;
    const json_t *list = NULL;
    CX_TRY(scim_body_parse(body, SCIM_USER_BODY_MAX, diag, &root));
    CX_TRY(scim_operations(root, diag, &list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct reading r = {.document = &document, .trial = document.change, .arena = arena};
        CX_TRY(settle(&r, i + 1, apply(&r, json_array_get(list, i))));
    }
    *ret_document = document;
    return CX_OK;
}
