#include "core/federation/oidc_cache.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/map.h"
#include "core/core.h"
#include "outbound/client.h"

#include <pthread.h>

struct document {
    struct cx_buf text;
    cx_time fetched_us; /* 0: there is none */
    cx_time failed_us;
};
struct entry {
    cx_time changed_us; /* of the provider's settings that it was fetched with */
    struct document discovery, keys;
};
struct oidc_cache {
    pthread_mutex_t lock;
    struct cx_map entries; /* provider id → struct entry */
};

cx_err oidc_cache_new(struct oidc_cache **ret_cache)
{
    struct oidc_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return CX_ERR(NOMEM);
    cache->entries = (struct cx_map)CX_MAP_INIT(OIDC_CACHED_MAX);
    pthread_mutex_init(&cache->lock, NULL); /* default attributes do not fail on Linux */
    *ret_cache = cache;
    return CX_OK;
}

static void forget_documents(struct entry *entry)
{
    cx_buf_clear(&entry->discovery.text);
    cx_buf_clear(&entry->keys.text);
    entry->discovery = entry->keys = (struct document){.text = CX_BUF_INIT(OIDC_DOCUMENT_MAX)};
}

static void free_entry(void *value)
{
    forget_documents(value);
    free(value);
}

void oidc_cache_free(struct oidc_cache *cache)
{
    if (!cache)
        return;
    cx_map_clear(&cache->entries, free_entry);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* The provider's entry, for its settings of now; NULL when there is no room. The lock is held. */
static struct entry *find_entry(struct oidc_cache *cache, const struct oidc_provider *provider)
{
    struct cx_bytes key = cx_id_bytes(&provider->provider_id);
    struct entry *entry = cx_map_get(&cache->entries, key);
    if (!entry) {
        entry = calloc(1, sizeof(*entry));
        if (!entry || cx_failed(cx_map_put(&cache->entries, key, entry, NULL))) {
            free(entry);
            return NULL;
        }
        forget_documents(entry);
    }
    if (entry->changed_us != provider->changed_us)
        forget_documents(entry);
    entry->changed_us = provider->changed_us;
    return entry;
}

static struct document *document_of(struct entry *entry, bool keys)
{
    return keys ? &entry->keys : &entry->discovery;
}

static cx_err refuse_unreachable(struct cx_diag *diag, const char *why)
{
    return cx_refuse(diag, CX_ERR(BUSY), "", "oidc-provider-unreachable",
                     "The identity provider does not answer as it should: %s.", why);
}

/* *ret_text empty: it has to be fetched. A document that is younger than life_s is good. */
static cx_err look_up(struct oidc_cache *cache, const struct oidc_provider *provider, bool keys,
                      int64_t life_s, cx_time now_us, struct arena *arena, struct cx_diag *diag,
                      struct cx_bytes *ret_text)
{
    cx_err err = CX_OK;
    *ret_text = CX_BYTES_NONE;
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = find_entry(cache, provider);
    struct document *document = entry ? document_of(entry, keys) : NULL;
    if (document && document->fetched_us && now_us >= document->fetched_us &&
        now_us < document->fetched_us + life_s * CX_US_PER_S)
        err = arena_copy(arena, cx_buf_view(&document->text), ret_text);
    else if (document && document->failed_us && now_us >= document->failed_us &&
             now_us < document->failed_us + OIDC_FAILED_S * CX_US_PER_S)
        err = refuse_unreachable(diag, "it did not a moment ago");
    pthread_mutex_unlock(&cache->lock);
    return err;
}

static void store(struct oidc_cache *cache, const struct oidc_provider *provider, bool keys,
                  struct cx_bytes text, bool good, cx_time now_us)
{
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = find_entry(cache, provider);
    struct document *document = entry ? document_of(entry, keys) : NULL;
    if (document)
        document->failed_us = good ? 0 : now_us;
    if (document && good) {
        cx_buf_reset(&document->text);
        document->fetched_us = cx_is_ok(cx_buf_add(&document->text, text)) ? now_us : 0;
    }
    pthread_mutex_unlock(&cache->lock);
}

static cx_err fetch(struct core *core, const struct oidc_provider *provider, struct cx_str url,
                    struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(0);
    struct cx_diag why = CX_DIAG_INIT;
    uint16_t status = 0;
    const struct outbound_exchange exchange = {.url = url,
                                               .ca_pem = cx_str_bytes(provider->ca_pem),
                                               .body_max = OIDC_DOCUMENT_MAX,
                                               .timeout_ms = OIDC_TIMEOUT_MS};
    cx_err err = outbound_exchange(core->outbound, &exchange, &why, &status, &body);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err)) {
        cx_log_err(CX_LOG_WARN, err, "identity provider not reached", "rule", why.rule, "text",
                   why.text, NULL);
        return refuse_unreachable(diag, why.text);
    }
    if (status != 200)
        return refuse_unreachable(diag, "its answer is not 200");
    return arena_copy(arena, cx_buf_view(&body), ret_text);
}

cx_err oidc_cache_discovery(struct core *core, const struct oidc_provider *provider, cx_time now_us,
                            struct arena *arena, struct cx_diag *diag,
                            struct oidc_discovery *ret_discovery)
{
    struct cx_bytes text = CX_BYTES_NONE;
    struct cx_str url = CX_STR_NONE, issuer = provider->issuer;
    CX_TRY(look_up(core->oidc, provider, false, OIDC_DISCOVERY_LIFE_S, now_us, arena, diag, &text));
    if (text.len)
        return oidc_discovery_parse(text, issuer, arena, diag, ret_discovery);
    if (cx_str_ends(issuer, CX_STR("/"))) /* Discovery §4.1 */
        issuer.len--;
    CX_TRY(arena_printf(arena, &url, "%.*s/.well-known/openid-configuration", CX_STR_ARG(issuer)));
    cx_err err = fetch(core, provider, url, arena, diag, &text);
    if (cx_is_ok(err))
        err = oidc_discovery_parse(text, provider->issuer, arena, diag, ret_discovery);
    store(core->oidc, provider, false, text, cx_is_ok(err), now_us);
    return err;
}

cx_err oidc_cache_keys(struct core *core, const struct oidc_provider *provider,
                       const struct oidc_discovery *discovery, bool rotated, cx_time now_us,
                       struct arena *arena, struct cx_diag *diag, struct oidc_keys *ret_keys)
{
    struct cx_bytes text = CX_BYTES_NONE;
    int64_t life_s = rotated ? OIDC_KEYS_AGAIN_S : OIDC_KEYS_LIFE_S;
    CX_TRY(look_up(core->oidc, provider, true, life_s, now_us, arena, diag, &text));
    if (text.len)
        return oidc_keys_parse(text, arena, diag, ret_keys);
    cx_err err = fetch(core, provider, discovery->jwks_uri, arena, diag, &text);
    if (cx_is_ok(err))
        err = oidc_keys_parse(text, arena, diag, ret_keys);
    store(core->oidc, provider, true, text, cx_is_ok(err), now_us);
    return err;
}
