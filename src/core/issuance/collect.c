/*
 * A key made by the server: generated here, in memory, when the requester collects; certified through the ordinary
 * cycle; handed out once as an encrypted PKCS#12. Nothing of the key is stored: if the answer does not reach
 * the requester, the certificate is useless and they ask again.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/place.h"
#include "core/issuance/issue.h"
#include "crypto/key.h"
#include "crypto/pkcs12.h"

_Static_assert((int)CRYPTO_KEY_P256 == (int)PKI_KEY_P256 &&
                   (int)CRYPTO_KEY_ED25519 == (int)PKI_KEY_ED25519 &&
                   (int)CRYPTO_KEY_COUNT == (int)PKI_KEY_COUNT,
               "both lists of key types have one order");

struct collection {
    struct api_request *request;
    struct issuance run;
};

static cx_err check(struct store_tx *tx, struct api_request *request, const struct request_row *row)
{
    struct access_object duties = {.requester_id = row->requester_id};
    cx_err err = access_check_request(tx, &request->principal, PERMISSION_REQUEST_COLLECT,
                                      row->request_id, &duties, request->arena, request->diag);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "request_id", "request-unknown",
                         "There is no such request.");
    CX_TRY(err);
    if (row->server_key && row->state == REQUEST_AWAITING_COLLECTION)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "request_id", "request-state",
                     "There is nothing to collect (any more): the request is %s.",
                     request_state_name(row->state));
}

static cx_err write_start(struct store_tx *tx, void *arg)
{
    struct collection *collection = arg;
    struct api_request *request = collection->request;
    struct request_row now;
    CX_TRY(request_find(tx, request->principal.tenant_id, collection->run.request.request_id,
                        request->arena, &now));
    CX_TRY(check(tx, request, &now));
    return issuance_write_intent(tx, &collection->run);
}

/* Before a key is generated for nothing. */
static cx_err check_early(struct store_tx *tx, void *arg)
{
    const struct collection *collection = arg;
    return check(tx, collection->request, &collection->run.request);
}

struct delivery {
    const struct crypto_key *key;
    struct cx_str password;
    struct cx_bytes pkcs12;
};

static cx_err bundle(struct issuance *run, struct cx_bytes der)
{
    struct delivery *delivery = run->deliver_arg;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CRYPTO_PKCS12_MAX);
    struct cx_bytes chain[1 + ISSUER_CHAIN_MAX] = {run->issuer->certificate_der};
    size_t count = 1;
    for (size_t i = 0; i < run->issuer->chain_count && count < CRYPTO_PKCS12_CHAIN_MAX; i++)
        chain[count++] = run->issuer->chain[i];
    struct crypto_pkcs12 content = {.key = delivery->key,
                                    .certificate = der,
                                    .chain = chain,
                                    .chain_count = count,
                                    .name = run->profile->name};
    CX_TRY(crypto_pkcs12_write(&content, delivery->password, &out));
    return arena_copy(run->arena, cx_buf_view(&out), &delivery->pkcs12);
}

/* Before anything is issued: the contract counts characters, PKCS#12 octets. */
static cx_err check_password(struct cx_str password, struct cx_diag *diag)
{
    if (password.len < CRYPTO_PKCS12_PASSWORD_MIN)
        return cx_refuse(diag, CX_ERR(POLICY), "password", "password-short",
                         "Take a password of at least %d characters.", CRYPTO_PKCS12_PASSWORD_MIN);
    if (password.len > CRYPTO_PKCS12_PASSWORD_MAX)
        return cx_refuse(diag, CX_ERR(POLICY), "password", "password-long",
                         "Take a password of at most %d octets in UTF-8.",
                         CRYPTO_PKCS12_PASSWORD_MAX);
    return CX_OK;
}

static cx_err load(struct collection *collection, struct cx_id request_id)
{
    struct api_request *request = collection->request;
    collection->run = (struct issuance){.core = request->core,
                                        .arena = request->arena,
                                        .diag = request->diag,
                                        .tenant_id = request->principal.tenant_id,
                                        .call_id = request->request_id,
                                        .actor = &request->principal,
                                        .now_us = request->now_us};
    cx_err err = issuance_load(&collection->run, request_id);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "request_id", "request-unknown",
                         "There is no such request.");
    return err;
}

cx_err handle_request_collect(struct api_request *request, const struct api_request_collect_in *in,
                              struct api_request_collect_out *ret_out)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    struct collection *collection = NULL;
    struct api_collected_view view = {0};
    struct audit_event event = {.object_type = CX_ID_REQUEST, .object_id = in->request_id};
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(ARENA_NEW(request->arena, &collection));
    collection->request = request;
    CX_TRY(load(collection, in->request_id));
    struct issuance *run = &collection->run;
    CX_TRY(store_read(request->core->store, check_early, collection));
    CX_TRY(check_password(in->password, request->diag));
    CX_TRY(crypto_key_generate((enum crypto_key_type)run->request.key_type, &key));
    run->body.spki = crypto_key_spki(key);
    CX_TRY(issuance_prepare(run));
    CX_TRY(api_commit(request, &event, write_start, collection));
    struct delivery delivery = {.key = key, .password = in->password};
    run->deliver = bundle;
    run->deliver_arg = &delivery;
    CX_TRY(issuance_finish(run, &view.certificate_id, &der));
    view.pkcs12 = delivery.pkcs12;
    ret_out->body = view;
    return CX_OK;
}
