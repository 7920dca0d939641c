/*
 * From where outbound looks: a perspective is a set of resolvers and, optionally, an address to connect
 * from (of a tunnel or interface that leads elsewhere). Several of them are asked at once, so that a route
 * or resolver that an attacker holds convinces only some (multi-perspective corroboration).
 */
#pragma once
#include "outbound/address.h"
#include "outbound/client.h"
#include "outbound/resolver.h"

enum { PERSPECTIVE_NAME_MAX = 32 };

/* One perspective as configured. */
struct perspective_plan {
    char name[PERSPECTIVE_NAME_MAX + 1];
    char servers[RESOLVER_SERVERS_MAX][RESOLVER_TEXT_MAX];
    size_t server_count;
    bool from_root;
    char source[ADDRESS_TEXT_MAX]; /* "" = any */
};

struct perspective_plans {
    struct perspective_plan items[OUTBOUND_PERSPECTIVES_MAX];
    size_t count;
};

/* "near|far,resolver=192.0.2.53,resolver=192.0.2.54@5353,source=192.0.2.7|wide,resolver=root": pieces
 * between "|", each a name of letters, digits and hyphens and then options. Without a resolver, those of
 * /etc/resolv.conf. Pure. CX_E_PARSE, CX_E_LIMIT with diag. */
cx_err perspective_parse(struct cx_str text, struct cx_diag *diag,
                         struct perspective_plans *ret_plans);
/* Does one connect from an address of its own? */
bool perspective_needs_bind(const struct perspective_plans *plans);

struct perspective {
    char name[PERSPECTIVE_NAME_MAX + 1];
    struct resolver *resolver;
    struct address source; /* len 0 = any */
};

/* Everything that a validation needs beside its request. Immutable once open; shared by all workers. */
struct perspective_set {
    struct perspective items[OUTBOUND_PERSPECTIVES_MAX];
    size_t count;
    unsigned quorum; /* how many must see the same, the first always among them; 0 = all */
    struct address_policy policy;
    uint16_t http_port, https_port; /* of http-01 and its redirects: 80 and 443 */
    uint16_t tls_port;              /* of tls-alpn-01: 443 */
};

struct perspective_dns {
    struct cx_str trust_anchor; /* lines; "" = none */
    struct cx_str insecure;     /* zones, by commas */
};

/* Makes the resolvers, and with them threads: inside the sandbox. The other members of set are the
 * caller's. perspective_close also after a failure. */
cx_err perspective_open(const struct perspective_plans *plans, const struct perspective_dns *dns,
                        struct cx_diag *diag, struct perspective_set *set);
void perspective_close(struct perspective_set *set);
