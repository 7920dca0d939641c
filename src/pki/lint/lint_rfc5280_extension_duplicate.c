/* RFC 5280 §4.2: No extension appears twice. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_certificate *certificate = view->certificate;
    for (size_t i = 0; i < certificate->extension_count; i++) {
        /* lint_extension finds the first of that kind: another one is a repetition. */
        if (lint_extension(certificate, certificate->extensions[i].oid) !=
            &certificate->extensions[i])
            lint_found(out, "extensions", "extension %zu repeats an earlier one", i + 1);
    }
}

const struct lint_rule lint_rfc5280_extension_duplicate = {
    .about = {.id = "rfc5280-extension-duplicate",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2",
              .title = "No extension appears twice"},
    .kinds = LINT_ANY,
    .check = check,
};
