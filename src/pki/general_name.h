/* GeneralName of the four kinds that exist here, RFC 5280 §4.2.1.6. */
#pragma once
#include "codec/der_write.h"
#include "pki/profile.h"

cx_err pki_general_name_write(struct cx_buf *out, enum pki_name_kind kind, struct cx_bytes value);
/* The next GeneralName of reader; the value is a view, for ip of any length. CX_E_POLICY for
 * another kind. */
cx_err pki_general_name_parse(struct der_reader *reader, const char *field, struct cx_diag *diag,
                              struct pki_name *ret_name);
/* GeneralNames: SEQUENCE OF, one or more. Values are views; syntax is checked by pki_name_check,
 * which the caller does. CX_E_POLICY for a kind that is not supported, CX_E_LIMIT above
 * PKI_NAMES_MAX. */
cx_err pki_general_names_parse(struct arena *arena, struct cx_bytes der, const char *field,
                               struct cx_diag *diag, const struct pki_name **ret_names,
                               size_t *ret_count);
/* [6] with an URL. */
cx_err pki_url_write(struct cx_buf *out, struct cx_str url);
