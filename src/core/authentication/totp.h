/*
 * One-time codes, RFC 6238 over HMAC-SHA-1: 6 digits, 30 seconds, one step of clock skew either way. Pure functions,
 * thread-safe. That a step counts once is the store's business (factor_store.c).
 */
#pragma once
#include "base/clock.h"

enum { TOTP_SECRET_LEN = 20, TOTP_DIGITS = 6, TOTP_STEP_S = 30, TOTP_SKEW_STEPS = 1 };

int64_t totp_step(cx_time now_us);
/* ret_digits: TOTP_DIGITS characters, no NUL. */
cx_err totp_code(const uint8_t secret[static TOTP_SECRET_LEN], int64_t step,
                 char ret_digits[static TOTP_DIGITS]);
/* The step that code belongs to, among those that count now and are after last_step (RFC 6238 §5.2: none is accepted
 * twice). CX_E_AUTH when none. The time taken does not depend on which. */
cx_err totp_match(const uint8_t secret[static TOTP_SECRET_LEN], struct cx_str code,
                  int64_t last_step, cx_time now_us, int64_t *ret_step);
/* "otpauth://totp/…": what an authenticator app reads as a QR code. */
cx_err totp_uri(const uint8_t secret[static TOTP_SECRET_LEN], struct cx_str issuer,
                struct cx_str account, struct cx_buf *out);
