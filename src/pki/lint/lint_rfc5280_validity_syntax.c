/* RFC 5280 §4.1.2.5: Times are UTCTime or GeneralizedTime with seconds, in UTC ("Z"), without fractions. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    cx_time at_us = 0;
    if (!view->tbs_well_formed) {
        lint_found(out, "validity", "cannot be read");
        return;
    }
    if (cx_failed(der_time_parse(view->not_before.tag, view->not_before.content, &at_us)))
        lint_found(out, "validity.notBefore", "is \"%s\"",
                   lint_show(view->not_before.content).text);
    if (cx_failed(der_time_parse(view->not_after.tag, view->not_after.content, &at_us)))
        lint_found(out, "validity.notAfter", "is \"%s\"", lint_show(view->not_after.content).text);
}

const struct lint_rule lint_rfc5280_validity_syntax = {
    .about = {.id = "rfc5280-validity-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.5",
              .title = "Times are UTCTime or GeneralizedTime with seconds, in UTC (\"Z\"), without "
                       "fractions"},
    .kinds = LINT_ANY,
    .check = check,
};
