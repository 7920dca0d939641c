#include "core/authentication/totp.h"

#include "codec/base32.h"
#include "codec/http.h"
#include "crypto/hash.h"

int64_t totp_step(cx_time now_us)
{
    return now_us / (TOTP_STEP_S * CX_US_PER_S);
}

/* RFC 4226 §5.3: dynamic truncation. */
cx_err totp_code(const uint8_t secret[static TOTP_SECRET_LEN], int64_t step,
                 char ret_digits[static TOTP_DIGITS])
{
    uint8_t counter[8], mac[CRYPTO_SHA1_LEN];
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    CX_TRY(crypto_hmac_sha1(CX_BYTES(secret, TOTP_SECRET_LEN), CX_BYTES(counter, sizeof(counter)),
                            mac));
    const uint8_t *at = mac + (mac[CRYPTO_SHA1_LEN - 1] & 15);
    uint32_t value =
        (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    for (int i = TOTP_DIGITS - 1; i >= 0; i--) {
        ret_digits[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return CX_OK;
}

cx_err totp_match(const uint8_t secret[static TOTP_SECRET_LEN], struct cx_str code,
                  int64_t last_step, cx_time now_us, int64_t *ret_step)
{
    int64_t now = totp_step(now_us), found = -1;
    for (int64_t step = now - TOTP_SKEW_STEPS; step <= now + TOTP_SKEW_STEPS; step++) {
        char digits[TOTP_DIGITS];
        CX_TRY(totp_code(secret, step, digits));
        bool equal = crypto_ct_equal(CX_BYTES(digits, sizeof(digits)), cx_str_bytes(code));
        if (equal && step > last_step)
            found = step;
    }
    if (found < 0)
        return CX_ERR(AUTH);
    *ret_step = found;
    return CX_OK;
}

cx_err totp_uri(const uint8_t secret[static TOTP_SECRET_LEN], struct cx_str issuer,
                struct cx_str account, struct cx_buf *out)
{
    CX_TRY(cx_buf_add_str(out, CX_STR("otpauth://totp/")));
    CX_TRY(http_percent_encode(issuer, out));
    CX_TRY(cx_buf_add_str(out, CX_STR(":")));
    CX_TRY(http_percent_encode(account, out));
    CX_TRY(cx_buf_add_str(out, CX_STR("?secret=")));
    CX_TRY(base32_encode(CX_BYTES(secret, TOTP_SECRET_LEN), out));
    CX_TRY(cx_buf_add_str(out, CX_STR("&issuer=")));
    CX_TRY(http_percent_encode(issuer, out));
    return cx_buf_add_str(out, CX_STR("&algorithm=SHA1&digits=6&period=30"));
}
