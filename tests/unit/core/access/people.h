/* Principals for tests, with rights compiled from bindings that the test writes down. */
#pragma once
#include "tests/lib/test.h"

#include "core/access/access.h"

/* roles: bits of the built-in ones, each bound everywhere. The caller clears it. */
static inline struct principal people_with(uint8_t id, uint32_t roles)
{
    struct access_binding bindings[ACCESS_BUILTIN_COUNT] = {0};
    struct access_state state = {.bindings = bindings};
    struct principal made = {
        .tenant_id = {{1}}, .user_id = {{id}}, .token_id = {{9}}, .authenticated = true};
    for (size_t i = 0; i < ACCESS_BUILTIN_COUNT; i++) {
        if (!(roles >> i & 1))
            continue;
        struct access_binding *binding = &bindings[state.binding_count++];
        *binding = (struct access_binding){.binding_id = {{(uint8_t)(i + 1)}},
                                           .subject = ACCESS_USER,
                                           .subject_id = made.user_id,
                                           .role = cx_str_from(access_builtin_name(i)),
                                           .everywhere = true,
                                           .expires_us = CX_TIME_NEVER};
        access_builtin_permissions(i, &binding->permissions);
    }
    assert_ok(access_rights_compile(&state, (struct access_subject_ids){.user_id = made.user_id}, 1,
                                    &made.rights));
    return made;
}
