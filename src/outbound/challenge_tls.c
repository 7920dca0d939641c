#include "outbound/challenge.h"

#include "base/cleanup.h"
#include "crypto/hash.h"
#include "crypto/tls_probe.h"
#include "outbound/alpn_certificate.h"
#include "outbound/reach.h"

static const char protocol[] = "acme-tls/1";

static struct cx_bytes octets_of(const struct address *address)
{
    return address->any.sa_family == AF_INET6 ? CX_BYTES(&address->in6.sin6_addr, 16)
                                              : CX_BYTES(&address->in.sin_addr, 4);
}

/* RFC 1035 §3.5 and RFC 3596 §2.5: octets, or nibbles, backwards. */
static void write_reverse(struct cx_bytes octets, char ret_sni[static CHALLENGE_SNI_MAX])
{
    size_t at = 0;
    bool ipv4 = octets.len == 4;
    for (size_t i = octets.len; i-- > 0;)
        at += (size_t)(ipv4 ? snprintf(ret_sni + at, CHALLENGE_SNI_MAX - at, "%u.", octets.ptr[i])
                            : snprintf(ret_sni + at, CHALLENGE_SNI_MAX - at, "%x.%x.",
                                       octets.ptr[i] & 15u, octets.ptr[i] >> 4));
    snprintf(ret_sni + at, CHALLENGE_SNI_MAX - at, "%s", ipv4 ? "in-addr.arpa" : "ip6.arpa");
}

cx_err challenge_sni(const struct ipc_outbound_validate *request,
                     char ret_sni[static CHALLENGE_SNI_MAX])
{
    struct address address = {.len = 0};
    if (request->is_ip) {
        CX_TRY(address_parse(request->name, 0, &address));
        write_reverse(octets_of(&address), ret_sni);
        return CX_OK;
    }
    if (request->name.len >= CHALLENGE_SNI_MAX)
        return CX_ERR(LIMIT);
    memcpy(ret_sni, request->name.ptr, request->name.len);
    ret_sni[request->name.len] = '\0';
    return CX_OK;
}

static cx_err judge(const struct ipc_outbound_validate *request,
                    const struct crypto_probe_result *result, struct observation *seen)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    struct address address = {.len = 0};
    struct cx_diag diag = CX_DIAG_INIT;
    CX_TRY(crypto_sha256(cx_str_bytes(request->key_authorization), digest));
    struct alpn_expected expected = {.digest = CX_BYTES(digest, sizeof(digest))};
    if (request->is_ip) {
        CX_TRY(address_parse(request->name, 0, &address));
        expected.octets = octets_of(&address);
    } else {
        expected.name = request->name;
    }
    if (!result->protocol_chosen)
        observe_problem(seen, OUTBOUND_UNAUTHORIZED, "the server does not speak %s", protocol);
    else if (!result->self_signed)
        observe_problem(seen, OUTBOUND_UNAUTHORIZED, "the certificate is not self-signed");
    cx_err err = alpn_certificate_check(cx_buf_view(&result->certificate), &expected, &diag);
    if (cx_failed(err))
        observe_problem(
            seen, err.code == CX_E_CONFLICT ? OUTBOUND_INCORRECT_RESPONSE : OUTBOUND_UNAUTHORIZED,
            "the certificate %s", diag.text);
    return CX_OK;
}

cx_err challenge_tls(const struct look *look, const struct ipc_outbound_validate *request,
                     struct observation *seen)
{
    char sni[CHALLENGE_SNI_MAX];
    struct address address = {.len = 0};
    struct cx_diag diag = CX_DIAG_INIT;
    CX_AUTO_CLOSE int fd = -1;
    const struct reach_host host = {request->name, request->is_ip, look->set->tls_port};
    CX_TRY(challenge_sni(request, sni));
    CX_TRY(reach_connect(look, &host, seen, &address, &fd));
    if (fd < 0)
        return CX_OK;
    const struct crypto_probe probe = {fd, sni, protocol, look->deadline_us};
    struct crypto_probe_result result = {.certificate = CX_BUF_INIT(0)};
    cx_err err = crypto_tls_probe(&probe, &diag, &result);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err)) {
        observe_problem(seen, err.code == CX_E_IO ? OUTBOUND_CONNECTION : OUTBOUND_TLS,
                        "%s port %u: %s", seen->addresses, host.port, diag.text);
        return CX_OK;
    }
    err = judge(request, &result, seen);
    cx_buf_clear(&result.certificate);
    return err;
}
