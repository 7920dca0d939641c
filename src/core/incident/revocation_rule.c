#include "core/incident/revocation_rule.h"
#include "core/status/status_store.h"

enum { ITEM_COUNT = 17 };
static const uint8_t REASONS[ITEM_COUNT] = {
    [1] = STATUS_UNSPECIFIED,
    [2] = STATUS_PRIVILEGE_WITHDRAWN,
    [3] = STATUS_KEY_COMPROMISE,
    [4] = STATUS_KEY_COMPROMISE,
    [5] = STATUS_SUPERSEDED,
    [6] = STATUS_SUPERSEDED,
    [7] = STATUS_PRIVILEGE_WITHDRAWN,
    [8] = STATUS_PRIVILEGE_WITHDRAWN,
    [9] = STATUS_CESSATION_OF_OPERATION,
    [10] = STATUS_PRIVILEGE_WITHDRAWN,
    [11] = STATUS_PRIVILEGE_WITHDRAWN,
    [12] = STATUS_SUPERSEDED,
    [13] = STATUS_PRIVILEGE_WITHDRAWN,
    [14] = STATUS_UNSPECIFIED,
    [15] = STATUS_UNSPECIFIED,
    [16] = STATUS_KEY_COMPROMISE,
};

bool revocation_reason_fits(int64_t item, uint8_t reason)
{
    if (item == 0)
        return true;
    return item > 0 && item < ITEM_COUNT && REASONS[item] == reason;
}
