#include "core/api/identity.h"

#include "codec/http.h"
#include "codec/pem.h"

#include <arpa/inet.h>

cx_err api_identity_address(struct cx_str header, struct cx_diag *diag, struct cx_str *ret_address)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t binary[16];
    if (cx_str_is(header, "unix:") || header.len == 0) {
        *ret_address = CX_STR_NONE;
        return CX_OK;
    }
    if (header.len >= sizeof(text) || memchr(header.ptr, '\0', header.len))
        return cx_refuse(diag, CX_ERR(PARSE), API_HEADER_ADDRESS, "address",
                         "Not a numeric address.");
    memcpy(text, header.ptr, header.len);
    text[header.len] = '\0';
    if (inet_pton(AF_INET, text, binary) != 1 && inet_pton(AF_INET6, text, binary) != 1)
        return cx_refuse(diag, CX_ERR(PARSE), API_HEADER_ADDRESS, "address",
                         "Not a numeric address.");
    *ret_address = header;
    return CX_OK;
}

cx_err api_identity_certificate(struct cx_str header, struct arena *arena, struct cx_diag *diag,
                                struct cx_bytes *ret_der)
{
    static const struct pem_limits limits = {.text_max = API_CLIENT_CERT_MAX,
                                             .blocks_max = 1,
                                             .label = "CERTIFICATE",
                                             .skip_text = false};
    struct cx_str text;
    struct pem_block *blocks = NULL;
    size_t count = 0;
    if (header.len == 0) {
        *ret_der = CX_BYTES_NONE;
        return CX_OK;
    }
    if (header.len > API_CLIENT_CERT_MAX)
        return cx_refuse(diag, CX_ERR(PARSE), API_HEADER_CLIENT_CERT, "too-long",
                         "The client certificate is too long.");
    CX_TRY(http_percent_decode(arena, header, &text));
    CX_TRY(pem_parse(arena, cx_str_bytes(text), &limits, diag, &blocks, &count));
    *ret_der = blocks[0].der;
    return CX_OK;
}
