/* TLS BR 2.2.6 §7.1.2.1.3: The authority's keyIdentifier in a root equals its own subjectKeyIdentifier. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->aki.well_formed && !cx_bytes_eq(view->authority_key_id, view->key_id))
        lint_found(out, "extensions.authorityKeyIdentifier", "is not the subjectKeyIdentifier");
}

const struct lint_rule lint_br_root_aki_match = {
    .about = {.id = "br-root-aki-match",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.1.3",
              .title =
                  "The authority's keyIdentifier in a root equals its own subjectKeyIdentifier"},
    .kinds = LINT_KIND(ROOT_CA),
    .check = check,
};
