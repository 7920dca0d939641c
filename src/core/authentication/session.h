/*
 * How people log in, and the sessions that follow. This folder has
 *   session*.c            sessions: NIST SP 800-63B-4 limits, cookies, step-up
 *   login.c, login_passkey.c, step_up.c   the operations that prove who one is
 *   factor_*.c            the factors one has: password, one-time codes, passkeys
 *   password_*.c, totp.c, webauthn.c, challenge.c, throttle.c   their parts
 * It uses access (users, secrets), client_certificate, protect, audit, setting, tenant and store, and nothing of other domains. Decisions and
 * reasons: docs/design/075-authentication.md.
 *
 * Every login is two factors: a password with a one-time code or a client certificate, or a passkey with user verification. There is no
 * switch for less. A session is read from the primary database with every request, as a token is: ended sessions,
 * disabled users and taken roles show with the next one. Thread-safe.
 */
#pragma once
#include "core/access/access.h"
#include "core/api/contract.h"

struct core;

enum {
    SESSION_TOUCH_S = 60,          /* the time of last use is stored this exactly */
    SESSIONS_PER_USER_MAX = 32,    /* the oldest ends when another begins */
    SESSION_KEPT_DAYS = 7,         /* rows of sessions that are long over */
    SESSION_DEVICE_LIFE_DAYS = 180 /* of the device cookie */
};

#define SESSION_COOKIE "__Host-cx-session"
#define SESSION_DEVICE_COOKIE "__Host-cx-device"

/* What the head of a request says. Absent headers are "". */
struct session_head {
    struct cx_str authorization, cookies, origin;
    bool mutating;
};

/* Whether the request is a session's and not a token's: a bearer secret "cxs_…", or the session cookie without any
 * Authorization header. */
bool session_claimed(const struct session_head *head);

/*
 * From a session's secret to its principal. Missing, malformed, unknown, over and ended are one CX_E_AUTH
 * ("session-invalid"). A cookie on a mutating request also needs the Origin header with our own origin (CX_E_DENIED,
 * "origin"): other sites cannot send that, whatever a browser makes of SameSite.
 * The rights are all those of the user, as they are now: a session is never narrower than its person, and a role that
 * was given or taken shows with the next request. The caller owns them (access_principal_clear).
 */
cx_err session_authenticate(struct core *core, const struct session_head *head, cx_time now_us,
                            struct cx_diag *diag, struct principal *ret_principal);

/* CX_E_DENIED "second-factor-required" when the session began at a provider that proved no second factor, its person has a
 * privileged role, and the operation is not among the few that lead out of that. CX_E_DENIED "step-up-required" when the operation wants a fresh factor and the session's is older. Tokens pass: what
 * they may do was decided when they were made (docs/design/075-authentication.md). */
cx_err session_check_step_up(const struct principal *principal,
                             const struct api_operation *operation, cx_time now_us,
                             struct cx_diag *diag);

/* Whether origin (a header, "" when absent) is ours. */
bool session_origin_is_ours(struct cx_str public_url, struct cx_str origin);
