/* TLS BR 2.2.6 §7.1.2.10.2: The subject of a CA has no organizationalUnitName. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value unit;
    if (lint_subject_attribute(view, LINT_OID_ORGANIZATIONAL_UNIT, 0, &unit))
        lint_found(out, "subject.organizationalUnitName", "is present");
}

const struct lint_rule lint_br_ca_organizational_unit = {
    .about = {.id = "br-ca-organizational-unit",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.10.2",
              .title = "The subject of a CA has no organizationalUnitName"},
    .kinds = LINT_CA,
    .check = check,
};
