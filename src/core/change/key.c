#include "core/change/key.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "codec/hex.h"

enum { PARTS_MAX = 3, ID_LEN = 16, KEY_MAX = 4096 };
#define NO_ID CX_ID_COUNT

/* What the parts of a key identify, in the order of the key columns in object.c. */
static const enum cx_id_type PARTS[CHANGE_OBJECT_COUNT][PARTS_MAX] = {
    [CHANGE_TENANT] = {NO_ID, NO_ID, NO_ID},
    [CHANGE_USER] = {CX_ID_USER, NO_ID, NO_ID},
    [CHANGE_GROUP] = {CX_ID_GROUP, NO_ID, NO_ID},
    [CHANGE_MEMBER] = {CX_ID_GROUP, CX_ID_USER, NO_ID},
    [CHANGE_NESTING] = {CX_ID_GROUP, CX_ID_GROUP, NO_ID},
    [CHANGE_ROLE] = {NO_ID, NO_ID, NO_ID},
    [CHANGE_ROLE_CONFLICT] = {NO_ID, NO_ID, NO_ID},
    [CHANGE_BINDING] = {CX_ID_BINDING, NO_ID, NO_ID},
    [CHANGE_ISSUER] = {CX_ID_ISSUER, NO_ID, NO_ID},
    [CHANGE_PROFILE] = {NO_ID, NO_ID, NO_ID},
    [CHANGE_ACME_DIRECTORY] = {CX_ID_ACME_DIRECTORY, NO_ID, NO_ID},
    [CHANGE_OIDC_PROVIDER] = {CX_ID_OIDC_PROVIDER, NO_ID, NO_ID},
    [CHANGE_APPROVAL_RULE] = {CX_ID_RULE, NO_ID, NO_ID},
    [CHANGE_DELEGATION] = {CX_ID_DELEGATION, NO_ID, NO_ID},
    [CHANGE_BREAK_GLASS_ACCOUNT] = {CX_ID_USER, NO_ID, NO_ID},
    [CHANGE_SETTING] = {NO_ID, NO_ID, NO_ID},
    [CHANGE_RULE_PACK] = {NO_ID, NO_ID, NO_ID},
    [CHANGE_RULE_PACK_USE] = {NO_ID, NO_ID, NO_ID},
    [CHANGE_SCIM_CLIENT] = {CX_ID_USER, NO_ID, NO_ID},
    [CHANGE_SCIM_GROUP] = {CX_ID_GROUP, NO_ID, NO_ID},
    [CHANGE_SERVICE_OWNER] = {CX_ID_USER, NO_ID, NO_ID},
    [CHANGE_PLAYBOOK] = {NO_ID, NO_ID, NO_ID},
};
_Static_assert(CHANGE_PLAYBOOK + 1 == CHANGE_OBJECT_COUNT, "every kind of object has its line");

static cx_err show_part(enum cx_id_type type, struct cx_str part, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf octets = CX_BUF_INIT(ID_LEN);
    char text[CX_ID_TEXT_MAX];
    struct cx_id id;
    if (type == NO_ID || part.len != 2 * (size_t)ID_LEN || cx_failed(hex_decode(part, &octets)) ||
        octets.len != ID_LEN)
        return cx_buf_add_str(out, part);
    memcpy(id.b, octets.ptr, ID_LEN);
    cx_id_format(type, id, text);
    return cx_buf_add_str(out, cx_str_from(text));
}

static cx_err read_part(enum cx_id_type type, struct cx_str part, struct cx_buf *out)
{
    struct cx_id id;
    if (type == NO_ID || cx_failed(cx_id_parse(type, part, &id)))
        return cx_buf_add_str(out, part);
    return hex_encode(CX_BYTES(id.b, ID_LEN), out);
}

static cx_err each_part(enum change_object object, struct cx_str key, struct arena *arena,
                        cx_err (*part)(enum cx_id_type, struct cx_str, struct cx_buf *),
                        struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(KEY_MAX);
    struct cx_str text = CX_STR_NONE;
    size_t at = 0;
    for (size_t i = 0; at <= key.len; i++) {
        size_t end = at;
        while (end < key.len && key.ptr[end] != '/')
            end++;
        if (i)
            CX_TRY(cx_buf_add_u8(&out, '/'));
        CX_TRY(part(i < PARTS_MAX ? PARTS[object][i] : NO_ID,
                    (struct cx_str){key.ptr + at, end - at}, &out));
        at = end + 1;
    }
    CX_TRY(cx_str_view(cx_buf_view(&out), &text));
    return arena_copy_str(arena, text, ret_text);
}

cx_err change_key_show(enum change_object object, struct cx_str key, struct arena *arena,
                       struct cx_str *ret_shown)
{
    return each_part(object, key, arena, show_part, ret_shown);
}

cx_err change_key_read(enum change_object object, struct cx_str shown, struct arena *arena,
                       struct cx_str *ret_key)
{
    return each_part(object, shown, arena, read_part, ret_key);
}
