#include "core/protocol/acme/caa.h"
#include "core/protocol/acme/directory_store.h"

cx_err acme_caa_check(struct acme_call *call, const struct acme_authorization *authorization,
                      struct outbound_verdict *ret_verdict)
{
    struct api_request *request = call->request;
    struct cx_str issuers[OUTBOUND_ISSUERS_MAX];
    struct outbound_caa caa = {.source_id = authorization->account_id,
                               .name = authorization->value,
                               .wildcard = authorization->wildcard,
                               .issuers = issuers,
                               .method = authorization->challenge,
                               .timeout_ms = ACME_CAA_TIMEOUT_MS};
    *ret_verdict = (struct outbound_verdict){.problem = OUTBOUND_VALID};
    if (call->directory.caa_identity.len == 0 || authorization->name.kind != PKI_NAME_DNS)
        return CX_OK;
    CX_TRY(
        acme_words(call->directory.caa_identity, issuers, OUTBOUND_ISSUERS_MAX, &caa.issuer_count));
    CX_TRY(acme_account_url(call, authorization->account_id, &caa.account_uri));
    return outbound_check_caa(request->core->outbound, &caa, request->arena, request->diag,
                              ret_verdict);
}
