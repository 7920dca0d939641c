/*
 * Subject alternative names: strict syntax and one normal form, in which names are compared, stored
 * and written.
 *
 *   dns    lower-case LDH labels (RFC 1034 §3.5, A-labels for IDN), '*' only as the whole leftmost
 * label, no trailing dot. Whatever an inet_aton would take for an address (decimal, hex, octal,
 * short forms) is refused: it would reach hosts that its owner never proved. ip     4 or 16 octets;
 * text is dotted quad or RFC 4291 §2.2, without zone email  RFC 5321 mailbox: dot-string local
 * part, dns domain (lower-cased), ASCII uri    RFC 3986 absolute, scheme and authority with a host,
 * no user information, ASCII
 *
 * Each refusal is CX_E_PARSE and names its rule ("name-dns-label", …) in the diagnostic. Pure
 * functions.
 */
#pragma once
#include "pki/profile.h"

enum {
    PKI_DNS_MAX = 253,
    PKI_DNS_LABEL_MAX = 63,
    PKI_EMAIL_MAX = 254,
    PKI_URI_MAX = 1024,
    PKI_IP_TEXT_MAX = 46
};

/* Text as a person or a JSON document gives it → normal form in arena. field goes into the
 * diagnostic. */
cx_err pki_name_parse(struct arena *arena, enum pki_name_kind kind, struct cx_str text,
                      const char *field, struct cx_diag *diag, struct pki_name *ret_name);
/* Refuses a name that is not in normal form (names that come from another process). */
cx_err pki_name_check(const struct pki_name *name, const char *field, struct cx_diag *diag);
/* For people: dns, email and uri as they are, ip in RFC 5952 form. */
cx_err pki_name_to_text(struct arena *arena, const struct pki_name *name, struct cx_str *ret_text);

bool pki_dns_is_wildcard(struct cx_bytes dns);
bool pki_dns_is_single_label(struct cx_bytes dns);
/* dns equals suffix or lies below it; both in normal form. A wildcard counts as lying below its
 * parent. */
bool pki_dns_within(struct cx_bytes dns, struct cx_str suffix);
bool pki_name_eq(const struct pki_name *a, const struct pki_name *b);
