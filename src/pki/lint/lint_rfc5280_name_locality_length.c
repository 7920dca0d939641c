/* RFC 5280 appendix A.1: localityName is at most 128 characters long. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    lint_check_length(view, out, LINT_OID_LOCALITY, 128);
}

const struct lint_rule lint_rfc5280_name_locality_length = {
    .about = {.id = "rfc5280-name-locality-length",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 appendix A.1",
              .title = "localityName is at most 128 characters long"},
    .kinds = LINT_ANY,
    .check = check,
};
