#include "core/incident/rule_set.h"
#include "base/cleanup.h"
#include "base/map.h"

#include <pthread.h>

enum {
    SET_ARENA_MAX = 4 * 1024 * 1024,
    KEPT_ARENA_MAX = 1024 * 1024, /* of one version; its text has RULE_PACK_MAX octets */
    KEPT_MAX = 1 << 20,
    KEY_ARENA_MAX = 4096
};

struct kept {
    struct arena arena;
    struct rule_pack pack;
};

struct rule_set {
    struct arena arena;
    const struct rule_text *texts;
    struct rule_pack *packs;
    size_t count;
    pthread_mutex_t lock;
    struct cx_map kept; /* tenant, name, NUL, version → struct kept */
};

static cx_err check_overlap(const struct rule_pack *packs, size_t count, struct cx_diag *diag)
{
    const struct rule_pack *added = &packs[count];
    for (size_t i = 0; i < count; i++) {
        const struct rule_pack *pack = &packs[i];
        if (!cx_str_eq(pack->name, added->name) || pack->draft || added->draft)
            continue;
        if (pack->from_us < added->until_us && added->from_us < pack->until_us)
            return cx_refuse(diag, CX_ERR(PARSE), "effective_from", "rule-overlap",
                             "%.*s: versions %.*s and %.*s are in force at one time.",
                             CX_STR_ARG(pack->name), CX_STR_ARG(pack->version),
                             CX_STR_ARG(added->version));
    }
    return CX_OK;
}

static cx_err load(struct rule_set *set, const struct rule_text *texts, size_t count,
                   struct cx_diag *diag)
{
    CX_TRY(ARENA_NEW_ARRAY(&set->arena, count, &set->packs));
    for (size_t i = 0; i < count; i++) {
        CX_TRY(rule_pack_parse(&set->arena, CX_BYTES(texts[i].text, texts[i].len), diag,
                               &set->packs[i]));
        CX_TRY(check_overlap(set->packs, i, diag));
        set->count++;
    }
    return CX_OK;
}

cx_err rule_set_new(const struct rule_text *texts, size_t count, struct cx_diag *diag,
                    struct rule_set **ret_set)
{
    struct rule_set *set = calloc(1, sizeof(*set));
    if (!set)
        return CX_ERR(NOMEM);
    set->arena = (struct arena)ARENA_INIT(SET_ARENA_MAX);
    set->texts = texts;
    set->kept = CX_MAP_INIT(KEPT_MAX);
    pthread_mutex_init(&set->lock, NULL);
    cx_err err = load(set, texts, count, diag);
    if (cx_failed(err)) {
        rule_set_free(set);
        return err;
    }
    *ret_set = set;
    return CX_OK;
}

static void kept_free(void *value)
{
    struct kept *kept = value;
    if (kept)
        arena_clear(&kept->arena);
    free(kept);
}

void rule_set_free(struct rule_set *set)
{
    if (!set)
        return;
    cx_map_clear(&set->kept, kept_free);
    pthread_mutex_destroy(&set->lock);
    arena_clear(&set->arena);
    free(set);
}

const struct rule_pack *rule_set_packs(const struct rule_set *set, size_t *ret_count)
{
    *ret_count = set->count;
    return set->packs;
}

struct cx_str rule_set_text(const struct rule_set *set, size_t index)
{
    return (struct cx_str){set->texts[index].text, set->texts[index].len};
}

static cx_err key_of(struct arena *arena, struct cx_id tenant_id, struct cx_str name,
                     struct cx_str version, struct cx_bytes *ret_key)
{
    uint8_t *key = NULL;
    size_t len = sizeof(tenant_id.b) + name.len + 1 + version.len;
    CX_TRY(ARENA_NEW_ARRAY(arena, len, &key));
    memcpy(key, tenant_id.b, sizeof(tenant_id.b));
    memcpy(key + sizeof(tenant_id.b), name.ptr, name.len);
    memcpy(key + len - version.len, version.ptr, version.len);
    *ret_key = CX_BYTES(key, len);
    return CX_OK;
}

const struct rule_pack *rule_set_kept(struct rule_set *set, struct cx_id tenant_id,
                                      struct cx_str name, struct cx_str version)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(KEY_ARENA_MAX);
    struct cx_bytes key;
    if (cx_failed(key_of(&arena, tenant_id, name, version, &key)))
        return NULL;
    pthread_mutex_lock(&set->lock);
    const struct kept *kept = cx_map_get(&set->kept, key);
    pthread_mutex_unlock(&set->lock);
    return kept ? &kept->pack : NULL;
}

static cx_err read_kept(struct cx_str name, struct cx_str version, struct cx_str text,
                        struct kept *kept)
{
    struct cx_diag ignored = CX_DIAG_INIT;
    cx_err err = rule_pack_parse(&kept->arena, cx_str_bytes(text), &ignored, &kept->pack);
    if (err.code == CX_E_NOMEM)
        return err;
    return cx_is_ok(err) && cx_str_eq(kept->pack.name, name) &&
                   cx_str_eq(kept->pack.version, version)
               ? CX_OK
               : CX_ERR(STORE);
}

cx_err rule_set_keep(struct rule_set *set, struct cx_id tenant_id, struct cx_str name,
                     struct cx_str version, struct cx_str text, const struct rule_pack **ret_pack)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(KEY_ARENA_MAX);
    struct cx_bytes key;
    CX_TRY(key_of(&arena, tenant_id, name, version, &key));
    struct kept *kept = calloc(1, sizeof(*kept));
    if (!kept)
        return CX_ERR(NOMEM);
    kept->arena = (struct arena)ARENA_INIT(KEPT_ARENA_MAX);
    cx_err err = read_kept(name, version, text, kept);
    struct kept *there = NULL;
    pthread_mutex_lock(&set->lock);
    if (cx_is_ok(err))
        there = cx_map_get(&set->kept, key);
    if (cx_is_ok(err) && !there) {
        err = cx_map_put(&set->kept, key, kept, NULL);
        if (cx_is_ok(err)) {
            there = kept;
            kept = NULL;
        }
    }
    pthread_mutex_unlock(&set->lock);
    kept_free(kept);
    CX_TRY(err);
    *ret_pack = &there->pack;
    return CX_OK;
}
