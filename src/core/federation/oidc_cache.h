/*
 * What a provider publishes, fetched through outbound and kept for a while: its discovery document for an hour, its keys for
 * ten minutes, and sooner when a token names a key that is not among them, so that a rotated key works at once and an
 * unknown one cannot be used to make us ask all the time. Documents are kept as text and parsed for each login. In memory
 * of each core process; thread-safe.
 * CX_E_BUSY "oidc-provider-unreachable": no usable answer; asking again at once is not tried.
 */
#pragma once
#include "core/federation/oidc_document.h"
#include "core/federation/provider_store.h"

struct core;
struct oidc_cache;

enum {
    OIDC_DISCOVERY_LIFE_S = 3600,
    OIDC_KEYS_LIFE_S = 600,
    OIDC_KEYS_AGAIN_S = 30, /* between two fetches that unknown key names ask for */
    OIDC_FAILED_S = 5,      /* after a failed fetch none is tried */
    OIDC_CACHED_MAX = 256,  /* providers; beyond that nothing is kept */
    OIDC_TIMEOUT_MS = 10000
};

cx_err oidc_cache_new(struct oidc_cache **ret_cache);
void oidc_cache_free(struct oidc_cache *cache); /* NULL-safe */

cx_err oidc_cache_discovery(struct core *core, const struct oidc_provider *provider, cx_time now_us,
                            struct arena *arena, struct cx_diag *diag,
                            struct oidc_discovery *ret_discovery);
/* rotated: a token names a key that was not there. */
cx_err oidc_cache_keys(struct core *core, const struct oidc_provider *provider,
                       const struct oidc_discovery *discovery, bool rotated, cx_time now_us,
                       struct arena *arena, struct cx_diag *diag, struct oidc_keys *ret_keys);
