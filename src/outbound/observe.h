/*
 * What one perspective sees while it looks: the first problem wins and says what was seen. Text is
 * printable ASCII, fit for a problem document that the applicant reads.
 */
#pragma once
#include "outbound/perspective.h"

enum { OBSERVE_TEXT_MAX = 512 };

struct observation {
    enum outbound_problem problem;
    bool asked_dns, unproven; /* a DNS answer was used; one of them without DNSSEC proof */
    char text[OBSERVE_TEXT_MAX];
    char addresses[OBSERVE_TEXT_MAX];
    uint32_t elapsed_ms;
};

/* One look: from where, until when. */
struct look {
    const struct perspective_set *set;
    const struct perspective *from;
    int64_t deadline_us; /* cx_monotonic_us */
};

void observe_problem(struct observation *seen, enum outbound_problem problem, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));
/* Notes an address that is about to be tried. */
void observe_address(struct observation *seen, const struct address *address);
/* Asks and notes. *ret_usable: DNS_DATA or DNS_EMPTY; otherwise the problem is noted. CX_E_NOMEM. */
cx_err observe_lookup(const struct look *look, struct cx_str name, enum dns_type type,
                      struct observation *seen, struct dns_answer *ret_answer, bool *ret_usable);
/* A copy of at most cap - 1 octets of foreign bytes with everything but printable ASCII replaced. */
void observe_excerpt(struct cx_bytes bytes, char *ret_text, size_t cap);
