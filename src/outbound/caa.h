/*
 * The CAA decision over one relevant record set: RFC 8659 §4, with the account and method parameters of
 * RFC 8657. Pure; finding the set (tree climbing) is challenge_dns.c's.
 */
#pragma once
#include "base/bytes.h"

struct caa_question {
    bool wildcard;
    const struct cx_str *issuers; /* domain names of this CA, lower case */
    size_t issuer_count;
    struct cx_str account_uri; /* "" = none */
    struct cx_str method;      /* "" = none */
};

enum caa_answer {
    CAA_ALLOWS,       /* a record names this CA, or none restricts issuance */
    CAA_FORBIDS,      /* there are issue records, and none of them is for us */
    CAA_FORBIDS_HERE, /* one names us, but for another account or method (RFC 8657) */
    CAA_CRITICAL,     /* a critical property that is not understood (RFC 8659 §4.1) */
    CAA_MALFORMED     /* a record that is not CAA: nothing can be concluded from the set */
};

enum caa_answer caa_decide(const struct caa_question *question, const struct cx_bytes *records,
                           size_t count);
