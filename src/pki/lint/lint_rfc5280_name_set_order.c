/* X.690 §11.6: The attributes of a multi-valued RDN are in ascending order of their encoding. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn;
    while (!der_at_end(&rdns) && cx_is_ok(der_enter(&rdns, DER_SET, &rdn))) {
        struct der_value previous = {0};
        struct der_value pair;
        while (lint_next(&rdn, &pair)) {
            if (previous.whole.ptr && cx_bytes_cmp(previous.whole, pair.whole) > 0)
                lint_found(out, "subject", "an RDN is not sorted");
            previous = pair;
        }
    }
}

const struct lint_rule lint_rfc5280_name_set_order = {
    .about = {.id = "rfc5280-name-set-order",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "X.690 §11.6",
              .title =
                  "The attributes of a multi-valued RDN are in ascending order of their encoding"},
    .kinds = LINT_ANY,
    .check = check,
};
