/*
 * A validating DNS resolver (libunbound) with a time limit a question. Answers are used at once and kept
 * for a second at most: validation looks at what is published now. A signature that does not verify
 * (bogus) is no answer.
 *
 * Thread-safe; one thread of its own and one of libunbound. Make it inside the sandbox. UDP and TCP only.
 */
#pragma once
#include "base/diag.h"

struct resolver;

enum { RESOLVER_SERVERS_MAX = 8, RESOLVER_TEXT_MAX = 64 };

/* Texts outlive resolver_new. */
struct resolver_options {
    const char *servers[RESOLVER_SERVERS_MAX]; /* "address" or "address@port", to forward to */
    size_t server_count;
    bool from_root;             /* ask the authoritative servers; else, without servers, those of
                                   /etc/resolv.conf */
    struct cx_str trust_anchor; /* DS or DNSKEY lines; "" = nothing is validated */
    struct cx_str insecure; /* zones that are not signed although their parent says so, by commas */
    const char *source;     /* address to ask from; NULL = any */
};

/* CX_E_PARSE: an option that libunbound does not take (diag). */
cx_err resolver_new(const struct resolver_options *options, struct cx_diag *diag,
                    struct resolver **ret_resolver);
/* No lookup may be under way. NULL-safe. */
void resolver_free(struct resolver *resolver);

enum dns_type { DNS_A = 1, DNS_TXT = 16, DNS_AAAA = 28, DNS_CAA = 257 };
const char *dns_type_name(enum dns_type type);

enum dns_status {
    DNS_DATA,   /* records, CNAMEs followed */
    DNS_EMPTY,  /* the name exists without this type, or does not exist */
    DNS_FAILED, /* SERVFAIL, REFUSED …: nobody gave an answer */
    DNS_BOGUS,  /* DNSSEC says the answer is false */
    DNS_LATE    /* not within the time limit */
};

enum { DNS_RECORDS_MAX = 100, DNS_REASON_MAX = 200 };

struct dns_answer {
    enum dns_status status;
    bool exists;                              /* DNS_EMPTY: false when it was NXDOMAIN */
    bool secure;                              /* DNSSEC proved it */
    struct cx_bytes records[DNS_RECORDS_MAX]; /* RDATA; more are a failure, not cut */
    size_t count;
    char reason[DNS_REASON_MAX]; /* of a failure, printable */
    void *owner;
};
#define DNS_ANSWER_INIT ((struct dns_answer){.status = DNS_FAILED})
void dns_answer_clear(struct dns_answer *answer);

/* name without trailing dot; deadline on cx_monotonic_us. CX_OK for every outcome that is in the
 * answer; CX_E_NOMEM. */
cx_err resolver_lookup(struct resolver *resolver, struct cx_str name, enum dns_type type,
                       int64_t deadline_us, struct dns_answer *ret_answer);
