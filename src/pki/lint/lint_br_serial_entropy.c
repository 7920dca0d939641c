/* TLS BR 2.2.6 §7.1: The serial number has room for 64 bits of random output. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->certificate->serial.len < 8)
        lint_found(out, "serialNumber", "is %zu octets long", view->certificate->serial.len);
}

const struct lint_rule lint_br_serial_entropy = {
    .about = {.id = "br-serial-entropy",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1",
              .title = "The serial number has room for 64 bits of random output"},
    .kinds = LINT_ANY,
    .check = check,
};
