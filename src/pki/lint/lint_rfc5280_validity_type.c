/* RFC 5280 §4.1.2.5: Times through 2049 are UTCTime, later ones GeneralizedTime. */
#include "pki/lint/rule.h"

static void check_time(const struct der_value *time, const char *field, struct lint_out *out)
{
    enum { UTC_LAST_YEAR = 2049, UTC_FIRST_YEAR = 1950 };
    cx_time at_us = 0;
    struct cx_civil civil;
    /* UTCTime cannot say a later year; GeneralizedTime can say an earlier one. */
    if (time->tag != DER_GENERALIZED_TIME ||
        cx_failed(der_time_parse(time->tag, time->content, &at_us)) ||
        cx_failed(cx_civil_from_time(at_us, &civil)))
        return;
    if (civil.year >= UTC_FIRST_YEAR && civil.year <= UTC_LAST_YEAR)
        lint_found(out, field, "is a GeneralizedTime in %d", civil.year);
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    check_time(&view->not_before, "validity.notBefore", out);
    check_time(&view->not_after, "validity.notAfter", out);
}

const struct lint_rule lint_rfc5280_validity_type = {
    .about = {.id = "rfc5280-validity-type",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.5",
              .title = "Times through 2049 are UTCTime, later ones GeneralizedTime"},
    .kinds = LINT_ANY,
    .check = check,
};
