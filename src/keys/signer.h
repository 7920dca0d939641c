/*
 * What the keys process holds and does: everything behind its messages, without the messages. One struct
 * signer a process. Requests are typed; each function re-checks what it is asked against the process's own copies
 * before anything is signed, and journals before it signs.
 *
 * Threads: all functions but open and close may be called at once.
 * Errors beside those named: CX_E_IO (disk), CX_E_NOMEM, CX_E_BUSY, CX_E_CRYPTO.
 */
#pragma once
#include "base/clock.h"
#include "crypto/key_lists.h"
#include "keys/client.h"
#include "keys/issuer_dir.h"
#include "keys/journal.h"
#include "keys/profile_dir.h"
#include "pki/crl.h"

enum {
    SIGNER_BACKENDS_MAX = 2,
    SIGNER_CRL_MAX = 16 * 1024 * 1024,
    SIGNER_OCSP_MAX = 4096,
    SIGNER_CRL_ENTRIES_MAX = 500000,
    SIGNER_WRAPPED_MAX = 256,
    SIGNER_STATUS_LIFE_MAX_S = 10 * 86400, /* BR 2.2.6 §4.9.7, §4.9.10: CRLs and OCSP answers */
};

struct signer {
    char dir[512]; /* DIR/keys */
    struct cx_clock clock;
    struct cx_rng rng;
    bool is_drill;
    bool is_ceremony; /* CA kinds may be issued */
    struct cx_secret unlock;
    struct kek *kek;
    struct kek_provider provider;
    struct backend backends[SIGNER_BACKENDS_MAX];
    size_t backend_count;
    struct issuer_dir *issuers;
    struct profile_dir *profiles;
    struct journal *journal;
    struct crypto_key_lists *key_lists;
};

struct signer_options {
    const char *dir;                              /* DIR/keys, absolute */
    const char *unlock_path;                      /* the unlock secret file, absolute */
    struct cx_str pkcs11_module, pkcs11_pin_file; /* "" = sealed files only */
    bool is_drill, is_ceremony;
};
/* Before the sandbox: reads the unlock secret and the PIN, loads the PKCS#11 module. */
cx_err signer_prepare(struct signer *signer, const struct signer_options *options,
                      struct cx_diag *diag);
/* Inside the sandbox: opens the key-encryption key, directories and journal. Starts a thread. */
cx_err signer_open(struct signer *signer, struct cx_diag *diag);
/* Safe after a failed or missing prepare or open. */
void signer_close(struct signer *signer);

/* keys_issue. tmpl->profile is ignored: profile and version name the signer's own copy. */
struct signer_issue {
    struct cx_id intent_id, tenant_id, issuer_id;
    struct cx_str profile;
    uint32_t version;
    struct pki_template tmpl;
};
cx_err signer_issue(struct signer *signer, const struct signer_issue *request, struct arena *arena,
                    struct cx_diag *diag, struct cx_bytes *ret_der);

/* A statement on status holds from now (PKI_SKEW_MAX_S either way) for SIGNER_STATUS_LIFE_MAX_S at most: nobody gets
 * an answer for later, or one that outlasts what it says. CX_E_POLICY. */
cx_err signer_status_times(const struct signer *signer, cx_time this_update_us,
                           cx_time next_update_us, struct cx_diag *diag);

struct signer_crl {
    struct cx_id tenant_id, issuer_id;
    uint32_t shard;
    uint64_t number;
    cx_time this_update_us, next_update_us;
    const struct pki_revoked *entries;
    size_t entry_count;
};
/* Appends the CRL to out. */
cx_err signer_crl(struct signer *signer, const struct signer_crl *request, struct cx_diag *diag,
                  uint64_t *ret_number, struct cx_buf *out);

/* Appends the OCSPResponse to out. CX_E_NOTFOUND: the issuer has no valid responder certificate. */
cx_err signer_ocsp(struct signer *signer, struct cx_id tenant_id, struct cx_id issuer_id,
                   const struct keys_ocsp_item *item, struct cx_diag *diag, struct cx_buf *out);
/* ret_signed has room for batch->count; everything returned lies in arena. */
cx_err signer_presign_ocsp(struct signer *signer, struct cx_id tenant_id, struct cx_id issuer_id,
                           const struct keys_ocsp_batch *batch, struct arena *arena,
                           struct cx_diag *diag, struct cx_bytes *ret_certificate,
                           struct keys_ocsp_signed *ret_signed);
cx_err signer_responder(struct signer *signer, struct cx_id tenant_id, struct cx_id issuer_id,
                        struct cx_diag *diag, struct cx_bytes *ret_spki, cx_time *ret_not_after_us);
cx_err signer_responder_install(struct signer *signer, struct cx_id tenant_id,
                                struct cx_id issuer_id, struct cx_bytes certificate_der,
                                struct cx_diag *diag);

/* A new key in place of spki, if that is the responder's present one. */
cx_err signer_responder_rotate(struct signer *signer, struct cx_id tenant_id,
                               struct cx_id issuer_id, struct cx_bytes spki, struct cx_diag *diag);

/* Append text to out. */
cx_err signer_checkpoint(struct signer *signer, struct cx_id tenant_id, uint64_t size,
                         const uint8_t root[static 32], struct cx_diag *diag, struct cx_buf *out);
cx_err signer_checkpoint_key(struct signer *signer, struct cx_id tenant_id, struct cx_buf *out);

cx_err signer_data_key_new(struct signer *signer, struct cx_id tenant_id, uint32_t version,
                           struct cx_buf *wrapped, struct cx_secret *ret_key);
cx_err signer_data_key_unwrap(struct signer *signer, struct cx_id tenant_id, uint32_t version,
                              struct cx_bytes wrapped, struct cx_diag *diag,
                              struct cx_secret *ret_key);

/* CX_E_DENIED unless this is a drill instance. */
cx_err signer_set_clock(struct signer *signer, int64_t offset_us, struct cx_diag *diag);
