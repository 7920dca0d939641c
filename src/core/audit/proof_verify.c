#include "base/cleanup.h"
#include "codec/hex.h"
#include "core/audit/leaf.h"
#include "core/audit/merkle.h"
#include "core/audit/proof.h"
#include "crypto/hash.h"
#include "pki/note.h"

enum { DETAILS_TEXT_MAX = 64 * 1024, HASH_HEX = 2 * MERKLE_HASH_LEN };

struct proof_text {
    struct cx_str leaf, details, salt, checkpoint, vkey;
    int64_t index, size;
    struct json_node path;
    size_t path_count;
};

static cx_err refuse(struct cx_diag *diag, const char *rule, const char *text)
{
    return cx_refuse(diag, CX_ERR(CRYPTO), "/proof", rule, "%s", text);
}

static cx_err read_text(const struct json_node *proof, struct proof_text *text)
{
    static const char *const keys[] = {"leaf", "details", "salt",       "index",
                                       "size", "path",    "checkpoint", "vkey"};
    struct cx_diag ignored = CX_DIAG_INIT;
    CX_TRY(json_only(proof, keys, 8, &ignored));
    CX_TRY(json_read_str(proof, "leaf", AUDIT_LEAF_MAX, &ignored, &text->leaf));
    CX_TRY(json_read_str(proof, "details", DETAILS_TEXT_MAX, &ignored, &text->details));
    CX_TRY(json_read_str(proof, "salt", 2 * AUDIT_SALT_LEN, &ignored, &text->salt));
    CX_TRY(json_read_i64(proof, "index", 0, INT64_MAX, &ignored, &text->index));
    CX_TRY(json_read_i64(proof, "size", 1, INT64_MAX, &ignored, &text->size));
    CX_TRY(
        json_read_array(proof, "path", MERKLE_DEPTH_MAX, &ignored, &text->path, &text->path_count));
    CX_TRY(json_read_str(proof, "checkpoint", NOTE_MAX, &ignored, &text->checkpoint));
    return json_read_str(proof, "vkey", NOTE_VKEY_MAX, &ignored, &text->vkey);
}

static cx_err read_path(const struct proof_text *text, struct merkle_proof *ret_path)
{
    struct cx_diag ignored = CX_DIAG_INIT;
    struct merkle_proof path = {.count = text->path_count};
    for (size_t i = 0; i < text->path_count; i++) {
        struct json_node item = json_item(&text->path, i);
        CX_CLEANUP(cx_buf_clear) struct cx_buf hash = CX_BUF_INIT(MERKLE_HASH_LEN);
        struct cx_str hex;
        CX_TRY(json_as_str(&item, HASH_HEX, &ignored, &hex));
        if (hex.len != HASH_HEX)
            return CX_ERR(PARSE);
        CX_TRY(hex_decode(hex, &hash));
        memcpy(path.path[i].b, hash.ptr, MERKLE_HASH_LEN);
    }
    *ret_path = path;
    return CX_OK;
}

/* The commitment that salt and details give is the one that the leaf holds. */
static cx_err check_details(const struct proof_text *text, struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf salt = CX_BUF_INIT(AUDIT_SALT_LEN);
    CX_CLEANUP(cx_buf_clear) struct cx_buf hex = CX_BUF_INIT(2 * AUDIT_COMMITMENT_LEN);
    json_auto_t *root = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    uint8_t commitment[AUDIT_COMMITMENT_LEN];
    struct cx_str said;
    if (cx_failed(hex_decode(text->salt, &salt)) || salt.len != AUDIT_SALT_LEN ||
        cx_failed(json_parse(cx_str_bytes(text->leaf), AUDIT_LEAF_MAX, &ignored, &root)))
        return refuse(diag, "entry-altered", "The leaf or the salt is not what a log writes.");
    struct json_node leaf = json_top(root);
    const struct cx_bytes pieces[] = {cx_buf_view(&salt), cx_str_bytes(text->details)};
    CX_TRY(crypto_digest(CRYPTO_SHA256, pieces, 2, commitment));
    CX_TRY(hex_encode(CX_BYTES(commitment, sizeof(commitment)), &hex));
    if (cx_failed(json_read_str(&leaf, "commitment", 2 * AUDIT_COMMITMENT_LEN, &ignored, &said)) ||
        !cx_bytes_eq(cx_str_bytes(said), cx_buf_view(&hex)))
        return refuse(diag, "details-altered", "The details are not those that were recorded.");
    return CX_OK;
}

static cx_err check_checkpoint(const struct proof_text *text, struct cx_str vkey,
                               struct cx_diag *diag, struct merkle_hash *ret_root)
{
    struct note_key key;
    struct cx_str signed_text;
    struct checkpoint checkpoint;
    if (cx_failed(note_key_parse(vkey.len ? vkey : text->vkey, &key)))
        return cx_refuse(diag, CX_ERR(PARSE), "vkey", "verifier-key",
                         "The verifier key is not an Ed25519 signed-note key.");
    if (cx_failed(note_verify(text->checkpoint, &key, &signed_text)) ||
        cx_failed(checkpoint_parse(signed_text, &checkpoint)) ||
        !cx_str_eq(checkpoint.origin, cx_str_from(key.name)) ||
        checkpoint.size != (uint64_t)text->size)
        return refuse(diag, "checkpoint-signature",
                      "The checkpoint is not signed by the log's key.");
    memcpy(ret_root->b, checkpoint.root, MERKLE_HASH_LEN);
    return CX_OK;
}

cx_err audit_proof_verify(const struct json_node *proof, struct cx_str vkey, struct cx_diag *diag,
                          struct audit_proven *ret_proven)
{
    struct proof_text text;
    struct merkle_proof path;
    struct merkle_hash leaf, root;
    if (cx_failed(read_text(proof, &text)) || cx_failed(read_path(&text, &path)))
        return cx_refuse(diag, CX_ERR(PARSE), "/proof", "proof-format",
                         "This is no proof of an audit entry.");
    CX_TRY(check_details(&text, diag));
    CX_TRY(check_checkpoint(&text, vkey, diag, &root));
    CX_TRY(merkle_leaf(cx_str_bytes(text.leaf), &leaf));
    if (cx_failed(merkle_inclusion_verify(&leaf, (uint64_t)text.index, (uint64_t)text.size, &path,
                                          &root)))
        return refuse(diag, "entry-altered", "The entry is not in the log that was signed.");
    *ret_proven = (struct audit_proven){.leaf = text.leaf,
                                        .details = text.details,
                                        .index = (uint64_t)text.index,
                                        .size = (uint64_t)text.size};
    return CX_OK;
}
