/*
 * Which role has which permission. One row a permission, so that a reviewer sees at a glance who may do
 * it; a permission of the contract without a row is nobody's (deny by default), and the test
 * tests/unit/core/access/test_authorise.c holds the golden table.
 *
 * Administrator has every permission and is bound by separation of duties like everyone else.
 * Auditor has no permission that changes anything but how they themselves log in: not even on their own tokens.
 */
#include "core/access/access.h"

#define A (1u << ROLE_ADMINISTRATOR)
#define R (1u << ROLE_REQUESTER)
#define P (1u << ROLE_APPROVER)
#define O (1u << ROLE_OPERATOR)
#define U (1u << ROLE_AUDITOR)

static const uint32_t HOLDERS[PERMISSION_COUNT] = {
    [PERMISSION_ME_READ] = A | R | P | O | U,
    [PERMISSION_USER_READ] = A | U,
    [PERMISSION_USER_CREATE] = A,
    [PERMISSION_USER_ROLE_SET] = A,
    [PERMISSION_USER_DISABLE] = A,
    [PERMISSION_USER_ENABLE] = A,
    [PERMISSION_USER_LINK_CREATE] = A,
    [PERMISSION_TOKEN_READ] = A | R | P | O | U,
    [PERMISSION_TOKEN_CREATE] = A | R | P | O,
    [PERMISSION_TOKEN_REVOKE] = A | R | P | O,
    [PERMISSION_SESSION_READ] = A | R | P | O | U,
    [PERMISSION_SESSION_REVOKE] = A | R | P | O | U,
    [PERMISSION_SESSION_STEP_UP] = A | R | P | O | U,
    [PERMISSION_FACTOR_READ] = A | R | P | O | U,
    [PERMISSION_FACTOR_SET] = A | R | P | O | U,
    [PERMISSION_USER_FACTOR_RESET] = A,
    [PERMISSION_ISSUER_READ] = A | R | P | O | U,
    [PERMISSION_PROFILE_READ] = A | R | P | O | U,
    [PERMISSION_REQUEST_READ] = A | R | P | O | U,
    [PERMISSION_REQUEST_CREATE] = A | R,
    [PERMISSION_REQUEST_APPROVE] = A | P,
    [PERMISSION_REQUEST_REJECT] = A | P,
    [PERMISSION_REQUEST_CANCEL] = A | R | O,
    [PERMISSION_REQUEST_COLLECT] = A | R,
    [PERMISSION_CERTIFICATE_READ] = A | R | P | O | U,
    [PERMISSION_CERTIFICATE_EXPORT] = A | O | U,
    [PERMISSION_CERTIFICATE_RENEW] = A | R | O,
    [PERMISSION_CERTIFICATE_REPLACE] = A | R | O,
    [PERMISSION_CERTIFICATE_REVOKE] = A | R | O,
    [PERMISSION_AUDIT_READ] = A | U,
    [PERMISSION_AUDIT_EXPORT] = A | U,
    [PERMISSION_SYSTEM_STATUS_READ] = A | O | U,
    [PERMISSION_SYSTEM_CLOCK_READ] = A | O | U,
    [PERMISSION_SYSTEM_CLOCK_SET] = A,
};

#undef A
#undef R
#undef P
#undef O
#undef U

static const char *const NAMES[ACCESS_ROLE_COUNT] = {
    [ROLE_ADMINISTRATOR] = "administrator",
    [ROLE_REQUESTER] = "requester",
    [ROLE_APPROVER] = "approver",
    [ROLE_OPERATOR] = "operator",
    [ROLE_AUDITOR] = "auditor",
};

const char *access_role_name(enum access_role role)
{
    return NAMES[role];
}

cx_err access_role_from_name(struct cx_str name, enum access_role *ret_role)
{
    for (int i = 0; i < ACCESS_ROLE_COUNT; i++) {
        if (cx_str_is(name, NAMES[i])) {
            *ret_role = (enum access_role)i;
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}

bool access_role_has(enum access_role role, enum permission permission)
{
    if ((unsigned)role >= ACCESS_ROLE_COUNT || (unsigned)permission >= PERMISSION_COUNT)
        return false;
    return (HOLDERS[permission] & (1u << role)) != 0;
}

uint32_t access_permission_holders(enum permission permission)
{
    return (unsigned)permission < PERMISSION_COUNT ? HOLDERS[permission] : 0;
}
