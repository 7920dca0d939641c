/* The directory object and nonces: RFC 8555 §7.1.1, §7.2; profiles of draft-ietf-acme-profiles; renewalInfo of RFC 9773. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "core/policy/profile_store.h"
#include "core/protocol/acme/acme.h"

static cx_err write_urls(struct acme_call *call, struct json_writer *json)
{
    static const char *const urls[][2] = {
        {"newNonce", "new-nonce"},       {"newAccount", "new-account"}, {"newOrder", "new-order"},
        {"newAuthz", "new-authz"},       {"revokeCert", "revoke-cert"}, {"keyChange", "key-change"},
        {"renewalInfo", "renewal-info"},
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct cx_str url = CX_STR_NONE;
        CX_TRY(acme_url(call, &url, "%s", urls[i][1]));
        CX_TRY(json_write_str(json, urls[i][0], url));
    }
    return CX_OK;
}

static cx_err write_profiles(struct acme_call *call, struct json_writer *json)
{
    const struct acme_directory *directory = &call->directory;
    CX_TRY(json_begin_object(json, "profiles"));
    for (size_t i = 0; i < directory->profile_count; i++) {
        const struct profile_entry *entry = NULL;
        char name[65];
        cx_err err = profile_get(call->request->core, directory->tenant_id, directory->profiles[i],
                                 0, &entry);
        if (err.code == CX_E_NOTFOUND || directory->profiles[i].len >= sizeof(name))
            continue; /* retired meanwhile: it cannot be ordered */
        CX_TRY(err);
        memcpy(name, directory->profiles[i].ptr, directory->profiles[i].len);
        name[directory->profiles[i].len] = '\0';
        CX_TRY(json_write_str(json, name, entry->profile.title));
    }
    return json_end(json);
}

static cx_err write_meta(struct acme_call *call, struct json_writer *json)
{
    const struct acme_directory *directory = &call->directory;
    CX_TRY(json_begin_object(json, "meta"));
    if (directory->terms_url.len)
        CX_TRY(json_write_str(json, "termsOfService", directory->terms_url));
    CX_TRY(json_write_str(json, "website", call->request->core->options.public_url));
    if (directory->caa_identity.len) {
        CX_TRY(json_begin_array(json, "caaIdentities"));
        CX_TRY(json_write_str(json, NULL, directory->caa_identity));
        CX_TRY(json_end(json));
    }
    if (cx_id_is_zero(directory->user_id))
        CX_TRY(json_write_bool(json, "externalAccountRequired", true));
    CX_TRY(write_profiles(call, json));
    return json_end(json);
}

static cx_err show(struct acme_call *call)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(write_urls(call, &json));
    CX_TRY(write_meta(call, &json));
    CX_TRY(json_end(&json));
    return acme_answer_json(call, 0, &out);
}

cx_err handle_acme_directory(struct api_request *request, const struct api_acme_directory_in *in,
                             struct api_acme_directory_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open_public(&call, request, in->directory_id, &ret_out->raw);
    if (cx_is_ok(err))
        err = show(&call);
    return acme_close(&call, err);
}

cx_err handle_acme_new_nonce(struct api_request *request, const struct api_acme_new_nonce_in *in,
                             struct api_acme_new_nonce_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open_public(&call, request, in->directory_id, &ret_out->raw);
    ret_out->raw.content_type = "text/plain";
    ret_out->raw.status = request->head_only ? 200 : 204; /* §7.2 */
    return acme_close(&call, err);
}

/* ---- the same by POST-as-GET, which §6.3 allows beside GET ---- */

static cx_err open_signed(struct acme_call *call, struct api_request *request,
                          struct cx_id directory_id, struct cx_bytes body, struct api_raw *raw)
{
    CX_TRY(acme_open(call, request, directory_id, body, ACME_BY_ACCOUNT, PERMISSION_REQUEST_CREATE,
                     raw));
    return acme_require_get(call);
}

cx_err handle_acme_directory_signed(struct api_request *request,
                                    const struct api_acme_directory_signed_in *in,
                                    struct api_acme_directory_signed_out *ret_out)
{
    struct acme_call call;
    cx_err err = open_signed(&call, request, in->directory_id, in->body, &ret_out->raw);
    if (cx_is_ok(err))
        err = show(&call);
    return acme_close(&call, err);
}

cx_err handle_acme_new_nonce_signed(struct api_request *request,
                                    const struct api_acme_new_nonce_signed_in *in,
                                    struct api_acme_new_nonce_signed_out *ret_out)
{
    struct acme_call call;
    cx_err err = open_signed(&call, request, in->directory_id, in->body, &ret_out->raw);
    ret_out->raw.content_type = "text/plain";
    return acme_close(&call, err);
}
