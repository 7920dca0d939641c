/* RFC 5280 appendix A.1: The serialNumber and dnQualifier attributes are PrintableString. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_SERIAL_NUMBER, i, &value); i++) {
        if (value.tag != DER_PRINTABLE_STRING)
            lint_found(out, "subject.serialNumber", "has tag 0x%02x", value.tag);
    }
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_DN_QUALIFIER, i, &value); i++) {
        if (value.tag != DER_PRINTABLE_STRING)
            lint_found(out, "subject.dnQualifier", "has tag 0x%02x", value.tag);
    }
}

const struct lint_rule lint_rfc5280_name_serial_number_type = {
    .about = {.id = "rfc5280-name-serial-number-type",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 appendix A.1",
              .title = "The serialNumber and dnQualifier attributes are PrintableString"},
    .kinds = LINT_ANY,
    .check = check,
};
