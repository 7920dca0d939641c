#include "core/access/credential.h"
#include "base/cleanup.h"
#include "core/access/secret.h"
#include "core/core.h"
#include "core/field.h"
#include "core/protect/protect.h"

static cx_err secret_make(struct core *core, enum access_secret_kind kind, struct cx_id tenant_id,
                          struct arena *arena, struct cx_id *ret_id, struct cx_bytes *ret_hash,
                          struct cx_str *ret_text)
{
    CX_CLEANUP(access_secret_clear) struct access_secret secret = {0};
    uint8_t hash[ACCESS_HASH_LEN];
    char text[ACCESS_SECRET_TEXT_LEN + 1];
    CX_TRY(access_secret_new(core->rng, tenant_id, &secret));
    CX_TRY(access_secret_hash(&secret, hash));
    CX_TRY(arena_copy(arena, CX_BYTES(hash, sizeof(hash)), ret_hash));
    access_secret_format(kind, &secret, text);
    cx_err err = arena_copy_str(arena, (struct cx_str){text, ACCESS_SECRET_TEXT_LEN}, ret_text);
    cx_wipe(text, sizeof(text));
    *ret_id = secret.id;
    return err;
}

cx_err access_link_make(struct core *core, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id created_by_id, cx_time now_us, struct arena *arena,
                        struct row_enrolment_link *ret_row, struct cx_str *ret_text)
{
    struct row_enrolment_link row = {
        .tenant_id = tenant_id,
        .user_id = user_id,
        .created_us = now_us,
        .expires_us = now_us + ACCESS_LINK_LIFE_S * CX_US_PER_S,
        .has_created_by_id = !cx_id_is_zero(created_by_id),
        .created_by_id = created_by_id,
    };
    CX_TRY(secret_make(core, ACCESS_SECRET_LINK, tenant_id, arena, &row.link_id, &row.secret_hash,
                       ret_text));
    *ret_row = row;
    return CX_OK;
}

cx_err access_token_make(struct core *core, const struct access_token_order *order,
                         struct arena *arena, struct row_api_token *ret_row,
                         struct cx_str *ret_text)
{
    struct row_api_token row = {
        .tenant_id = order->tenant_id,
        .user_id = order->user_id,
        .roles = order->narrowed ? ACCESS_TOKEN_NARROWED : ACCESS_TOKEN_UNNARROWED,
        .has_parent_id = !cx_id_is_zero(order->parent_id),
        .parent_id = order->parent_id,
        .created_us = order->now_us,
        .expires_us = order->expires_us,
    };
    CX_TRY(secret_make(core, ACCESS_SECRET_TOKEN, order->tenant_id, arena, &row.token_id,
                       &row.secret_hash, ret_text));
    struct field_place label = {order->tenant_id, "api_token", "label", row.token_id};
    CX_TRY(field_seal_text(core, label, order->label, arena, &row.label));
    *ret_row = row;
    return CX_OK;
}

cx_err access_email_index(struct core *core, struct cx_id tenant_id, struct cx_str email,
                          struct arena *arena, struct cx_bytes *ret_index)
{
    uint8_t token[PROTECT_INDEX_LEN];
    char *lower = NULL;
    CX_TRY(arena_alloc(arena, email.len + 1, (void **)&lower));
    for (size_t i = 0; i < email.len; i++) {
        char c = email.ptr[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    CX_TRY(protect_index(core->protect, tenant_id, "tenant_user", "email",
                         CX_BYTES(lower, email.len), token));
    return arena_copy(arena, CX_BYTES(token, sizeof(token)), ret_index);
}

cx_err access_user_make(struct core *core, struct cx_id tenant_id, struct cx_str display_name,
                        struct cx_str email, cx_time now_us, struct arena *arena,
                        struct row_tenant_user *ret_row)
{
    struct row_tenant_user row = {
        .tenant_id = tenant_id,
        .state = cx_str_from(user_state_name(USER_INVITED)),
        .kind = CX_STR("person"),
        .has_email = email.len != 0,
        .has_email_index = email.len != 0,
        .created_us = now_us,
    };
    CX_TRY(cx_id_new(core->rng, &row.user_id));
    struct field_place name_place = {tenant_id, "tenant_user", "display_name", row.user_id};
    struct field_place email_place = {tenant_id, "tenant_user", "email", row.user_id};
    CX_TRY(field_seal_text(core, name_place, display_name, arena, &row.display_name));
    if (email.len) {
        CX_TRY(field_seal_text(core, email_place, email, arena, &row.email));
        CX_TRY(access_email_index(core, tenant_id, email, arena, &row.email_index));
    }
    *ret_row = row;
    return CX_OK;
}
