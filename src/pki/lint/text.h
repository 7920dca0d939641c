/* Names and lists, as several rules look at them. All read any bytes. */
#pragma once
#include "pki/lint/rule.h"

/* Reports subject attributes of that type with more than max characters. */
void lint_check_length(const struct lint_view *view, struct lint_out *out, struct cx_bytes type,
                       size_t max);
/* Reports values that appear twice in a run. */
void lint_check_repeated(struct cx_bytes items, const char *field, struct lint_out *out);

/* Preferred name syntax (RFC 1034 §3.5, RFC 1123 §2.1): labels of letters, digits and inner
 * hyphens, at most 63 octets each and 253 together; the first label may be "*". */
bool lint_dns_valid(struct cx_bytes name);
/* A single label, or below a domain reserved for private or special use (RFC 6761, ICANN
 * ".internal"). */
bool lint_dns_internal(struct cx_bytes name);
/* A label "??--…" that is not "xn--…". */
bool lint_dns_reserved_ldh(struct cx_bytes name);
/* What follows "xn--" in each label decodes (RFC 3492 §6.2) to something beyond ASCII. */
bool lint_dns_punycode_valid(struct cx_bytes name);
/* Not below .onion, or below a version 3 onion address (BR appendix B). */
bool lint_dns_onion_valid(struct cx_bytes name);
/* No asterisk, or one that is the whole leftmost label. */
bool lint_wildcard_valid(struct cx_bytes name);
/* "*" or "*.label". */
bool lint_wildcard_too_wide(struct cx_bytes name);
bool lint_mailbox_valid(struct cx_bytes mailbox);
bool lint_uri_valid(struct cx_bytes uri);
bool lint_uri_is_http(struct cx_bytes uri);
bool lint_uri_is_https(struct cx_bytes uri);
/* In a block of the IANA special-purpose registries, or no global unicast address. */
bool lint_ip_reserved(struct cx_bytes ip);
/* Is the text a dNSName (letters in any case) or an iPAddress of subjectAltName? */
bool lint_san_has(const struct lint_view *view, struct cx_bytes text);
/* The extensions that RFC 5280, the BR profile and this product know: a client that knows them too
 * can act on them when they are critical. */
bool lint_extension_known(struct cx_bytes oid);
