#include "core/issuance/reason.h"
#include "core/status/status_store.h"

static const uint8_t CODES[API_REVOCATION_REASON_COUNT] = {
    [API_REVOCATION_REASON_UNSPECIFIED] = STATUS_UNSPECIFIED,
    [API_REVOCATION_REASON_KEY_COMPROMISE] = STATUS_KEY_COMPROMISE,
    [API_REVOCATION_REASON_CA_COMPROMISE] = STATUS_CA_COMPROMISE,
    [API_REVOCATION_REASON_AFFILIATION_CHANGED] = STATUS_AFFILIATION_CHANGED,
    [API_REVOCATION_REASON_SUPERSEDED] = STATUS_SUPERSEDED,
    [API_REVOCATION_REASON_CESSATION_OF_OPERATION] = STATUS_CESSATION_OF_OPERATION,
    [API_REVOCATION_REASON_PRIVILEGE_WITHDRAWN] = STATUS_PRIVILEGE_WITHDRAWN,
    [API_REVOCATION_REASON_AA_COMPROMISE] = STATUS_AA_COMPROMISE,
};

uint8_t revocation_reason_read(enum api_revocation_reason reason)
{
    return CODES[reason];
}

enum api_revocation_reason revocation_reason_view(uint8_t code)
{
    for (int i = 0; i < API_REVOCATION_REASON_COUNT; i++) {
        if (CODES[i] == code)
            return (enum api_revocation_reason)i;
    }
    return API_REVOCATION_REASON_UNSPECIFIED;
}
