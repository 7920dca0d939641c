/* RFC 5280 §4.1.2.2: The serial number is at most 20 octets long. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->certificate->serial.len > PKI_SERIAL_MAX)
        lint_found(out, "serialNumber", "is %zu octets long", view->certificate->serial.len);
}

const struct lint_rule lint_rfc5280_serial_length = {
    .about = {.id = "rfc5280-serial-length",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.2",
              .title = "The serial number is at most 20 octets long"},
    .kinds = LINT_ANY,
    .check = check,
};
