/*
 * Subject names: the attributes that a request may carry, as an X.501 Name of single-valued RDNs in
 * the order given. RFC 5280 §4.1.2.4, upper bounds from its appendix A.1.
 */
#pragma once
#include "pki/profile.h"

/* Appends the Name. country and serial_number are PrintableString, email IA5String, the rest
 * UTF8String (RFC 5280 §4.1.2.4). CX_E_PARSE when a value does not fit its type. */
cx_err pki_subject_write(const struct pki_attribute *attributes, size_t count, struct cx_buf *out);

/* Reads a Name; values are views into name or arena. CX_E_POLICY for an attribute or shape that is
 * not supported: nothing is dropped. field is the diagnostic's field prefix ("/subject"). */
cx_err pki_subject_parse(struct arena *arena, struct cx_bytes name, const char *field,
                         struct cx_diag *diag, const struct pki_attribute **ret_attributes,
                         size_t *ret_count);

/* One value: length, alphabet, no control characters, no blank at either end. */
cx_err pki_attribute_check(const struct pki_attribute *attribute, const char *field,
                           struct cx_diag *diag);
