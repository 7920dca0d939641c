/* TLS BR 2.2.6 §6.3.2: Validity is at most 398 days; from 2026-03-15 200, from 2027-03-15 100, from 2029-03-15 47. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    static const struct {
        cx_time from_us;
        int64_t days;
    } steps[] = {{0, 398},
                 {INT64_C(1773532800) * CX_US_PER_S, 200}, /* 2026-03-15 */
                 {INT64_C(1805068800) * CX_US_PER_S, 100}, /* 2027-03-15 */
                 {INT64_C(1868227200) * CX_US_PER_S, 47}}; /* 2029-03-15 */
    const struct pki_certificate *certificate = view->certificate;
    int64_t days = steps[0].days;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (certificate->not_before_us >= steps[i].from_us)
            days = steps[i].days;
    }
    /* RFC 5280 §4.1.2.5: the last second counts. A day is 86,400 seconds; any fraction more is a day more. */
    int64_t length_us = certificate->not_after_us - certificate->not_before_us + CX_US_PER_S;
    if (length_us > days * CX_US_PER_DAY)
        lint_found(out, "validity", "is longer than the %lld days allowed at its start",
                   (long long)days);
}

const struct lint_rule lint_br_validity_max = {
    .about = {.id = "br-validity-max",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §6.3.2",
              .title = "Validity is at most 398 days; from 2026-03-15 200, from 2027-03-15 100, "
                       "from 2029-03-15 47"},
    .kinds = LINT_TLS,
    .check = check,
};
