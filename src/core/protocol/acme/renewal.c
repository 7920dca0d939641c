#include "core/protocol/acme/renewal.h"
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/json_write.h"
#include "core/issuance/issuer.h"
#include "core/protocol/acme/order_store.h"
#include "core/protocol/acme/renewal_store.h"
#include "crypto/hash.h"

enum { REF_PART_MAX = 64, HOUR_S = 3600 };

static cx_err read_part(struct arena *arena, struct cx_str text, struct cx_bytes *ret_bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(REF_PART_MAX);
    CX_TRY(base64url_decode(text, &out));
    if (out.len == 0)
        return CX_ERR(PARSE);
    return arena_copy(arena, cx_buf_view(&out), ret_bytes);
}

cx_err acme_certificate_ref_read(struct acme_call *call, struct cx_str text,
                                 struct acme_certificate_ref *ret_ref)
{
    size_t dot = 0;
    struct arena *arena = call->request->arena;
    while (dot < text.len && text.ptr[dot] != '.')
        dot++;
    cx_err err = dot < text.len ? CX_OK : CX_ERR(PARSE);
    if (cx_is_ok(err))
        err = read_part(arena, (struct cx_str){text.ptr, dot}, &ret_ref->key_id);
    if (cx_is_ok(err))
        err = read_part(arena, (struct cx_str){text.ptr + dot + 1, text.len - dot - 1},
                        &ret_ref->serial);
    if (err.code == CX_E_NOMEM || cx_is_ok(err))
        return err;
    return acme_refuse(
        call, ACME_MALFORMED, "certificate-reference",
        "A certificate is named by base64url(key identifier).base64url(serial number).");
}

cx_err acme_certificate_ref_write(struct acme_call *call, struct json_writer *json, const char *key,
                                  struct cx_bytes serial)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_CERTIFICATE_REF_MAX);
    const struct issuer_entry *issuer = NULL;
    CX_TRY(issuer_get(call->request->core, call->directory.tenant_id, call->directory.issuer_id,
                      &issuer));
    CX_TRY(base64url_encode(issuer->pki.key_id, &out));
    CX_TRY(cx_buf_add_u8(&out, '.'));
    CX_TRY(base64url_encode(serial, &out));
    return json_write_str(json, key, (struct cx_str){(const char *)out.ptr, out.len});
}

/* ---- replacing: §5 ---- */

static bool names_issuer(const struct acme_certificate_ref *ref, const struct issuer_entry *issuer)
{
    return cx_bytes_eq(ref->key_id, issuer->pki.key_id);
}

cx_err acme_predecessor_find(struct store_tx *tx, struct acme_call *call,
                             struct acme_predecessor *predecessor)
{
    const struct acme_directory *directory = &call->directory;
    struct arena *arena = call->request->arena;
    bool others = false;
    cx_err err = certificate_find_serial(tx, directory->tenant_id, directory->issuer_id,
                                         predecessor->ref.serial, arena, &predecessor->certificate);
    predecessor->found = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(certificate_names_read(tx, directory->tenant_id, predecessor->certificate.certificate_id,
                                  arena, predecessor->names, &predecessor->name_count, &others));
    return acme_order_account(tx, directory->tenant_id, predecessor->certificate.request_id,
                              &predecessor->account_id);
}

static bool share_name(const struct acme_predecessor *predecessor, const struct cx_str *names,
                       size_t count)
{
    for (size_t i = 0; i < predecessor->name_count; i++)
        for (size_t j = 0; j < count; j++)
            if (cx_str_eq(predecessor->names[i], names[j]))
                return true;
    return false;
}

cx_err acme_predecessor_check(struct acme_call *call, const struct acme_predecessor *predecessor,
                              const struct cx_str *names, size_t count)
{
    const struct issuer_entry *issuer = NULL;
    CX_TRY(issuer_get(call->request->core, call->directory.tenant_id, call->directory.issuer_id,
                      &issuer));
    bool theirs = predecessor->found && names_issuer(&predecessor->ref, issuer) &&
                  cx_id_eq(predecessor->account_id, call->account.account_id);
    if (!theirs)
        return acme_refuse(call, ACME_MALFORMED, "replaces-unknown",
                           "The account has no certificate that replaces names.");
    if (!share_name(predecessor, names, count))
        return acme_refuse(call, ACME_MALFORMED, "replaces-other-names",
                           "The order shares no name with the certificate that it replaces.");
    if (!cx_id_is_zero(predecessor->certificate.replaced_by_id))
        return acme_refuse(call, ACME_ALREADY_REPLACED, "replaces-replaced",
                           "The certificate is replaced already.");
    return CX_OK;
}

struct succeeding {
    struct acme_call *call;
    struct cx_id certificate_id;
    struct certificate_row certificate;
};

static cx_err read_replaced(struct store_tx *tx, void *arg)
{
    struct succeeding *s = arg;
    return certificate_find(tx, s->call->directory.tenant_id, s->certificate_id,
                            s->call->request->arena, &s->certificate);
}

cx_err acme_successor_kind(struct acme_call *call, struct cx_id certificate_id,
                           struct cx_bytes spki, enum request_kind *ret_kind)
{
    struct succeeding s = {.call = call, .certificate_id = certificate_id};
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(store_read(call->request->core->store, read_replaced, &s));
    if (!cx_id_is_zero(s.certificate.replaced_by_id))
        return acme_refuse(call, ACME_ALREADY_REPLACED, "replaces-replaced",
                           "The certificate is replaced already.");
    CX_TRY(crypto_sha256(spki, digest));
    bool same_key =
        cx_bytes_eq(CX_BYTES(digest, sizeof(digest)),
                    CX_BYTES(s.certificate.spki_sha256, sizeof(s.certificate.spki_sha256)));
    *ret_kind = same_key ? REQUEST_RENEW : REQUEST_REPLACE;
    return CX_OK;
}

/* ---- renewalInfo: §4 ---- */

struct informing {
    struct acme_call *call;
    struct acme_certificate_ref ref;
    struct certificate_row certificate;
    bool pulled; /* an operator's window applies */
    struct renewal_window_row window;
    cx_time start_us, end_us;
};

static cx_err read_info(struct store_tx *tx, void *arg)
{
    struct informing *i = arg;
    const struct acme_directory *directory = &i->call->directory;
    struct arena *arena = i->call->request->arena;
    CX_TRY(certificate_find_serial(tx, directory->tenant_id, directory->issuer_id, i->ref.serial,
                                   arena, &i->certificate));
    return renewal_window_for(tx, directory->tenant_id, &i->certificate, arena, &i->pulled,
                              &i->window);
}

static void choose_window(struct informing *i)
{
    const struct certificate_row *c = &i->certificate;
    cx_time life_us = c->not_after_us - c->not_before_us;
    i->start_us = c->not_after_us - life_us / 3;
    i->end_us = c->not_after_us - life_us / 10;
    if (i->pulled && i->window.start_us < i->start_us) {
        i->start_us = i->window.start_us;
        i->end_us = i->window.end_us;
    } else {
        i->pulled = false;
    }
    if (c->revoked_us) { /* at once: a window that is past */
        i->start_us = c->revoked_us - 2 * HOUR_S * CX_US_PER_S;
        i->end_us = c->revoked_us - HOUR_S * CX_US_PER_S;
    }
}

static cx_err answer_info(struct informing *i)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_begin_object(&json, "suggestedWindow"));
    CX_TRY(json_write_time(&json, "start", i->start_us));
    CX_TRY(json_write_time(&json, "end", i->end_us));
    CX_TRY(json_end(&json));
    if (i->pulled && i->window.explanation_url.len)
        CX_TRY(json_write_str(&json, "explanationURL", i->window.explanation_url));
    CX_TRY(json_end(&json));
    CX_TRY(acme_answer_json(i->call, 0, &out));
    return acme_retry_after(i->call, ACME_RENEWAL_POLL_S); /* §4.3 */
}

static cx_err renewal_info(struct acme_call *call, struct cx_str text)
{
    struct informing i = {.call = call};
    const struct issuer_entry *issuer = NULL;
    CX_TRY(acme_certificate_ref_read(call, text, &i.ref));
    CX_TRY(issuer_get(call->request->core, call->directory.tenant_id, call->directory.issuer_id,
                      &issuer));
    cx_err err = names_issuer(&i.ref, issuer)
                     ? store_read(call->request->core->store, read_info, &i)
                     : CX_ERR(NOTFOUND);
    if (err.code == CX_E_NOTFOUND)
        return acme_refuse(call, ACME_NOT_FOUND, "certificate-unknown",
                           "There is no such certificate.");
    CX_TRY(err);
    choose_window(&i);
    return answer_info(&i);
}

cx_err handle_acme_renewal_info(struct api_request *request,
                                const struct api_acme_renewal_info_in *in,
                                struct api_acme_renewal_info_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open_public(&call, request, in->directory_id, &ret_out->raw);
    if (cx_is_ok(err))
        err = renewal_info(&call, in->certificate);
    return acme_close(&call, err);
}
