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
    uint32_t hash;               /* so that another tag's text is not fetched to be compared */
    uint32_t first;              /* node + 1; 0: none */
    struct permission_set alone; /* of the bindings for which this tag is enough */
    bool used;
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
static inline uint32_t rights_hash_tag(const struct access_tag *tag)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < tag->name.len; i++)
        hash = (hash ^ (uint8_t)tag->name.ptr[i]) * 0x100000001b3u;
    hash = (hash ^ '=') * 0x100000001b3u;
    for (size_t i = 0; i < tag->value.len; i++)
        hash = (hash ^ (uint8_t)tag->value.ptr[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

/* The slot of the tag, or the free one where it would be. */
static inline struct tag_slot *rights_tag_slot(const struct access_rights *rights,
                                               const struct access_tag *tag)
{
    const uint32_t hash = rights_hash_tag(tag);
    for (size_t i = hash;; i++) {
        struct tag_slot *slot = &rights->tags[i & rights->tag_mask];
        if (!slot->used || (slot->hash == hash && cx_str_eq(slot->tag.name, tag->name) &&
                            cx_str_eq(slot->tag.value, tag->value)))
            return slot;
    }
}
