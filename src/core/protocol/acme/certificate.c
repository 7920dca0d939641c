/*
 * Downloading a certificate: RFC 8555 §7.4.2. Chain 0 leaves the root out, chain 1 holds it, and further ones lead to
 * another root, which they leave out (core/issuance/chain_store.h). Each answer links to all the others.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/pem.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/chain_store.h"
#include "core/issuance/issuer.h"
#include "core/protocol/acme/order_store.h"

enum {
    CHAIN_TEXT_MAX = 256 * 1024,
    ALTERNATE_ROOT = 1,
    CHAINS_MAX = ISSUER_CHAIN_LAST - ISSUER_CHAIN_FIRST + 1
};

struct downloading {
    struct acme_call *call;
    struct cx_id order_id;
    struct acme_order order;
    struct issuer_chain chains[CHAINS_MAX];
    size_t chain_count;
};

static cx_err read_order(struct store_tx *tx, void *arg)
{
    struct downloading *d = arg;
    const struct acme_call *call = d->call;
    CX_TRY(acme_order_find(tx, call->directory.tenant_id, call->account.account_id, d->order_id,
                           call->request->arena, &d->order));
    return issuer_chains_read(tx, call->directory.tenant_id, call->directory.issuer_id,
                              call->request->arena, d->chains, &d->chain_count);
}

static bool has_root(const struct issuer_entry *issuer)
{
    return issuer->is_root || issuer->chain_count > 0;
}

/* RFC 8555 §9.1: the certificate first, each following one certifies the one before. */
static cx_err write_own(const struct issuer_entry *issuer, bool with_root, struct cx_buf *out)
{
    size_t above = issuer->chain_count;
    if (!issuer->is_root || with_root)
        CX_TRY(pem_write("CERTIFICATE", issuer->certificate_der, out));
    if (above && !with_root)
        above--; /* the root is the last */
    for (size_t i = 0; i < above; i++)
        CX_TRY(pem_write("CERTIFICATE", issuer->chain[i], out));
    return CX_OK;
}

static cx_err write_other(const struct issuer_chain *chain, struct cx_buf *out)
{
    for (size_t i = 0; i + 1 < chain->count; i++) /* without the root */
        CX_TRY(pem_write("CERTIFICATE", chain->certificates[i], out));
    return CX_OK;
}

static cx_err write_above(const struct downloading *d, const struct issuer_entry *issuer,
                          int64_t chain, struct cx_buf *out)
{
    if (chain == 0 || (chain == ALTERNATE_ROOT && has_root(issuer)))
        return write_own(issuer, chain == ALTERNATE_ROOT, out);
    for (size_t i = 0; i < d->chain_count; i++)
        if (d->chains[i].position == chain)
            return write_other(&d->chains[i], out);
    return acme_refuse(d->call, ACME_NOT_FOUND, "chain-unknown", "There is no such chain.");
}

static cx_err link_chain(struct downloading *d, int64_t chain)
{
    char text[CX_ID_TEXT_MAX];
    struct cx_str url = CX_STR_NONE;
    cx_id_format(CX_ID_ACME_ORDER, d->order_id, text);
    CX_TRY(chain == 0 ? acme_url(d->call, &url, "certificate/%s", text)
                      : acme_url(d->call, &url, "certificate/%s/%d", text, (int)chain));
    return acme_link(d->call, url, "alternate");
}

static cx_err link_others(struct downloading *d, const struct issuer_entry *issuer, int64_t shown)
{
    if (shown != 0)
        CX_TRY(link_chain(d, 0));
    if (shown != ALTERNATE_ROOT && has_root(issuer))
        CX_TRY(link_chain(d, ALTERNATE_ROOT));
    for (size_t i = 0; i < d->chain_count; i++)
        if (d->chains[i].position != shown)
            CX_TRY(link_chain(d, d->chains[i].position));
    return CX_OK;
}

static cx_err download(struct downloading *d, int64_t chain)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CHAIN_TEXT_MAX);
    struct acme_call *call = d->call;
    struct api_request *request = call->request;
    const struct issuer_entry *issuer = NULL;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(acme_require_get(call));
    cx_err err = store_read(request->core->store, read_order, d);
    bool known = cx_is_ok(err) && !cx_id_is_zero(d->order.certificate_id) &&
                 acme_order_status(&d->order, request->now_us) == ACME_ORDER_VALID;
    if ((cx_is_ok(err) && !known) || err.code == CX_E_NOTFOUND)
        return acme_refuse(call, ACME_NOT_FOUND, "certificate-unknown",
                           "The account has no such certificate.");
    CX_TRY(err);
    CX_TRY(
        issuer_get(request->core, call->directory.tenant_id, call->directory.issuer_id, &issuer));
    CX_TRY(certificate_der(request->core, call->directory.tenant_id, d->order.certificate_id,
                           request->arena, &der));
    CX_TRY(pem_write("CERTIFICATE", der, &out));
    CX_TRY(write_above(d, issuer, chain, &out));
    call->raw->content_type = "application/pem-certificate-chain";
    CX_TRY(arena_copy(request->arena, cx_buf_view(&out), &call->raw->body));
    return link_others(d, issuer, chain);
}

static cx_err handle(struct api_request *request, struct cx_id directory_id, struct cx_id order_id,
                     int64_t chain, struct cx_bytes body, struct api_raw *raw)
{
    struct acme_call call;
    struct downloading d = {.call = &call, .order_id = order_id};
    cx_err err = acme_open(&call, request, directory_id, body, ACME_BY_ACCOUNT,
                           PERMISSION_CERTIFICATE_READ, raw);
    if (cx_is_ok(err))
        err = download(&d, chain);
    return acme_close(&call, err);
}

cx_err handle_acme_certificate(struct api_request *request,
                               const struct api_acme_certificate_in *in,
                               struct api_acme_certificate_out *ret_out)
{
    return handle(request, in->directory_id, in->order_id, 0, in->body, &ret_out->raw);
}

cx_err handle_acme_certificate_chain(struct api_request *request,
                                     const struct api_acme_certificate_chain_in *in,
                                     struct api_acme_certificate_chain_out *ret_out)
{
    return handle(request, in->directory_id, in->order_id, in->chain, in->body, &ret_out->raw);
}
