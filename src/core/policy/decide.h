/*
 * The decision on a typed request: may this certificate be asked for? No clock, no database, no keys
 * process (which checks the same bounds again before it signs). A refusal names the rule and the field of the
 * request. Nothing is silently dropped or changed: names and subject of the CSR and of the request document either
 * agree or are refused.
 */
#pragma once
#include "core/issuance/body.h"
#include "pki/certificate.h"

enum { POLICY_SIGN_MARGIN_S = 60 };

struct policy_ask {
    const struct pki_profile *profile;
    const struct pki_issuer *issuer;
    struct crypto_key_lists *key_lists; /* keys that an operator has listed as compromised */
    cx_time now_us;
    bool by_system;   /* an OCSP responder's certificate, which no person may ask for */
    bool has_subject; /* the document gives the subject … */
    const struct pki_attribute *subject;
    size_t subject_count;
    bool has_names; /* … or the names: then the CSR must hold no others */
    const struct pki_name *names;
    size_t name_count;
    bool has_csr;             /* otherwise the server makes a key of kind server_key_type */
    struct issuance_body csr; /* what the CSR asks for; its signature has been verified */
    enum pki_key_type server_key_type;
    int64_t validity_s; /* 0: the profile's default */
};

struct policy_decision {
    struct issuance_body body; /* what the certificate will say; spki empty for a server-side key */
    enum pki_key_type key_type;
    bool server_key;
    int64_t validity_s; /* 0: the profile's default, cut at the issuer's end */
};

/* CX_E_POLICY or CX_E_PARSE with the diagnostic filled. Views of the decision point into the ask. */
cx_err policy_decide(const struct policy_ask *ask, struct cx_diag *diag,
                     struct policy_decision *ret_decision);

/* The validity of a certificate issued at now_us: starts profile->backdate_s less a margin earlier, ends validity_s after its
 * start (0: the default, cut at the issuer's end). RFC 5280 §4.1.2.5: both ends belong to it. */
cx_err policy_validity(const struct pki_profile *profile, const struct pki_issuer *issuer,
                       int64_t validity_s, cx_time now_us, cx_time *ret_not_before_us,
                       cx_time *ret_not_after_us);
