#include "core/inventory/query.h"
#include "core/api/api.h"
#include "core/core.h"
#include "core/protect/protect.h"
#include "pki/name.h"

/* Lower case, as dns names are stored; what is no name at all matches nothing. */
static cx_err lower(struct arena *arena, struct cx_str text, struct cx_str *ret_text)
{
    char *copy = NULL;
    CX_TRY(arena_alloc(arena, text.len + 1, (void **)&copy));
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        copy[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    *ret_text = (struct cx_str){copy, text.len};
    return CX_OK;
}

static bool looks_like(struct cx_str text, const char *part)
{
    return text.ptr && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static cx_err read_indexed(struct api_request *request, enum pki_name_kind kind, struct cx_str text,
                           struct search *search)
{
    struct pki_name name;
    uint8_t token[PROTECT_INDEX_LEN];
    CX_TRY(pki_name_parse(request->arena, kind, text, "name", request->diag, &name));
    CX_TRY(protect_index(request->core->protect, search->tenant_id, "certificate_name", "value",
                         name.value, token));
    search->name_by = SEARCH_NAME_INDEXED;
    return arena_copy(request->arena, CX_BYTES(token, sizeof(token)), &search->name_index);
}

static cx_err read_name(struct api_request *request, struct cx_str text, struct search *search)
{
    struct cx_str below = CX_STR("*.");
    struct pki_name ip;
    if (looks_like(text, "://"))
        return read_indexed(request, PKI_NAME_URI, text, search);
    if (looks_like(text, "@"))
        return read_indexed(request, PKI_NAME_EMAIL, text, search);
    if (cx_str_starts(text, below)) {
        search->name_by = SEARCH_NAME_BELOW;
        return lower(request->arena, (struct cx_str){text.ptr + below.len, text.len - below.len},
                     &search->name);
    }
    search->name_by = SEARCH_NAME_EXACT;
    /* An address in another spelling (2001:DB8:0::1) is the same name. */
    if (cx_is_ok(pki_name_parse(request->arena, PKI_NAME_IP, text, "name", NULL, &ip)))
        return pki_name_to_text(request->arena, &ip, &search->name);
    return lower(request->arena, text, &search->name);
}

static cx_err read_tag(struct api_request *request, struct cx_str text, struct search *search)
{
    const char *equals = memchr(text.ptr, '=', text.len);
    if (!equals || equals == text.ptr || equals + 1 == text.ptr + text.len)
        return cx_refuse(request->diag, CX_ERR(PARSE), "tag", "tag-form",
                         "Write tag=<name>=<value>.");
    search->has_tag = true;
    search->tag_name = (struct cx_str){text.ptr, (size_t)(equals - text.ptr)};
    search->tag_value = (struct cx_str){equals + 1, text.len - search->tag_name.len - 1};
    return CX_OK;
}

static cx_err read_hex(struct api_request *request, bool has, struct cx_str text, const char *field,
                       struct cx_bytes *ret_bytes)
{
    if (!has)
        return CX_OK;
    if (cx_failed(page_hex_parse(request->arena, text, ret_bytes)))
        return cx_refuse(request->diag, CX_ERR(PARSE), field, "hex-form",
                         "Write an even number of hexadecimal digits.");
    return CX_OK;
}

static enum search_status status_of(const struct api_certificate_list_in *in)
{
    if (!in->has_status)
        return SEARCH_ANY;
    if (in->status == API_CERTIFICATE_STATUS_ACTIVE)
        return SEARCH_ACTIVE;
    return in->status == API_CERTIFICATE_STATUS_EXPIRED ? SEARCH_EXPIRED : SEARCH_REVOKED;
}

cx_err search_from_query(struct api_request *request, const struct api_certificate_list_in *in,
                         struct search *ret_search)
{
    struct search search = {.tenant_id = request->principal.tenant_id,
                            .now_us = request->now_us,
                            .status = status_of(in),
                            .has_expires_after = in->has_expires_after,
                            .expires_after_us = in->expires_after,
                            .has_expires_before = in->has_expires_before,
                            .expires_before_us = in->expires_before,
                            .has_issuer_id = in->has_issuer_id,
                            .issuer_id = in->issuer_id,
                            .has_requester_id = in->has_requester_id,
                            .requester_id = in->requester_id,
                            .profile_name = in->certificate_profile};
    CX_TRY(access_scope_of(&request->principal, request->operation->permission, request->arena,
                           &search.scope));
    CX_TRY(read_hex(request, in->has_serial, in->serial, "serial", &search.serial));
    CX_TRY(read_hex(request, in->has_sha256, in->sha256, "sha256", &search.sha256));
    CX_TRY(read_hex(request, in->has_spki_sha256, in->spki_sha256, "spki_sha256",
                    &search.spki_sha256));
    if (in->has_name)
        CX_TRY(read_name(request, in->name, &search));
    if (in->has_tag)
        CX_TRY(read_tag(request, in->tag, &search));
    *ret_search = search;
    return CX_OK;
}
