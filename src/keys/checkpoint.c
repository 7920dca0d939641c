/*
 * Log checkpoints: a signed note with an Ed25519 key per tenant, derived from the key-encryption key, so that it
 * needs no file and no backup of its own. C2SP tlog-checkpoint and signed-note.
 */
#include "base/cleanup.h"
#include "base/fault.h"
#include "keys/signer.h"
#include "pki/note.h"

/* RFC 8410 §4: the raw key is the last 32 octets of the SubjectPublicKeyInfo. */
static cx_err note_key_of(const struct crypto_key *key, struct cx_id tenant_id,
                          struct note_key *ret_key)
{
    char name[NOTE_NAME_MAX], id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_TENANT, tenant_id, id);
    (void)snprintf(name, sizeof(name), "certinext/%s", id);
    struct cx_bytes spki = crypto_key_spki(key);
    if (spki.len < NOTE_KEY_LEN)
        return CX_ERR(INTERNAL);
    return note_key_make(cx_str_from(name), spki.ptr + spki.len - NOTE_KEY_LEN, ret_key);
}

static cx_err log_key(struct signer *signer, struct cx_id tenant_id, struct crypto_key **ret_key)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret seed = CX_SECRET_INIT;
    CX_TRY(kek_derive(signer->kek, KEK_LOG_KEY, tenant_id, &seed));
    return crypto_key_from_seed(cx_secret_view(&seed), ret_key);
}

cx_err signer_checkpoint(struct signer *signer, struct cx_id tenant_id, uint64_t size,
                         const uint8_t root[static 32], struct cx_diag *diag, struct cx_buf *out)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    struct note_key verifier;
    CX_TRY(log_key(signer, tenant_id, &key));
    CX_TRY(note_key_of(key, tenant_id, &verifier));
    CX_TRY(journal_checkpoint(signer->journal, tenant_id, size, root, diag));
    cx_fault_point("checkpoint-journalled");
    struct checkpoint checkpoint = {.origin = cx_str_from(verifier.name), .size = size};
    memcpy(checkpoint.root, root, sizeof(checkpoint.root));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf text = CX_BUF_INIT(NOTE_MAX), signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    CX_TRY(checkpoint_write(&checkpoint, &text));
    CX_TRY(crypto_sign(key, CRYPTO_SIGNATURE_ED25519, cx_buf_view(&text), &signature));
    if (signature.len != NOTE_SIGNATURE_LEN)
        return CX_ERR(CRYPTO);
    struct cx_str view;
    CX_TRY(cx_str_view(cx_buf_view(&text), &view));
    return note_write(view, &verifier, signature.ptr, out);
}

cx_err signer_checkpoint_key(struct signer *signer, struct cx_id tenant_id, struct cx_buf *out)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    struct note_key verifier;
    CX_TRY(log_key(signer, tenant_id, &key));
    CX_TRY(note_key_of(key, tenant_id, &verifier));
    return note_key_write(&verifier, out);
}
