#include "core/provisioning/directory.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/json_write.h"
#include "core/api/problem.h"
#include "core/field.h"
#include "core/protect/protect.h"

enum { ATTRIBUTES_MAX = 16 * 1024, DISPLAY_NAME_MAX = 100 };

/* Members of the sealed object. */
static const char *const names[SCIM_TEXT_COUNT] = {
    [SCIM_USER_NAME] = "userName",
    [SCIM_EXTERNAL_ID] = "externalId",
    [SCIM_DISPLAY_NAME] = "displayName",
    [SCIM_FORMATTED] = "formatted",
    [SCIM_GIVEN_NAME] = "givenName",
    [SCIM_FAMILY_NAME] = "familyName",
    [SCIM_EMAIL] = "email",
};

static cx_err read_client(struct store_tx *tx, void *arg)
{
    struct scim_call *call = arg;
    const struct principal *me = &call->request->principal;
    return scim_client_find(tx, me->tenant_id, me->user_id, &call->client);
}

static bool holds_more(const struct principal *me)
{
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (i != PERMISSION_SCIM_PROVISION && access_may_anywhere(me, (enum permission)i))
            return true;
    return false;
}

cx_err scim_open(struct scim_call *call, struct api_request *request)
{
    *call = (struct scim_call){.request = request};
    cx_err err = store_read(request->core->store, read_client, call);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && call->client.revoked_us))
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "not-a-directory",
                         "Only the token of a SCIM client provisions: scim-client create.");
    CX_TRY(err);
    if (holds_more(&request->principal))
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "directory-holds-more",
                         "This SCIM client has other rights too: end them, then it can provision.");
    return scim_query_read(request->target, request->arena, request->diag, &call->query);
}

cx_err scim_refuse_unknown(struct api_request *request)
{
    *request->diag = CX_DIAG_INIT;
    return cx_refuse(request->diag, CX_ERR(NOTFOUND), "", "resource-unknown",
                     "There is no such resource.");
}

cx_err scim_id_of(struct scim_call *call, enum cx_id_type type, struct cx_str text,
                  struct cx_id *ret_id)
{
    return cx_is_ok(cx_id_parse(type, text, ret_id)) ? CX_OK : scim_refuse_unknown(call->request);
}

cx_err scim_refused_status(struct api_request *request, cx_err err)
{
    if (err.code == CX_E_POLICY &&
        !cx_str_starts(cx_str_from(request->diag->rule), CX_STR("scim-")))
        request->refuse_status = 403;
    return err;
}

bool scim_is_refusal(cx_err err)
{
    return cx_failed(err) && err.code != CX_E_BUSY && api_problem_kind(err)->detailed;
}

/* ---- attributes ---- */

static struct field_place place_of(struct api_request *request, struct cx_id user_id)
{
    return (struct field_place){request->principal.tenant_id, "scim_user", "attributes", user_id};
}

cx_err scim_attributes_open(struct api_request *request, struct cx_id user_id,
                            struct cx_sealed sealed, struct scim_attributes *ret_attributes)
{
    struct scim_attributes attributes = {0};
    json_auto_t *root = NULL;
    struct cx_str text;
    CX_TRY(
        field_open_text(request->core, place_of(request, user_id), sealed, request->arena, &text));
    if (cx_failed(json_parse(cx_str_bytes(text), ATTRIBUTES_MAX, NULL, &root)))
        return CX_ERR(STORE);
    struct json_node top = json_top(root);
    for (int i = 0; i < SCIM_TEXT_COUNT; i++) {
        if (!json_has(&top, names[i]))
            continue;
        CX_TRY(json_read_str(&top, names[i], ATTRIBUTES_MAX, NULL, &text));
        CX_TRY(arena_copy_str(request->arena, text, &attributes.text[i]));
    }
    *ret_attributes = attributes;
    return CX_OK;
}

cx_err scim_attributes_seal(struct api_request *request, struct cx_id user_id,
                            const struct scim_attributes *attributes, struct cx_sealed *ret_sealed)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ATTRIBUTES_MAX);
    struct json_writer json = json_writer(&out);
    CX_TRY(json_begin_object(&json, NULL));
    for (int i = 0; i < SCIM_TEXT_COUNT; i++)
        if (attributes->text[i].len)
            CX_TRY(json_write_str(&json, names[i], attributes->text[i]));
    CX_TRY(json_end(&json));
    return field_seal_text(request->core, place_of(request, user_id),
                           (struct cx_str){(const char *)out.ptr, out.len}, request->arena,
                           ret_sealed);
}

/* Cut between characters. */
static struct cx_str cut(struct cx_str text)
{
    while (cx_utf8_count(text) > DISPLAY_NAME_MAX) {
        do
            text.len--;
        while (((unsigned char)text.ptr[text.len] & 0xC0) == 0x80);
    }
    return text;
}

cx_err scim_display_name(const struct scim_attributes *attributes, struct arena *arena,
                         struct cx_str *ret_name)
{
    struct cx_str given = attributes->text[SCIM_GIVEN_NAME];
    struct cx_str family = attributes->text[SCIM_FAMILY_NAME];
    struct cx_str name = attributes->text[SCIM_DISPLAY_NAME];
    if (!name.len)
        name = attributes->text[SCIM_FORMATTED];
    if (!name.len && (given.len || family.len))
        CX_TRY(arena_printf(arena, &name, "%.*s%s%.*s", CX_STR_ARG(given),
                            given.len && family.len ? " " : "", CX_STR_ARG(family)));
    *ret_name = cut(name.len ? name : attributes->text[SCIM_USER_NAME]);
    return CX_OK;
}

cx_err scim_lower(struct cx_str text, struct arena *arena, struct cx_str *ret_text)
{
    char *lower = NULL;
    CX_TRY(arena_alloc(arena, text.len + 1, (void **)&lower));
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    *ret_text = (struct cx_str){lower, text.len};
    return CX_OK;
}

static cx_err index_of(struct api_request *request, const char *column, struct cx_str text,
                       struct cx_bytes *ret_index)
{
    uint8_t token[PROTECT_INDEX_LEN];
    CX_TRY(protect_index(request->core->protect, request->principal.tenant_id, "scim_user", column,
                         cx_str_bytes(text), token));
    return arena_copy(request->arena, CX_BYTES(token, sizeof(token)), ret_index);
}

cx_err scim_user_name_index(struct api_request *request, struct cx_str user_name,
                            struct cx_bytes *ret_index)
{
    struct cx_str lower;
    CX_TRY(scim_lower(user_name, request->arena, &lower));
    return index_of(request, "user_name", lower, ret_index);
}

cx_err scim_external_id_index(struct api_request *request, struct cx_str external_id,
                              struct cx_bytes *ret_index)
{
    *ret_index = CX_BYTES(NULL, 0);
    return external_id.len ? index_of(request, "external_id", external_id, ret_index) : CX_OK;
}
