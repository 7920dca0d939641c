/* RFC 5280 §4.2.1.9: pathLenConstraint stands only with cA and keyCertSign. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->path_len >= 0 && (!view->is_ca || !(view->usage & LINT_KU_CERT_SIGN)))
        lint_found(out, "extensions.basicConstraints",
                   "limits the path of what signs no certificates");
}

const struct lint_rule lint_rfc5280_bc_path_len_only_ca = {
    .about = {.id = "rfc5280-bc-path-len-only-ca",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.9",
              .title = "pathLenConstraint stands only with cA and keyCertSign"},
    .kinds = LINT_ANY,
    .check = check,
};
