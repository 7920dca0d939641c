#include "core/review/evidence_verify.h"
#include "base/cleanup.h"
#include "codec/hex.h"
#include "core/audit/proof.h"
#include "crypto/hash.h"

enum { ITEMS_MAX = 20000, DETAILS_MAX = 64 * 1024 };

static cx_err refuse_format(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(PARSE), "", "evidence-format",
                     "This is no evidence of an access review.");
}

/* The entry closes a review and recorded this hash. */
static cx_err check_entry(const struct audit_proven *proven, struct cx_str document)
{
    json_auto_t *leaf_root = NULL, *details_root = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    struct cx_str action, said;
    uint8_t hash[CRYPTO_SHA256_LEN];
    CX_CLEANUP(cx_buf_clear) struct cx_buf hex = CX_BUF_INIT(2 * CRYPTO_SHA256_LEN);
    CX_TRY(json_parse(cx_str_bytes(proven->leaf), DETAILS_MAX, &ignored, &leaf_root));
    CX_TRY(json_parse(cx_str_bytes(proven->details), DETAILS_MAX, &ignored, &details_root));
    struct json_node leaf = json_top(leaf_root), details = json_top(details_root);
    CX_TRY(json_read_str(&leaf, "action", 64, &ignored, &action));
    CX_TRY(json_read_str(&details, "evidence_sha256", 2 * CRYPTO_SHA256_LEN, &ignored, &said));
    CX_TRY(crypto_sha256(cx_str_bytes(document), hash));
    CX_TRY(hex_encode(CX_BYTES(hash, sizeof(hash)), &hex));
    return cx_str_is(action, "review.close") && cx_bytes_eq(cx_str_bytes(said), cx_buf_view(&hex))
               ? CX_OK
               : CX_ERR(CRYPTO);
}

static cx_err count_items(struct cx_str document, struct review_verified *verified)
{
    json_auto_t *root = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    struct json_node items;
    size_t count = 0;
    CX_TRY(json_parse(cx_str_bytes(document), REVIEW_EVIDENCE_MAX, &ignored, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_read_array(&top, "items", ITEMS_MAX, &ignored, &items, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&items, i);
        struct cx_str state;
        CX_TRY(json_read_str(&item, "state", 32, &ignored, &state));
        verified->revoked += cx_str_is(state, "revoked") || cx_str_is(state, "lapsed");
    }
    verified->items = count;
    return CX_OK;
}

cx_err review_evidence_verify(struct cx_bytes file, struct cx_str vkey, struct cx_diag *diag,
                              struct review_verified *ret_verified)
{
    static const char *const keys[] = {"certinext-access-review-evidence", "document", "proof"};
    json_auto_t *root = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    struct audit_proven proven;
    struct json_node proof;
    struct cx_str document;
    int64_t version = 0;
    if (cx_failed(json_parse(file, REVIEW_EVIDENCE_MAX, &ignored, &root)))
        return refuse_format(diag);
    struct json_node top = json_top(root);
    if (cx_failed(json_only(&top, keys, 3, &ignored)) ||
        cx_failed(json_read_i64(&top, keys[0], 1, 1, &ignored, &version)) ||
        cx_failed(json_read_str(&top, "document", REVIEW_EVIDENCE_MAX, &ignored, &document)) ||
        cx_failed(json_read_object(&top, "proof", &ignored, &proof)))
        return refuse_format(diag);
    CX_TRY(audit_proof_verify(&proof, vkey, diag, &proven));
    if (cx_failed(check_entry(&proven, document)))
        return cx_refuse(diag, CX_ERR(CRYPTO), "/document", "document-altered",
                         "The log recorded another document when the review was closed.");
    struct review_verified verified = {
        .index = proven.index, .size = proven.size, .trusted_key = vkey.len > 0};
    if (cx_failed(count_items(document, &verified)))
        return refuse_format(diag);
    *ret_verified = verified;
    return CX_OK;
}
