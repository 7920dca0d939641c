/*
 * Hash map from byte keys to pointers, for caches and indexes. Keys are copied, values are borrowed:
 * who puts a value owns it. Meant for keys that are random or bounded in number (identifiers, digests),
 * not for text that a stranger chooses. Not thread-safe.
 */
#pragma once
#include "base/bytes.h"

struct cx_map_entry;

struct cx_map {
    struct cx_map_entry **buckets;
    size_t bucket_count;
    size_t count;
    size_t max; /* entries at most */
};

#define CX_MAP_INIT(maximum) ((struct cx_map){NULL, 0, 0, (maximum)})

void cx_map_clear(struct cx_map *map, void (*free_value)(void *value)); /* free_value may be NULL */
/* NULL when absent. */
void *cx_map_get(const struct cx_map *map, struct cx_bytes key);
/* Replaces; *ret_old (may be NULL) receives the value replaced. CX_E_LIMIT at the maximum. */
cx_err cx_map_put(struct cx_map *map, struct cx_bytes key, void *value, void **ret_old);
/* Removes and returns the value, NULL when absent. */
void *cx_map_take(struct cx_map *map, struct cx_bytes key);
/* Calls visit for each entry until it returns false. The map must not change meanwhile. */
void cx_map_each(const struct cx_map *map,
                 bool (*visit)(struct cx_bytes key, void *value, void *arg), void *arg);
