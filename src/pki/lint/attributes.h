/* The subject attributes of the Baseline Requirements (TLS BR §7.1.4.2): order, type and length. */
#pragma once
#include "pki/lint/rule.h"

struct lint_attribute_form {
    struct cx_bytes type; /* OID */
    unsigned rank;        /* place in the subject, from 1; 0: anywhere */
    uint8_t tag;          /* string type; DER_UTF8_STRING: PrintableString as well */
    size_t max;           /* characters; 0: no limit, or one that an RFC 5280 rule has */
};

/* The form of that attribute; false when the table does not have it. */
bool lint_attribute_form(struct cx_bytes type, struct lint_attribute_form *ret_form);
/* The table's lines by index; false at its end. */
bool lint_attribute_form_at(size_t index, struct lint_attribute_form *ret_form);
