/*
 * http-01's fetches: where a request may go (the first one and every redirect), and one GET over a socket
 * that is connected already (reach.h), so that nothing is resolved or followed behind our back.
 * RFC 8555 §8.3.
 */
#pragma once
#include "outbound/client.h"

enum {
    WEB_PATH_MAX = 2000,
    WEB_HEADER_MAX = 16384, /* octets of all headers, those of 1xx answers too */
    WEB_BODY_MAX = 2048,
    WEB_REDIRECTS_MAX = 10
};

struct web_target {
    bool https;
    bool is_ip;
    char host[OUTBOUND_NAME_MAX + 1]; /* canonical, an IPv6 address without brackets */
    uint16_t port;
    char path[WEB_PATH_MAX + 1]; /* with query; starts with '/' */
};

struct web_rules {
    uint16_t http_port, https_port; /* the only ports */
    bool allow_ip;                  /* a redirect may name an address: when the identifier is one */
};

/* http://name:port/.well-known/acme-challenge/token */
cx_err web_target_first(struct cx_str name, bool is_ip, struct cx_str token,
                        const struct web_rules *rules, struct web_target *ret_target);
/*
 * Where a Location header leads, from where it was read. CX_E_POLICY or CX_E_PARSE with diag: another
 * scheme than http and https, another port, a user name or password, a host that is not a plain name
 * (every odd spelling of an address included), or too long.
 */
cx_err web_target_next(const struct web_target *from, struct cx_str location,
                       const struct web_rules *rules, struct cx_diag *diag,
                       struct web_target *ret_target);
/* "http://host:port/path" */
cx_err web_target_format(const struct web_target *target, struct cx_buf *out);

struct web_answer {
    unsigned status;
    char location[WEB_PATH_MAX + 1]; /* "" = none */
    size_t location_count;
    uint8_t body[WEB_BODY_MAX];
    size_t body_len;
    bool body_too_long; /* what was read is in body */
};

/* One GET. Takes ownership of fd. https: the certificate is not verified, since its owner may be asking
 * for the first one. CX_E_IO (time, connection, not HTTP), CX_E_LIMIT (headers), CX_E_CRYPTO (TLS), with
 * diag. */
cx_err web_get(int fd, const struct web_target *target, int64_t deadline_us, struct cx_diag *diag,
               struct web_answer *ret_answer);
