/* RFC 5280 §4.2.1.1: authorityKeyIdentifier is present, save in a self-signed certificate. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->aki.extension && !(view->context->kind == PKI_KIND_ROOT_CA && view->self_issued))
        lint_found(out, "extensions.authorityKeyIdentifier", "is absent");
}

const struct lint_rule lint_rfc5280_aki_present = {
    .about = {.id = "rfc5280-aki-present",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.1",
              .title = "authorityKeyIdentifier is present, save in a self-signed certificate"},
    .kinds = LINT_ANY,
    .check = check,
};
