/*
 * The rules for what core asks outbound to validate: checked here again, because a name that reaches
 * the network must be a name and nothing else. Pure. CX_E_PARSE with field and rule.
 */
#pragma once
#include "base/diag.h"
#include "ipc/ipc_messages.h"

/* Lower-case letters, digits, hyphens and underscores in labels of 1 to 63 octets, at most 253 in all,
 * no trailing dot, no "*". A last label that a URL parser would take for a number ("1", "0x7f") is
 * refused: with it every spelling of an IPv4 address. */
bool request_name_valid(struct cx_str name);
/* Dotted decimals or RFC 5952, in their one canonical spelling, without zone. */
bool request_address_valid(struct cx_str address);

cx_err request_check_validate(const struct ipc_outbound_validate *message, struct cx_diag *diag);
cx_err request_check_caa(const struct ipc_outbound_check_caa *message, struct cx_diag *diag);
