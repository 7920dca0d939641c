/* RFC 5280 §4.1.2.6: An e-mail address in the subject is also an rfc822Name. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"
#include "pki/lint/text.h"

#include <strings.h>

/* "The attribute value for emailAddress is not case-sensitive." */
static bool is_name(const struct lint_view *view, struct cx_bytes address)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name))
        if (name.tag == LINT_GN_EMAIL && name.content.len == address.len && address.len > 0 &&
            strncasecmp((const char *)name.content.ptr, (const char *)address.ptr, address.len) ==
                0)
            return true;
    return false;
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value address;
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_EMAIL, i, &address); i++)
        if (!is_name(view, address.content))
            lint_found(out, "subject.emailAddress", "\"%s\" is no rfc822Name",
                       lint_show(address.content).text);
}

const struct lint_rule lint_rfc5280_subject_email_in_san = {
    .about = {.id = "rfc5280-subject-email-in-san",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.6",
              .title = "An e-mail address in the subject is also an rfc822Name"},
    .kinds = LINT_ANY,
    .check = check,
};
