/* TLS BR 2.2.6 §7.1.4.2: A subject attribute says something: not ".", "-" or " " alone. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        struct cx_bytes text = attribute.value.content;
        size_t filler = 0;
        while (filler < text.len && memchr(".- ", text.ptr[filler], 3))
            filler++;
        if (text.len > 0 && filler == text.len)
            lint_found(out, "subject", "\"%s\" stands for nothing", lint_show(text).text);
    }
}

const struct lint_rule lint_br_subject_metadata = {
    .about = {.id = "br-subject-metadata",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.2",
              .title = "A subject attribute says something: not \".\", \"-\" or \" \" alone"},
    .kinds = LINT_ANY,
    .check = check,
};
