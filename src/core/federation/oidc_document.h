/*
 * What an OpenID Connect provider says, as bytes from the network: its discovery document (OpenID Connect Discovery 1.0
 * §3), its keys (RFC 7517 §5), its answer to a code (RFC 6749 §5.1), the claims of an ID token (OpenID Connect Core §2)
 * and its userinfo (§5.3). Members that are not needed are ignored, as these documents ask; those that are needed are
 * strict. Nothing is verified here: oidc_check.h. Text and lists are in the arena. Pure functions.
 * CX_E_PARSE, CX_E_LIMIT: malformed; CX_E_POLICY: well-formed, and not acceptable.
 */
#pragma once
#include "codec/jws.h"

enum {
    OIDC_DOCUMENT_MAX = 256 * 1024,
    OIDC_URL_MAX = 1024,
    OIDC_TOKEN_MAX = 64 * 1024, /* an ID token, an access token */
    OIDC_KEYS_MAX = 64,
    OIDC_GROUPS_MAX = 1000,
    OIDC_GROUP_MAX = 256,
    OIDC_SUBJECT_MAX = 255 /* OpenID Connect Core §2 */
};

struct oidc_discovery {
    struct cx_str issuer, authorization_endpoint, token_endpoint, jwks_uri;
    struct cx_str userinfo_endpoint; /* "" = none */
    bool issuer_parameter;           /* the provider names itself in its answer (RFC 9207 §3) */
    bool secret_in_body;             /* it takes a client secret in the form only */
};
/* issuer: as configured; another one in the document is CX_E_POLICY "oidc-issuer" (Discovery §4.3). */
cx_err oidc_discovery_parse(struct cx_bytes text, struct cx_str issuer, struct arena *arena,
                            struct cx_diag *diag, struct oidc_discovery *ret_discovery);

struct oidc_key {
    struct cx_str kid; /* "" = none */
    enum jwk_kind kind;
    struct cx_bytes spki;
};
struct oidc_keys {
    struct oidc_key *items;
    size_t count;
};
/* Keys that are for encryption, for another algorithm, or of a kind that is not used here are left out. */
cx_err oidc_keys_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                       struct oidc_keys *ret_keys);

struct oidc_answer {
    struct cx_str id_token, access_token;
};
cx_err oidc_answer_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                         struct oidc_answer *ret_answer);

struct oidc_words {
    struct cx_str *items;
    size_t count;
};
struct oidc_claims {
    struct cx_str issuer, subject;
    struct cx_str authorized_party, nonce, acr, at_hash, name; /* "" = absent */
    struct oidc_words audiences, amr, groups;
    int64_t expires_s, issued_s;
    int64_t auth_s; /* 0: absent */
};
/* groups_claim: the member with the groups, one text or a list. A provider that leaves them out because they are too many
 * (_claim_names) is CX_E_POLICY "oidc-groups-left-out": nobody would know what to take back. */
cx_err oidc_claims_parse(struct cx_bytes text, struct cx_str groups_claim, struct arena *arena,
                         struct cx_diag *diag, struct oidc_claims *ret_claims);
/* The same of userinfo, of which only subject, name and groups are read. */
cx_err oidc_userinfo_parse(struct cx_bytes text, struct cx_str groups_claim, struct arena *arena,
                           struct cx_diag *diag, struct oidc_claims *ret_claims);
