/* RFC 5280 §4.2.1.3: encipherOnly and decipherOnly have a meaning only with keyAgreement. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if ((view->usage & (LINT_KU_ENCIPHER_ONLY | LINT_KU_DECIPHER_ONLY)) &&
        !(view->usage & LINT_KU_KEY_AGREEMENT))
        lint_found(out, "extensions.keyUsage", "restricts keyAgreement, which is not set");
}

const struct lint_rule lint_rfc5280_ku_encipher_only = {
    .about = {.id = "rfc5280-ku-encipher-only",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §4.2.1.3",
              .title = "encipherOnly and decipherOnly have a meaning only with keyAgreement"},
    .kinds = LINT_ANY,
    .check = check,
};
