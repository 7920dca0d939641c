#include "core/policy/block.h"
#include "crypto/hash.h"

bool block_covers_name(struct cx_str domain, struct cx_bytes dns)
{
    struct cx_str name = {(const char *)dns.ptr, dns.len};
    if (cx_str_starts(name, CX_STR("*.")))
        name = (struct cx_str){name.ptr + 2, name.len - 2};
    if (cx_str_eq(name, domain))
        return true;
    return name.len > domain.len && cx_str_ends(name, domain) &&
           name.ptr[name.len - domain.len - 1] == '.';
}

static bool covers_any(struct cx_str domain, const struct issuance_body *body)
{
    for (size_t i = 0; i < body->name_count; i++)
        if (body->names[i].kind == PKI_NAME_DNS && block_covers_name(domain, body->names[i].value))
            return true;
    return false;
}

static cx_err refuse(struct cx_diag *diag, struct cx_id block_id, struct cx_str kind)
{
    static const struct {
        const char *kind, *field;
    } FIELDS[] = {{"issuer", "issuer_id"},
                  {"certificate_profile", "certificate_profile"},
                  {"key", "csr"},
                  {"name", "names"}};
    const char *field = "";
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_BLOCK, block_id, id);
    for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
        if (cx_str_is(kind, FIELDS[i].kind))
            field = FIELDS[i].field;
    return cx_refuse(diag, CX_ERR(POLICY), field, "issuance-blocked",
                     "Issuance is stopped for this %.*s by block %s.", CX_STR_ARG(kind), id);
}

/* Names are compared here, everything else by the statement. */
static cx_err judge_rows(struct store_stmt *q, const struct block_ask *ask, struct cx_diag *diag)
{
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        struct cx_str kind = store_col_text(q, 1);
        if (!cx_str_is(kind, "name") || covers_any(store_col_text(q, 2), ask->body))
            return refuse(diag, store_col_id(q, 0), kind);
    }
}

cx_err block_check(struct store_tx *tx, const struct block_ask *ask, struct cx_diag *diag)
{
    struct store_stmt *q = NULL;
    uint8_t spki_sha256[CRYPTO_SHA256_LEN] = {0};
    if (ask->profile->kind == PKI_KIND_OCSP_SIGNER)
        return CX_OK;
    if (ask->body->spki.len)
        CX_TRY(crypto_sha256(ask->body->spki, spki_sha256));
    CX_TRY(store_prepare(tx,
                         "SELECT block_id, kind, domain FROM issuance_block WHERE tenant_id = $1 "
                         "AND lifted_us IS NULL AND (kind = 'everything' OR kind = 'name' "
                         "OR issuer_id = $2 OR profile_name = $3 OR requester_id = $4 "
                         "OR spki_sha256 = $5)",
                         &q));
    store_bind_id(q, 1, ask->tenant_id);
    store_bind_id(q, 2, ask->issuer_id);
    store_bind_text(q, 3, ask->profile->name);
    store_bind_id(q, 4, ask->requester_id);
    store_bind_bytes(q, 5, CX_BYTES(spki_sha256, sizeof(spki_sha256)));
    return judge_rows(q, ask, diag);
}
