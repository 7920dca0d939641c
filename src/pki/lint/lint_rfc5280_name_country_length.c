/* RFC 5280 appendix A.1: countryName is two upper-case letters (ISO 3166-1). */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_COUNTRY, i, &value); i++) {
        bool letters = value.content.len == 2;
        for (size_t at = 0; letters && at < 2; at++)
            letters = value.content.ptr[at] >= 'A' && value.content.ptr[at] <= 'Z';
        if (!letters)
            lint_found(out, "subject.countryName", "is \"%s\"", lint_show(value.content).text);
    }
}

const struct lint_rule lint_rfc5280_name_country_length = {
    .about = {.id = "rfc5280-name-country-length",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 appendix A.1",
              .title = "countryName is two upper-case letters (ISO 3166-1)"},
    .kinds = LINT_ANY,
    .check = check,
};
