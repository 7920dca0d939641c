/* What every change of factors asks and does, inside its transaction. */
#pragma once
#include "core/api/api.h"
#include "core/authentication/factor_store.h"

/* CX_E_DENIED: step-up-required (a session without a fresh factor), session-needed (a token, when there is a way to log in
 * or the token is narrowed). */
cx_err factor_check_rights(struct store_tx *tx, struct api_request *request);
/* Whether a link that maker_id made (zero: on the host) may enrol the user: recovery is no weaker than login. CX_E_CONFLICT
 * "has-factors": who can log in does. CX_E_POLICY "service-account": it never logs in. CX_E_DENIED "reset-by-inviter": one person removed the factors and made the link. */
cx_err factor_check_link(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                         struct cx_id maker_id, struct cx_diag *diag);
/* After a password or code secret changes: the user's other sessions end, and no browser counts as known. */
cx_err factor_end_others(struct store_tx *tx, const struct api_request *request);
