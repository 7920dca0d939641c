#include "api_routes.h"
#include "core/page.h"
#include "core/policy/profile_store.h"

enum { DAY_S = 86400 };

_Static_assert((int)API_PROFILE_KIND_COUNT == (int)PKI_KIND_COUNT &&
                   (int)API_PROFILE_KIND_OCSP_SIGNER == (int)PKI_KIND_OCSP_SIGNER &&
                   (int)API_TRUST_PUBLIC == (int)PKI_TRUST_PUBLIC,
               "the contract lists kinds and trust in the order of pki/profile.h");

static cx_err add_lists(const struct pki_profile *profile, struct arena *arena,
                        struct api_profile_view *view)
{
    enum api_key_type *key_types = NULL;
    enum api_name_kind *name_kinds = NULL;
    struct cx_str *attributes = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, PKI_KEY_COUNT, &key_types));
    CX_TRY(ARENA_NEW_ARRAY(arena, PKI_NAME_COUNT, &name_kinds));
    CX_TRY(ARENA_NEW_ARRAY(arena, PKI_ATTR_COUNT, &attributes));
    for (int i = 0; i < PKI_KEY_COUNT; i++) {
        if (profile->key_types & (1u << i))
            key_types[view->key_types_count++] = (enum api_key_type)i;
    }
    for (int i = 0; i < PKI_NAME_COUNT; i++) {
        if (profile->name_kinds & (1u << i))
            name_kinds[view->name_kinds_count++] = (enum api_name_kind)i;
    }
    for (int i = 0; i < PKI_ATTR_COUNT; i++) {
        if (profile->attributes & (1u << i))
            attributes[view->subject_attributes_count++] =
                cx_str_from(pki_attribute_name((enum pki_attribute_type)i));
    }
    view->key_types = key_types;
    view->name_kinds = name_kinds;
    view->subject_attributes = attributes;
    view->has_subject_attributes = view->subject_attributes_count > 0;
    return CX_OK;
}

static cx_err view_of(const struct pki_profile *profile, struct arena *arena,
                      struct api_profile_view *ret_view)
{
    struct api_profile_view view = {
        .name = profile->name,
        .version = profile->version,
        .title = profile->title.len ? profile->title : profile->name,
        .kind = (enum api_profile_kind)profile->kind,
        .trust = (enum api_trust)profile->trust,
        .names_min = profile->names_min,
        .names_max = profile->names_max,
        .wildcard = profile->wildcard,
        .has_dns_suffixes = profile->dns_suffix_count > 0,
        .dns_suffixes = profile->dns_suffixes,
        .dns_suffixes_count = profile->dns_suffix_count,
        .validity_default_days = profile->validity_default_s / DAY_S,
        .validity_max_days = profile->validity_max_s / DAY_S,
        .has_ext_key_usage = profile->ext_key_usage_count > 0,
        .ext_key_usage = profile->ext_key_usage,
        .ext_key_usage_count = profile->ext_key_usage_count,
        .approvals_issue = profile->approvals_issue,
        .approvals_revoke = profile->approvals_revoke,
        .server_key = profile->server_key,
    };
    CX_TRY(add_lists(profile, arena, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_profile_list(struct api_request *request, const struct api_profile_list_in *in,
                           struct api_profile_list_out *ret_out)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct cx_str after = CX_STR_NONE, *names = NULL;
    struct api_profile_view *items = NULL;
    size_t limit = (size_t)in->limit, count = 0;
    CX_TRY(page_name_cursor_parse(request->arena, "certificate-profile", in->cursor, request->diag,
                                  &after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, limit, &names));
    CX_TRY(profile_names(request->core, tenant_id, after, limit, request->arena, names, &count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &items));
    for (size_t i = 0; i < count; i++) {
        const struct profile_entry *entry = NULL;
        CX_TRY(profile_get(request->core, tenant_id, names[i], 0, &entry));
        CX_TRY(view_of(&entry->profile, request->arena, &items[i]));
    }
    struct api_profile_page page = {
        .items = items, .items_count = count, .has_next_cursor = count == limit};
    if (page.has_next_cursor)
        CX_TRY(page_name_cursor_write(request->arena, "certificate-profile", names[count - 1],
                                      &page.next_cursor));
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_profile_get(struct api_request *request, const struct api_profile_get_in *in,
                          struct api_profile_get_out *ret_out)
{
    const struct profile_entry *entry = NULL;
    cx_err err = profile_get(request->core, request->principal.tenant_id, in->name,
                             in->has_version ? (uint32_t)in->version : 0, &entry);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "name", "profile-unknown",
                         "There is no such certificate profile.");
    CX_TRY(err);
    CX_TRY(view_of(&entry->profile, request->arena, &ret_out->body));
    ret_out->body.has_effective = entry->effective_us != 0;
    ret_out->body.effective = entry->effective_us;
    ret_out->body.has_text = true;
    ret_out->body.text = entry->text;
    return CX_OK;
}
