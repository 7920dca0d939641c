/* TLS BR 2.2.6 §7.1.4.2: Subject attributes are no longer than the table says. */
#include "pki/lint/rule.h"
#include "pki/lint/attributes.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct lint_attribute_form form;
    for (size_t i = 0; lint_attribute_form_at(i, &form); i++) {
        if (form.max > 0)
            lint_check_length(view, out, form.type, form.max);
    }
}

const struct lint_rule lint_br_subject_length = {
    .about = {.id = "br-subject-length",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.2",
              .title = "Subject attributes are no longer than the table says"},
    .kinds = LINT_PROFILED,
    .check = check,
};
