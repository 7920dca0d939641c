/* One passkey's answer to a login challenge, from the contract's text to a verified counter: logging in and stepping up. */
#pragma once
#include "api_types.h"
#include "core/api/api.h"
#include "core/authentication/challenge.h"
#include "core/authentication/factor_store.h"
#include "core/authentication/webauthn.h"

struct passkey_proof {
    struct cx_id tenant_id;
    struct challenge challenge;
    bool found; /* passkey is filled: the credential is somebody's */
    struct passkey_row passkey;
    uint32_t sign_count;
};

/* user_id: whose it has to be; zero: anybody's of the tenant. What does not hold is CX_E_AUTH with its rule in the
 * diagnostic; proof->found then says whether there is a user to record it with. Not inside a closure. */
cx_err passkey_verify(struct api_request *request, struct cx_id tenant_id, struct cx_id user_id,
                      const struct api_passkey_assertion *in, struct passkey_proof *ret_proof);
/* In the transaction of what it proves: the challenge counts once, the counter moves on. CX_E_CONFLICT when another
 * came first. */
cx_err passkey_proof_use(struct store_tx *tx, const struct passkey_proof *proof, cx_time now_us);

/* "id of the tenant, id of the user": what a discoverable credential gives back. */
enum { PASSKEY_HANDLE_LEN = 32 };
void passkey_handle(struct cx_id tenant_id, struct cx_id user_id,
                    uint8_t ret_handle[static PASSKEY_HANDLE_LEN]);
/* base64url text of the contract, in arena. CX_E_PARSE naming the field. */
cx_err passkey_decode(struct api_request *request, const char *field, struct cx_str text,
                      struct cx_bytes *ret_bytes);
