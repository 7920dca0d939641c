/* TLS BR 2.2.6 §7.1.2.11.2: CRL distribution points are present, unless OCSP is named or the certificate is short-lived. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    /* BR §1.6.1: short-lived is at most 7 days from 2026-03-15 (10 days before). */
    cx_time from_us = INT64_C(1773532800) * CX_US_PER_S;
    int64_t short_days = view->certificate->not_before_us < from_us ? 10 : 7;
    int64_t length_us =
        view->certificate->not_after_us - view->certificate->not_before_us + CX_US_PER_S;
    if (view->crl_points.extension || length_us <= short_days * CX_US_PER_DAY)
        return;
    struct der_reader descriptions = der_reader(view->info_access.items);
    struct cx_bytes method;
    struct der_value location;
    while (lint_next_access(&descriptions, &method, &location)) {
        if (cx_bytes_eq(method, LINT_OID_AD_OCSP))
            return;
    }
    lint_found(out, "extensions.cRLDistributionPoints", "is absent, and so is OCSP");
}

const struct lint_rule lint_br_status_present = {
    .about = {.id = "br-status-present",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.11.2",
              .title = "CRL distribution points are present, unless OCSP is named or the "
                       "certificate is short-lived"},
    .kinds = LINT_TLS,
    .check = check,
};
