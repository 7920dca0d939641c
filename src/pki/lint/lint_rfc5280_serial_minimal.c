/* X.690 §8.3.2: The serial number is encoded in the fewest octets. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!der_integer_minimal(view->certificate->serial))
        lint_found(out, "serialNumber", "has leading octets that say nothing");
}

const struct lint_rule lint_rfc5280_serial_minimal = {
    .about = {.id = "rfc5280-serial-minimal",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "X.690 §8.3.2",
              .title = "The serial number is encoded in the fewest octets"},
    .kinds = LINT_ANY,
    .check = check,
};
