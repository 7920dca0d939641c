/* RFC 5280 appendix A.1: organizationName is at most 64 characters long. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    lint_check_length(view, out, LINT_OID_ORGANIZATION, 64);
}

const struct lint_rule lint_rfc5280_name_organization_length = {
    .about = {.id = "rfc5280-name-organization-length",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 appendix A.1",
              .title = "organizationName is at most 64 characters long"},
    .kinds = LINT_ANY,
    .check = check,
};
