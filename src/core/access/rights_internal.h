/* Shared by rights.c (decisions) and rights_compile.c (making them). */
#pragma once
#include "core/access/rights.h"

#include <stdatomic.h>

/* Open addressing, at most half full, power of two. */
struct group_slot {
    struct cx_id group_id;
    struct permission_set permissions;
    bool used;
};
struct tag_slot {
    struct access_tag tag;
    uint32_t first; /* node + 1; 0: free slot */
};
/* One tagged binding in the list of one alternative of its narrowest clause. */
struct tag_node {
    uint32_t held; /* index */
    uint32_t next; /* node + 1; 0: last */
};

struct access_rights {
    atomic_uint references;
    struct arena arena;
    cx_time until_us;
    struct permission_set everywhere, anywhere;
    struct group_slot *groups;
    size_t group_mask; /* slots - 1; meaningless while groups is NULL */
    struct tag_slot *tags;
    size_t tag_mask;
    struct tag_node *nodes;
    struct access_held *held;
    size_t held_count;
};

static inline size_t rights_hash_id(struct cx_id id)
{
    uint64_t word;
    memcpy(&word, id.b + 8, sizeof(word)); /* random also in time-led identifiers */
    return (size_t)(word * 0x9e3779b97f4a7c15u >> 16);
}

/* FNV-1a. A stranger who chooses tags looks up in this table and does not fill it. */
static inline size_t rights_hash_tag(const struct access_tag *tag)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < tag->name.len; i++)
        hash = (hash ^ (uint8_t)tag->name.ptr[i]) * 0x100000001b3u;
    hash = (hash ^ '=') * 0x100000001b3u;
    for (size_t i = 0; i < tag->value.len; i++)
        hash = (hash ^ (uint8_t)tag->value.ptr[i]) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}
