/* External account binding: RFC 8555 §7.3.4. */
#pragma once
#include "core/protocol/acme/eab_store.h"

/* binding: the member externalAccountBinding of newAccount. Its MAC, key, URL and inner key are checked; whether the key may
 * still be used is checked again where its use is counted (acme_eab_use). */
cx_err acme_eab_verify(struct acme_call *call, const struct json_node *binding,
                       struct acme_eab_row *ret_key);
