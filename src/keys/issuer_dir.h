/*
 * The issuers of this instance, as the key directory has them: DIR/keys/issuer/<iss id>/
 *
 *   issuer.yaml    description: tenant, name, back end, and the ceilings no request may exceed
 *   cert.der       the CA certificate (absent until one signed elsewhere is installed)
 *   mac            HMAC over both under the key-encryption key: who cannot unlock cannot change them
 *   key            sealed private key (file back end)
 *   next/          the first three as they are about to be, while a ceremony replaces them
 *   responder.key, responder.der   the delegated OCSP responder, made online
 *
 * Online, the directory is only read (save for the responder). Issuers are loaded at first use and kept: a struct
 * issuer is immutable once loaded and lives until issuer_dir_free; only its responder changes, under a lock.
 * Thread-safe.
 */
#pragma once
#include "keys/backend.h"
#include "pki/certificate.h"
#include "pki/ocsp.h"

#include <pthread.h>

struct issuer_dir;

enum { ISSUER_NAME_MAX = 64, ISSUER_URL_MAX = 256, ISSUERS_MAX = 1000 };

/* Text and lists are borrowed by issuer_dir_add and belong to the issuer in struct issuer. */
struct issuer_spec {
    struct cx_id tenant_id, issuer_id;
    struct cx_str name;      /* [a-z0-9-]{1,64} */
    struct cx_str backend;   /* "file", "pkcs11" */
    struct cx_str key_label; /* PKCS#11 */
    enum crypto_key_type key_type;
    bool root;
    uint32_t kinds; /* bit set of 1 << enum pki_kind that it may issue */
    uint32_t shard_count;
    struct cx_str status_url;
};

struct responder {
    struct backend_key *key;
    struct cx_bytes certificate_der; /* empty: not installed yet */
    struct pki_certificate certificate;
    struct responder *previous; /* kept until the end: an answer may be using it */
};

struct issuer {
    struct issuer_spec spec;
    struct cx_bytes certificate_der; /* empty while a certificate signed elsewhere is awaited */
    struct pki_certificate certificate;
    struct pki_issuer
        pki; /* views into certificate, description and arena; with path length and name
                                      * constraints, which the certificate itself says */
    struct pki_ocsp_issuer ocsp[2]; /* by enum keys_ocsp_hash: how clients name this issuer */
    struct backend_key *key;
    struct cx_bytes
        lint_signature; /* of a forgotten key of the same type; see issuer_lint_signature */
    char ref[CX_ID_TEXT_MAX];
    struct arena arena;
    pthread_mutex_t responder_lock;
    struct responder *responder; /* the newest; NULL until asked for */
};

struct issuer_dir_options {
    const char *dir; /* DIR/keys, absolute */
    struct kek *kek;
    const struct backend *backends;
    size_t backend_count;
};
cx_err issuer_dir_new(const struct issuer_dir_options *options, struct issuer_dir **ret_dir);
void issuer_dir_free(struct issuer_dir *dir);

/* CX_E_NOTFOUND: no such issuer of this tenant (another tenant's looks the same). CX_E_POLICY: it has no certificate yet.
 * CX_E_CRYPTO: its files were altered. */
cx_err issuer_dir_get(struct issuer_dir *dir, struct cx_id tenant_id, struct cx_id issuer_id,
                      struct cx_diag *diag, struct issuer **ret_issuer);
uint32_t issuer_dir_count(struct issuer_dir *dir);

/* Ceremonies only. Makes the directory and the key; the issuer has no certificate yet and is not listed before
 * issuer_dir_seal. pkcs8 empty: a new key. *ret_key is the caller's. */
cx_err issuer_dir_add(struct issuer_dir *dir, const struct issuer_spec *spec, struct cx_bytes pkcs8,
                      struct cx_diag *diag, struct backend_key **ret_key);
/* Writes description, certificate (may be empty) and mac. */
cx_err issuer_dir_seal(struct issuer_dir *dir, const struct issuer_spec *spec,
                       struct cx_bytes certificate_der, struct cx_diag *diag);
/* An issuer with or without certificate, read afresh; release with issuer_free. */
cx_err issuer_dir_read(struct issuer_dir *dir, struct cx_id issuer_id, struct cx_diag *diag,
                       struct issuer **ret_issuer);
void issuer_free(struct issuer *issuer);
CX_DEFINE_CLEANUP_PTR(struct issuer, issuer_free)
/* Ids of all issuers with a valid description, at most ISSUERS_MAX. */
cx_err issuer_dir_list(struct issuer_dir *dir, struct arena *arena, struct cx_id **ret_ids,
                       size_t *ret_count);

/* The issuer's newest responder, loaded or (key only) made at first use. Valid until issuer_dir_free. */
cx_err issuer_responder(struct issuer_dir *dir, struct issuer *issuer, struct cx_diag *diag,
                        const struct responder **ret_responder);
/* Installs the certificate of the responder's key; the caller has checked it. */
cx_err issuer_responder_install(struct issuer_dir *dir, struct issuer *issuer,
                                struct cx_bytes certificate_der, struct cx_diag *diag);
/* Replaces the responder's key, when it is spki, by a new one without a certificate. CX_E_POLICY for a key in a token. */
cx_err issuer_responder_rotate(struct issuer_dir *dir, struct issuer *issuer, struct cx_bytes spki,
                               struct cx_diag *diag);
