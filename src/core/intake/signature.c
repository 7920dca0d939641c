#include "core/intake/signature.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "codec/hex.h"

#define SECONDS_MAX INT64_C(99999999999)

static cx_err refuse(struct cx_diag *diag, cx_err err, const char *text)
{
    return cx_refuse(diag, err, "CertiNext-Signature", "signature", "%s", text);
}

/* The part up to the next comma, whose name has to be this one. */
static bool take_part(struct cx_str *rest, const char *name, struct cx_str *ret_value)
{
    struct cx_str prefix = cx_str_from(name);
    size_t end = 0;
    if (!cx_str_starts(*rest, prefix))
        return false;
    while (end < rest->len && rest->ptr[end] != ',')
        end++;
    *ret_value = (struct cx_str){rest->ptr + prefix.len, end - prefix.len};
    if (end + 1 == rest->len)
        return false; /* a comma at the end */
    end += end < rest->len;
    *rest = (struct cx_str){rest->ptr + end, rest->len - end};
    return ret_value->len > 0;
}

static bool is_delivery(struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != ':' && c != '-')
            return false;
    }
    return text.len <= SIGNATURE_DELIVERY_MAX;
}

cx_err signature_parse(struct cx_str header, struct cx_diag *diag, struct signature *ret_signature)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf mac = CX_BUF_INIT(CRYPTO_SHA256_LEN);
    struct signature signature = {.time_s = 0};
    struct cx_str rest = header, hex = CX_STR_NONE;
    if (!take_part(&rest, "t=", &signature.seconds) ||
        !take_part(&rest, "d=", &signature.delivery) || !take_part(&rest, "v1=", &hex) || rest.len)
        return refuse(diag, CX_ERR(PARSE), "The header is t=SECONDS,d=DELIVERY,v1=HEX.");
    if (cx_failed(cx_parse_i64(signature.seconds, 0, SECONDS_MAX, &signature.time_s)))
        return refuse(diag, CX_ERR(PARSE), "t= takes the seconds since 1970-01-01T00:00:00Z.");
    if (!is_delivery(signature.delivery))
        return refuse(diag, CX_ERR(PARSE), "d= takes 1 to 64 letters, digits and . _ : -");
    if (hex.len != 2 * sizeof(signature.mac) || cx_failed(hex_decode(hex, &mac)))
        return refuse(diag, CX_ERR(PARSE), "v1= takes 64 hexadecimal digits.");
    memcpy(signature.mac, mac.ptr, sizeof(signature.mac));
    *ret_signature = signature;
    return CX_OK;
}

cx_err signature_check_time(const struct signature *signature, cx_time now_us, struct cx_diag *diag)
{
    int64_t away_s = now_us / CX_US_PER_S - signature->time_s;
    if (away_s > SIGNATURE_WINDOW_S || away_s < -SIGNATURE_WINDOW_S)
        return refuse(diag, CX_ERR(AUTH), "The signature is too old, or a clock is wrong.");
    return CX_OK;
}

cx_err signature_matches(const struct signature *signature, struct cx_bytes key,
                         struct cx_bytes body, bool *ret_matches)
{
    uint8_t mac[CRYPTO_SHA256_LEN];
    const struct cx_bytes dot = CX_BYTES(".", 1);
    const struct cx_bytes pieces[] = {cx_str_bytes(signature->seconds), dot,
                                      cx_str_bytes(signature->delivery), dot, body};
    CX_TRY(crypto_hmac_sha256(key, pieces, 5, mac));
    *ret_matches = crypto_ct_equal(CX_BYTES(mac, sizeof(mac)),
                                   CX_BYTES(signature->mac, sizeof(signature->mac)));
    return CX_OK;
}
