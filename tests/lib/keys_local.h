/*
 * The keys process's data keys and checkpoint signatures, in the test's own process: the same operations with
 * the same cryptography (src/crypto), but no channel, no journal and no disk. For tests of core that must count
 * or fail these calls; the real process is driven by tests/integration. Link keys_local_dep before core_dep.
 */
#pragma once
#include "keys/client.h"

struct keys_local {
    _Atomic unsigned unwrap_count; /* calls of keys_data_key_unwrap */
    _Atomic unsigned sign_count;
    cx_err fail; /* not CX_OK: every call fails with it */
};

struct keys_client *keys_local_new(struct keys_local **ret_control);
void keys_local_free(struct keys_client *client);
