/*
 * Client certificates as a way to authenticate (RFC 8446 §4.4.2, RFC 5280). The gate asks for one on a listener of its own and
 * hands on what the client proved the key of, unverified; everything else is here, for a tenant and as of now:
 *   form, chain to a CA that the tenant trusts for this, validity, purpose (extendedKeyUsage clientAuth), and of a certificate
 *   that this platform issued, that it is not revoked. Then whose it is: a binding names the key, or issuer and serial
 *   number, never the subject's text.
 *
 * A service account acts with one alone, on each request that asks for it ("Authorization: Client-Certificate"): a browser
 * sends certificates unasked, but no such header. Of a person it is one factor: they log in with it and their password
 * (core/authentication/login.c). Read from the primary database with every request: revoking the certificate or removing
 * the binding shows with the next one. Uses access, authentication, issuance. docs/design/083-client-certificates.md.
 */
#pragma once
#include "core/api/api.h"
#include "core/client_certificate/client_certificate_store.h"

struct client_certificate {
    struct cx_bytes der;
    uint8_t sha256[32], spki_sha256[32], issuer_sha256[32];
    struct cx_bytes serial, subject; /* views into der; subject: Name */
    cx_time not_after_us;
};

/* CX_E_AUTH "client-certificate-missing" when der is empty, "client-certificate-form" when it is none. */
cx_err client_certificate_read(struct cx_bytes der, struct cx_diag *diag,
                               struct client_certificate *ret_certificate);
/* Everything but whose it is. CX_E_AUTH with "client-certificate-revoked", "-issuer", "-not-yet", "-expired", "-purpose" or
 * "-refused". Not inside a closure. */
cx_err client_certificate_verify(struct core *core, struct cx_id tenant_id,
                                 const struct client_certificate *certificate, struct arena *arena,
                                 cx_time now_us, struct cx_diag *diag);
/* Inside a closure: whether it was issued here and is revoked by now. */
cx_err client_certificate_is_revoked(struct store_tx *tx, struct cx_id tenant_id,
                                     struct cx_bytes sha256, struct arena *arena,
                                     bool *ret_revoked);
/* The binding that names it. CX_E_NOTFOUND when none does. */
cx_err client_certificate_binding(struct store_tx *tx, struct cx_id tenant_id,
                                  const struct client_certificate *certificate, struct arena *arena,
                                  struct client_binding_row *ret_binding);

/* Whether a request asks to be let in by its certificate alone. */
bool client_certificate_claimed(struct cx_str authorization);
/* "Client-Certificate", or with the tenant where there are several: "Client-Certificate ten_…". CX_E_AUTH with a rule of
 * the above, "client-certificate-unknown": bound to nobody, "client-certificate-person": bound to a person, who logs in,
 * or "client-certificate-account": the account does not work. The caller owns the principal's rights. */
cx_err client_certificate_authenticate(struct api_request *request, struct cx_str authorization,
                                       struct principal *ret_principal);
