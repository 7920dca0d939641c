#include "core/access/scope.h"

/* A parameter is never empty, which the engines would take for NULL: one octet is no identifier. */
static const uint8_t NOTHING[1] = {0};

static void sort_ids(struct cx_id *ids, size_t *count)
{
    size_t kept = 0;
    qsort(ids, *count, sizeof(*ids), access_id_compare);
    for (size_t i = 0; i < *count; i++)
        if (kept == 0 || !cx_id_eq(ids[kept - 1], ids[i]))
            ids[kept++] = ids[i];
    *count = kept;
}

static bool grants(const struct access_held *held, enum permission permission, bool tagged)
{
    const struct access_binding *binding = held->binding;
    return !binding->everywhere && (binding->tags != NULL) == tagged &&
           permission_set_has(&binding->permissions, permission);
}

static cx_err groups_of(const struct access_held *held, size_t count, enum permission permission,
                        struct arena *arena, struct cx_bytes *ret_groups)
{
    struct cx_id *ids = NULL;
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += grants(&held[i], permission, false) ? held[i].reach_count : 0;
    if (total == 0)
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(arena, total, &ids));
    total = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t g = 0; grants(&held[i], permission, false) && g < held[i].reach_count; g++)
            ids[total++] = held[i].reach[g];
    sort_ids(ids, &total);
    *ret_groups = CX_BYTES((const uint8_t *)ids, total * sizeof(*ids));
    return CX_OK;
}

static cx_err tagged_of(const struct access_held *held, size_t count, enum permission permission,
                        struct arena *arena, struct cx_bytes *ret_tagged)
{
    struct cx_id(*pairs)[2] = NULL;
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        if (grants(&held[i], permission, true))
            total += held[i].reach_count ? held[i].reach_count : 1;
    if (total == 0)
        return CX_OK;
    CX_TRY(arena_alloc_array(arena, total, sizeof(*pairs), (void **)&pairs));
    total = 0;
    for (size_t i = 0; i < count; i++) {
        struct cx_id id = held[i].binding->binding_id;
        if (!grants(&held[i], permission, true))
            continue;
        for (size_t g = 0; g < held[i].reach_count; g++, total++) {
            pairs[total][0] = id;
            pairs[total][1] = held[i].reach[g];
        }
        if (held[i].binding->group_count == 0) {
            pairs[total][0] = pairs[total][1] = id;
            total++;
        }
    }
    *ret_tagged = CX_BYTES((const uint8_t *)pairs, total * sizeof(*pairs));
    return CX_OK;
}

static cx_err part_of(const struct access_rights *rights, enum permission permission,
                      struct arena *arena, struct access_scope_part *ret_part)
{
    struct access_scope_part part = {.groups = CX_BYTES(NOTHING, 1),
                                     .tagged = CX_BYTES(NOTHING, 1)};
    const struct access_held *held = NULL;
    part.everywhere = access_rights_everywhere(rights, permission);
    if (!part.everywhere) {
        size_t count = access_rights_held(rights, &held);
        CX_TRY(groups_of(held, count, permission, arena, &part.groups));
        CX_TRY(tagged_of(held, count, permission, arena, &part.tagged));
    }
    *ret_part = part;
    return CX_OK;
}

struct access_scope access_scope_everywhere(void)
{
    const struct access_scope_part everywhere = {true, CX_BYTES(NOTHING, 1), CX_BYTES(NOTHING, 1)};
    return (struct access_scope){everywhere, everywhere};
}

cx_err access_scope_of(const struct principal *principal, enum permission permission,
                       struct arena *arena, struct access_scope *ret_scope)
{
    struct access_scope scope = access_scope_everywhere();
    if (!principal->authenticated || !principal->rights)
        return CX_ERR(DENIED);
    CX_TRY(part_of(principal->rights, permission, arena, &scope.person));
    if (principal->narrowed)
        CX_TRY(part_of(principal->narrowed, permission, arena, &scope.token));
    *ret_scope = scope;
    return CX_OK;
}

bool access_scope_is_group(const struct access_scope *scope)
{
    const struct access_scope_part *part = &scope->person;
    return !part->everywhere && part->groups.len == sizeof(struct cx_id) &&
           part->tagged.ptr == NOTHING;
}

static void bind_part(struct store_stmt *q, int first, const struct access_scope_part *part)
{
    store_bind_int(q, first, part->everywhere);
    store_bind_bytes(q, first + 1, part->groups);
    store_bind_bytes(q, first + 2, part->tagged);
}

void access_scope_bind(struct store_stmt *q, int first, const struct access_scope *scope)
{
    bind_part(q, first, &scope->person);
    bind_part(q, first + 3, &scope->token);
}
