#include "core/issuance/adopt.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/request_store.h"
#include "crypto/hash.h"
#include "crypto/key.h"

/* A certificate refers to the request that it came of: the ceremony's stands as one that is done. */
struct adopting {
    struct row_request request;
    struct row_certificate certificate;
    struct row_certificate_body body;
};

static cx_err write_adoption(struct store_tx *tx, void *arg)
{
    const struct adopting *adopting = arg;
    CX_TRY(row_request_insert(tx, &adopting->request));
    CX_TRY(row_certificate_insert(tx, &adopting->certificate));
    return row_certificate_body_insert(tx, &adopting->body);
}

static cx_err fill_request(struct core *core, const struct ca_adoption *adoption,
                           struct cx_bytes spki, struct cx_str key_type, int64_t validity_s,
                           struct arena *arena, struct adopting *adopting)
{
    const struct issuance_body body = {
        .subject = adoption->subject, .subject_count = adoption->subject_count, .spki = spki};
    const cx_time now_us = cx_now(core->clock);
    struct row_request *row = &adopting->request;
    struct cx_bytes bytes = CX_BYTES_NONE;
    *row = (struct row_request){
        .tenant_id = adoption->issuer->tenant_id,
        .kind = cx_str_from(request_kind_name(REQUEST_ISSUE)),
        .state = cx_str_from(request_state_name(REQUEST_DONE)),
        .issuer_id = adoption->issuer->issuer_id,
        .profile_name = adoption->profile->name,
        .profile_version = adoption->profile->version,
        .has_result_id = true,
        .key_source = CX_STR("csr"),
        .key_type = key_type,
        .validity_s = validity_s,
        .created_us = now_us,
        .updated_us = now_us,
    };
    CX_TRY(cx_id_new(core->rng, &row->request_id));
    CX_TRY(cx_id_new(core->rng, &row->result_id));
    const struct field_place place = {row->tenant_id, "request", "body", row->request_id};
    CX_TRY(issuance_body_write(&body, arena, &bytes));
    return field_seal(core, place, bytes, arena, &row->body);
}

static cx_err fill_certificate(struct core *core, const struct ca_adoption *adoption,
                               const struct pki_certificate *parsed, struct arena *arena,
                               struct adopting *adopting)
{
    const struct row_request *request = &adopting->request;
    struct row_certificate *row = &adopting->certificate;
    uint8_t sha256[CRYPTO_SHA256_LEN], spki_sha256[CRYPTO_SHA256_LEN];
    uint32_t shard = 0;
    CX_TRY(crypto_sha256(adoption->der, sha256));
    CX_TRY(crypto_sha256(parsed->spki, spki_sha256));
    CX_TRY(pki_serial_shard(parsed->serial, &shard));
    *row = (struct row_certificate){
        .tenant_id = request->tenant_id,
        .certificate_id = request->result_id,
        .issuer_id = request->issuer_id,
        .serial = parsed->serial,
        .shard = shard,
        .profile_name = request->profile_name,
        .profile_version = request->profile_version,
        .key_type = request->key_type,
        .not_before_us = parsed->not_before_us,
        .not_after_us = parsed->not_after_us,
        .issued_us = request->created_us,
        .request_id = request->request_id,
    };
    CX_TRY(arena_copy(arena, CX_BYTES(sha256, sizeof(sha256)), &row->sha256));
    CX_TRY(arena_copy(arena, CX_BYTES(spki_sha256, sizeof(spki_sha256)), &row->spki_sha256));
    const struct field_place place = {row->tenant_id, "certificate_body", "der",
                                      row->certificate_id};
    adopting->body = (struct row_certificate_body){.tenant_id = row->tenant_id,
                                                   .certificate_id = row->certificate_id};
    return field_seal(core, place, adoption->der, arena, &adopting->body.der);
}

cx_err ca_certificate_adopt(struct core *core, const struct ca_adoption *adoption,
                            struct arena *arena, struct cx_diag *diag)
{
    struct pki_certificate parsed;
    enum crypto_key_type key_type = CRYPTO_KEY_COUNT;
    struct adopting *adopting = NULL;
    CX_TRY(ARENA_NEW(arena, &adopting));
    CX_TRY(pki_certificate_parse(adoption->der, diag, &parsed));
    CX_TRY(crypto_spki_type(parsed.spki, &key_type));
    CX_TRY(fill_request(core, adoption, parsed.spki, cx_str_from(crypto_key_type_name(key_type)),
                        (parsed.not_after_us - parsed.not_before_us) / CX_US_PER_S + 1, arena,
                        adopting));
    CX_TRY(fill_certificate(core, adoption, &parsed, arena, adopting));
    struct field_detail details[] = {{"certificate_profile", adoption->profile->name},
                                     {"issuer", adoption->issuer->name}};
    struct audit_event event = {.action = "system.ca.certificate",
                                .tenant_id = adopting->request.tenant_id,
                                .object_type = CX_ID_CERTIFICATE,
                                .object_id = adopting->certificate.certificate_id};
    CX_TRY(field_details(arena, details, 2, &event.details));
    return audit_commit(core, &event, write_adoption, adopting);
}
