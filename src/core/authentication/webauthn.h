/*
 * The relying party's half of WebAuthn Level 2, §7.1 and §7.2: what is around the signature that crypto/fido_verify.h checks.
 * Pure functions, thread-safe. Refusals name field and rule: passkey-client-data, passkey-type, passkey-origin,
 * passkey-cross-origin, passkey-attestation, passkey-not-verified, passkey-backup, passkey-counter. Errors are
 * CX_E_PARSE for what is malformed, CX_E_AUTH for what does not hold.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "crypto/fido_verify.h"

enum { WEBAUTHN_CLIENT_DATA_MAX = 4096, WEBAUTHN_CHALLENGE_MAX = 64 };

/* Who we are to a browser, from the public URL: "https://ca.example.org:8443" has the origin of the same spelling
 * (without ":443") and the id "ca.example.org". Views into arena. An address is no id: the browser refuses it. */
struct webauthn_party {
    struct cx_str origin, rp_id;
};
cx_err webauthn_party_of(struct cx_str public_url, struct arena *arena,
                         struct webauthn_party *ret_party);

/* clientDataJSON: type ("webauthn.create" or "webauthn.get"), origin, no frame of another origin. *ret_challenge, in
 * arena, is the caller's to check. Members that are not known are read over, as §5.8.1 demands. */
cx_err webauthn_client_data(struct cx_bytes client_data, const char *type,
                            const struct webauthn_party *party, struct arena *arena,
                            struct cx_diag *diag, struct cx_bytes *ret_challenge);

cx_err webauthn_register(struct cx_bytes client_data, struct cx_bytes attestation_object,
                         struct cx_bytes credential_id, const struct webauthn_party *party,
                         struct cx_diag *diag, struct crypto_fido_credential *ret_credential);

/* What is stored of a credential. */
struct webauthn_stored {
    int64_t algorithm;
    struct cx_bytes key;
    uint32_t sign_count;
    bool backup_eligible;
};
struct webauthn_assertion {
    struct cx_bytes client_data, authenticator_data, signature;
};
/* *ret_sign_count is to be stored. A counter that does not grow is a copied authenticator (§7.2 step 21): refused. */
cx_err webauthn_assert(const struct webauthn_assertion *assertion,
                       const struct webauthn_stored *stored, const struct webauthn_party *party,
                       struct cx_diag *diag, uint32_t *ret_sign_count);
