/* RFC 5280 §4.1.2.2: The serial number is a positive integer. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct cx_bytes serial = view->certificate->serial;
    bool zero = true;
    for (size_t i = 0; i < serial.len; i++)
        zero = zero && serial.ptr[i] == 0;
    if (zero)
        lint_found(out, "serialNumber", "is zero");
    else if (serial.ptr[0] & 0x80)
        lint_found(out, "serialNumber", "is negative");
}

const struct lint_rule lint_rfc5280_serial_positive = {
    .about = {.id = "rfc5280-serial-positive",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.2",
              .title = "The serial number is a positive integer"},
    .kinds = LINT_ANY,
    .check = check,
};
