/* Which reason code goes with which case of TLS BR 2.2.6 §4.9.1.1 (§7.2.2): a wrong code is an incident of its own. Pure. */
#pragma once
#include "base/bytes.h"

/* item 1 … 16; 0: a private CA's own reason, any code. */
bool revocation_reason_fits(int64_t item, uint8_t reason);
