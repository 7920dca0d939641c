#include "crypto/tls_probe.h"

#include "base/clock.h"
#include "crypto/openssl_internal.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

CRYPTO_DEFINE_FREE(SSL_CTX, SSL_CTX_free)
CRYPTO_DEFINE_FREE(SSL, SSL_free)

static void free_der(unsigned char **der)
{
    OPENSSL_free(*der);
}

static bool wait_ready(int fd, short events, int64_t deadline_us)
{
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = events};
        int64_t left_us = deadline_us - cx_monotonic_us();
        if (left_us <= 0)
            return false;
        int n = poll(&poller, 1, (int)(left_us / 1000) + 1);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

static cx_err refuse_handshake(struct cx_diag *diag)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return cx_refuse(diag, CX_ERR(CRYPTO), "tls", "handshake", "%s",
                     reason != NULL ? reason : "the server closed the connection");
}

static cx_err shake_hands(SSL *ssl, const struct crypto_probe *probe, struct cx_diag *diag)
{
    for (;;) {
        ERR_clear_error();
        int rc = SSL_connect(ssl);
        if (rc == 1)
            return CX_OK;
        int why = SSL_get_error(ssl, rc);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            return refuse_handshake(diag);
        if (!wait_ready(probe->fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
                        probe->deadline_us))
            return cx_refuse(diag, CX_ERR(IO), "tls", "time", "no handshake in time");
    }
}

static bool prepare(SSL_CTX *ctx, SSL *ssl, const struct crypto_probe *probe)
{
    uint8_t wire[256];
    size_t len = strlen(probe->protocol);
    if (ctx == NULL || ssl == NULL || len == 0 || len > 255)
        return false;
    wire[0] = (uint8_t)len;
    memcpy(wire + 1, probe->protocol, len);
    SSL_set_max_cert_list(ssl, CRYPTO_PROBE_CERTIFICATE_MAX);
    SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    return SSL_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&    /* RFC 8737 §4 */
           SSL_set_alpn_protos(ssl, wire, (unsigned)len + 1) == 0 && /* 0 is success here */
           SSL_set_tlsext_host_name(ssl, probe->sni) == 1 && SSL_set_fd(ssl, probe->fd) == 1;
}

static cx_err take_certificate(const SSL *ssl, struct cx_diag *diag,
                               struct crypto_probe_result *result)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl); /* ssl owns it */
    CX_CLEANUP(free_der) unsigned char *der = NULL;
    if (certificate == NULL)
        return cx_refuse(diag, CX_ERR(CRYPTO), "tls", "certificate", "no certificate was shown");
    int len = i2d_X509(certificate, &der);
    if (len < 0)
        return CX_ERR(NOMEM);
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    result->self_signed = key != NULL && X509_verify(certificate, key) == 1;
    return cx_buf_add(&result->certificate, CX_BYTES(der, (size_t)len));
}

cx_err crypto_tls_probe(const struct crypto_probe *probe, struct cx_diag *diag,
                        struct crypto_probe_result *ret_result)
{
    CRYPTO_QUEUE_GUARD();
    CX_CLEANUP(SSL_CTX_free_p) SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    CX_CLEANUP(SSL_free_p) SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    struct crypto_probe_result result = {.certificate = CX_BUF_INIT(CRYPTO_PROBE_CERTIFICATE_MAX)};
    const unsigned char *chosen = NULL;
    unsigned chosen_len = 0;
    if (!prepare(ctx, ssl, probe))
        return CX_ERR(NOMEM);
    CX_TRY(shake_hands(ssl, probe, diag));
    SSL_get0_alpn_selected(ssl, &chosen, &chosen_len);
    result.protocol_chosen =
        cx_bytes_eq(CX_BYTES(chosen, chosen_len), cx_str_bytes(cx_str_from(probe->protocol)));
    cx_err err = take_certificate(ssl, diag, &result);
    if (cx_failed(err)) {
        cx_buf_clear(&result.certificate);
        return err;
    }
    *ret_result = result;
    return CX_OK;
}
