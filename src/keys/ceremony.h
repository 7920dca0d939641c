/*
 * Ceremonies, seen from the command line: acts on CA keys and profiles that no online process can be asked for. The other
 * end is a short-lived keys process (keys_ceremony_main) over the same key directory. One thread, one ceremony.
 *
 * The functions of keys/client.h that a ceremony allows (issue, responder, data keys, checkpoint key) work on the same client.
 * Errors: those of keys/client.h; CX_E_POLICY and CX_E_PARSE come with a diagnostic.
 */
#pragma once
#include "crypto/key.h"
#include "keys/client.h"

/* Takes ownership of fd. */
cx_err ceremony_client_new(int fd, struct keys_client **ret_client);

enum { CEREMONY_PATH_LEN_PROFILE = -1 };

/* What an issuer is, in every way it can come about. */
struct ceremony_issuer {
    struct cx_id tenant_id, issuer_id;
    struct cx_str name;      /* [a-z0-9-]{1,64} */
    struct cx_str backend;   /* "file" or "pkcs11" */
    struct cx_str key_label; /* PKCS#11 object label */
    enum crypto_key_type key_type;
    uint32_t kinds; /* bit set of 1 << enum pki_kind it may issue */
    uint32_t shard_count;
    struct cx_str status_url;
};

/* What its certificate says. */
struct ceremony_certificate {
    struct cx_id parent_id; /* zero: self-signed */
    struct cx_str profile;  /* of kind root-ca or sub-ca */
    uint32_t version;
    cx_time not_before_us,
        not_after_us; /* 0: now; the profile's default, at most the parent's end */
    int path_len;     /* CEREMONY_PATH_LEN_PROFILE or at most the profile's */
    const struct pki_attribute *subject;
    size_t subject_count;
    const struct pki_constraint *constraints;
    size_t constraint_count;
};

cx_err ceremony_ca_create(struct keys_client *client, const struct ceremony_issuer *issuer,
                          const struct ceremony_certificate *certificate, struct arena *arena,
                          struct cx_diag *diag, struct cx_bytes *ret_der);
/* A new key and a PKCS#10 request for it, to be signed elsewhere and installed later. */
cx_err ceremony_ca_request(struct keys_client *client, const struct ceremony_issuer *issuer,
                           const struct pki_attribute *subject, size_t subject_count,
                           struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_csr);
cx_err ceremony_ca_install(struct keys_client *client, struct cx_id tenant_id,
                           struct cx_id issuer_id, struct cx_bytes certificate_der,
                           struct cx_diag *diag);
/* An existing CA. pkcs8 is wiped by its owner. */
cx_err ceremony_ca_import(struct keys_client *client, const struct ceremony_issuer *issuer,
                          struct cx_bytes certificate_der, struct cx_bytes pkcs8,
                          struct cx_diag *diag);
/* Signs the request of a subordinate CA whose key is elsewhere. */
cx_err ceremony_ca_sign(struct keys_client *client, struct cx_id tenant_id, struct cx_bytes csr,
                        const struct ceremony_certificate *certificate, struct arena *arena,
                        struct cx_diag *diag, struct cx_bytes *ret_der);

/* *ret_name is in arena. */
cx_err ceremony_profile_install(struct keys_client *client, struct cx_id tenant_id,
                                struct cx_bytes yaml, struct arena *arena, struct cx_diag *diag,
                                struct cx_str *ret_name, uint32_t *ret_version);

struct ceremony_issuer_row {
    struct cx_id tenant_id, issuer_id;
    struct cx_str name, backend;
    enum crypto_key_type key_type;
    uint32_t shard_count;
    struct cx_str status_url; /* as keys puts it into certificates, whatever is configured by now */
    bool root, has_certificate;
    cx_time not_after_us;
};
cx_err ceremony_issuers(struct keys_client *client, struct arena *arena, struct cx_diag *diag,
                        struct ceremony_issuer_row **ret_rows, size_t *ret_count);
