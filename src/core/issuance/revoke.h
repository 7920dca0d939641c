/* Revocation: at once, or by a second person where the profile says so. Revoked stays revoked. */
#pragma once
#include "api_types.h"
#include "core/audit/audit.h"
#include "core/issuance/issue.h"

struct api_request;

/* The entry certificate.revoke on the certificate, by the approver, with the requester in its details: the approval's own
 * entry is about the request, and who looks at the certificate's history must find both persons there. */
struct revoke_record {
    struct audit_event event;
    struct audit_entry *entry;
};

/* Before the transaction (seals the details). */
cx_err revoke_prepare(struct issuance *run, struct revoke_record *ret_record);
/* Inside the transaction of the last approval: revokes what run->request names and appends the record, run->request is
 * done; the certificate is left in run->target. A certificate that was revoked meanwhile stays as it is, without a second
 * entry, and the request is done. */
cx_err revoke_approved(struct store_tx *tx, struct issuance *run,
                       const struct revoke_record *record);

/* Revokes for whoever has proved to hold the certificate's own key (RFC 8555 §7.6): no person acts, so no right is asked for
 * and the entry names nobody. request->principal has the tenant alone. CX_E_DENIED where the profile asks for two persons. */
cx_err certificate_revoke_by_holder(struct api_request *request,
                                    const struct api_certificate_revoke_in *in,
                                    struct api_revocation_view *ret_view);
