/*
 * DNS record data (RDATA) as validation reads it: TXT (RFC 1035 §3.3.14) and CAA (RFC 8659 §4). The
 * resolver has parsed the message; what is inside a record comes from the applicant. Pure, views only,
 * nothing is allocated. CX_E_PARSE when malformed.
 */
#pragma once
#include "base/bytes.h"

enum { DNS_TXT_MAX = 4096 };

/* The character-strings of one record joined into ret_text (at most cap octets; CX_E_LIMIT). */
cx_err dns_txt_join(struct cx_bytes rdata, uint8_t *ret_text, size_t cap, size_t *ret_len);

enum { DNS_CAA_CRITICAL = 0x80 };

struct dns_caa {
    uint8_t flags;
    struct cx_str tag;     /* letters and digits, 1 … 255, any case */
    struct cx_bytes value; /* octets */
};
cx_err dns_caa_parse(struct cx_bytes rdata, struct dns_caa *ret_caa);
/* Tags compare without case (RFC 8659 §4.1). */
bool dns_caa_tag_is(const struct dns_caa *caa, const char *tag);

enum { DNS_CAA_PARAMETERS_MAX = 16 };

struct dns_caa_parameter {
    struct cx_str tag, value;
};

/* An issue or issuewild value (RFC 8659 §4.2): issuer domain name ("" = nobody) and parameters. */
struct dns_caa_issue {
    struct cx_str issuer;
    struct dns_caa_parameter parameters[DNS_CAA_PARAMETERS_MAX];
    size_t parameter_count;
};
/* CX_E_PARSE: not the grammar; §4.2 then wants it read as "nobody". */
cx_err dns_caa_issue_parse(struct cx_bytes value, struct dns_caa_issue *ret_issue);
