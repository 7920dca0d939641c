/*
 * Which addresses outbound may reach. Judged on the binary address at the moment a socket is made, so no
 * spelling of an address (decimal, octal, short, mapped IPv6, a name that resolves to it, a name that
 * resolves differently the second time) gets around it. Pure.
 */
#pragma once
#include "base/diag.h"

#include <netinet/in.h>

/* True for globally reachable unicast addresses (IANA special-purpose registries, RFC 6890). */
bool outbound_address_is_public(const struct sockaddr *address, socklen_t len);

enum { ADDRESS_NETWORKS_MAX = 32, ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN };

struct address_network {
    uint8_t prefix[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;      /* of 128 */
};

/* Public addresses, and what the operator added. */
struct address_policy {
    bool allow_private; /* everything */
    struct address_network networks[ADDRESS_NETWORKS_MAX];
    size_t network_count;
};

/* "10.0.0.0/8,fd00::/8": canonical addresses without host bits, separated by commas; "" is none.
 * CX_E_PARSE, CX_E_LIMIT. */
cx_err address_policy_parse(struct cx_str text, bool allow_private, struct cx_diag *diag,
                            struct address_policy *ret_policy);
bool address_policy_allows(const struct address_policy *policy, const struct sockaddr *address,
                           socklen_t len);

/* An IPv4 or IPv6 socket address that knows its length. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
    socklen_t len;
};

/* From 4 or 16 octets. */
struct address address_from_octets(struct cx_bytes octets, uint16_t port);
/* Dotted decimals or colon form. CX_E_PARSE otherwise. */
cx_err address_parse(struct cx_str text, uint16_t port, struct address *ret_address);
void address_format(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX]);
