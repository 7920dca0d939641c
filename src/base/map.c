#include "base/map.h"

#include <stdlib.h>

struct cx_map_entry {
    struct cx_map_entry *next;
    void *value;
    size_t hash;
    size_t key_len;
    uint8_t key[];
};

enum { MAP_FIRST_BUCKETS = 16 };

/* FNV-1a, 64 bit. */
static size_t hash_of(struct cx_bytes key)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.ptr[i]) * UINT64_C(1099511628211);
    return (size_t)(hash ^ (hash >> 32));
}

static struct cx_map_entry **find(const struct cx_map *map, struct cx_bytes key, size_t hash)
{
    struct cx_map_entry **at = &map->buckets[hash & (map->bucket_count - 1)];
    while (*at && !((*at)->hash == hash && cx_bytes_eq(CX_BYTES((*at)->key, (*at)->key_len), key)))
        at = &(*at)->next;
    return at;
}

static cx_err resize(struct cx_map *map, size_t bucket_count)
{
    struct cx_map_entry **buckets = calloc(bucket_count, sizeof(struct cx_map_entry *));
    if (!buckets)
        return CX_ERR(NOMEM);
    for (size_t i = 0; i < map->bucket_count; i++) {
        struct cx_map_entry *entry = map->buckets[i];
        while (entry) {
            struct cx_map_entry *next = entry->next;
            entry->next = buckets[entry->hash & (bucket_count - 1)];
            buckets[entry->hash & (bucket_count - 1)] = entry;
            entry = next;
        }
    }
    free(map->buckets);
    map->buckets = buckets;
    map->bucket_count = bucket_count;
    return CX_OK;
}

void cx_map_clear(struct cx_map *map, void (*free_value)(void *value))
{
    for (size_t i = 0; i < map->bucket_count; i++) {
        struct cx_map_entry *entry = map->buckets[i];
        while (entry) {
            struct cx_map_entry *next = entry->next;
            if (free_value)
                free_value(entry->value);
            free(entry);
            entry = next;
        }
    }
    free(map->buckets);
    *map = CX_MAP_INIT(map->max);
}

void *cx_map_get(const struct cx_map *map, struct cx_bytes key)
{
    if (map->bucket_count == 0)
        return NULL;
    struct cx_map_entry *entry = *find(map, key, hash_of(key));
    return entry ? entry->value : NULL;
}

cx_err cx_map_put(struct cx_map *map, struct cx_bytes key, void *value, void **ret_old)
{
    if (map->bucket_count == 0)
        CX_TRY(resize(map, MAP_FIRST_BUCKETS));
    size_t hash = hash_of(key);
    struct cx_map_entry **at = find(map, key, hash);
    if (*at) {
        if (ret_old)
            *ret_old = (*at)->value;
        (*at)->value = value;
        return CX_OK;
    }
    if (map->count >= map->max)
        return CX_ERR(LIMIT);
    struct cx_map_entry *entry = malloc(sizeof(*entry) + key.len);
    if (!entry)
        return CX_ERR(NOMEM);
    entry->next = NULL;
    entry->value = value;
    entry->hash = hash;
    entry->key_len = key.len;
    if (key.len)
        memcpy(entry->key, key.ptr, key.len);
    *at = entry;
    map->count++;
    if (ret_old)
        *ret_old = NULL;
    if (map->count > map->bucket_count)
        CX_IGNORE(resize(map, map->bucket_count * 2)); /* only slower when it fails */
    return CX_OK;
}

void *cx_map_take(struct cx_map *map, struct cx_bytes key)
{
    if (map->bucket_count == 0)
        return NULL;
    struct cx_map_entry **at = find(map, key, hash_of(key));
    struct cx_map_entry *entry = *at;
    if (!entry)
        return NULL;
    void *value = entry->value;
    *at = entry->next;
    free(entry);
    map->count--;
    return value;
}

void cx_map_each(const struct cx_map *map,
                 bool (*visit)(struct cx_bytes key, void *value, void *arg), void *arg)
{
    for (size_t i = 0; i < map->bucket_count; i++)
        for (struct cx_map_entry *entry = map->buckets[i]; entry; entry = entry->next)
            if (!visit(CX_BYTES(entry->key, entry->key_len), entry->value, arg))
                return;
}
