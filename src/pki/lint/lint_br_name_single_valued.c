/* TLS BR 2.2.6 §7.1.4.1: Each RDN of the subject has exactly one attribute. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn;
    while (!der_at_end(&rdns) && cx_is_ok(der_enter(&rdns, DER_SET, &rdn))) {
        struct der_value first;
        if (lint_next(&rdn, &first) && !der_at_end(&rdn))
            lint_found(out, "subject", "an RDN has several attributes");
    }
}

const struct lint_rule lint_br_name_single_valued = {
    .about = {.id = "br-name-single-valued",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.1",
              .title = "Each RDN of the subject has exactly one attribute"},
    .kinds = LINT_PROFILED,
    .check = check,
};
