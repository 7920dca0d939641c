#include "core/access/rights_internal.h"

int access_id_compare(const void *a, const void *b)
{
    const struct cx_id *x = a, *y = b;
    for (size_t i = 0; i < sizeof(x->b); i++)
        if (x->b[i] != y->b[i])
            return x->b[i] < y->b[i] ? -1 : 1;
    return 0;
}

struct access_rights *access_rights_hold(struct access_rights *rights)
{
    atomic_fetch_add(&rights->references, 1);
    return rights;
}

void access_rights_release(struct access_rights *rights)
{
    if (!rights || atomic_fetch_sub(&rights->references, 1) != 1)
        return;
    arena_clear(&rights->arena);
    free(rights);
}

bool access_rights_everywhere(const struct access_rights *rights, enum permission permission)
{
    return permission_set_has(&rights->everywhere, permission);
}

bool access_rights_anywhere(const struct access_rights *rights, enum permission permission)
{
    return permission_set_has(&rights->anywhere, permission);
}

bool access_rights_break_glass(const struct access_rights *rights)
{
    for (size_t i = 0; i < rights->held_count; i++)
        if (rights->held[i].binding->break_glass)
            return true;
    return false;
}

cx_time access_rights_until(const struct access_rights *rights)
{
    return rights->until_us;
}

static bool group_allows(const struct access_rights *rights, enum permission permission,
                         struct cx_id group_id)
{
    for (size_t i = rights_hash_id(group_id);; i++) {
        const struct group_slot *slot = &rights->groups[i & rights->group_mask];
        if (!slot->used)
            return false;
        if (cx_id_eq(slot->group_id, group_id))
            return permission_set_has(&slot->permissions, permission);
    }
}

static bool reaches(const struct access_held *held, const struct access_place *place)
{
    if (held->binding->group_count == 0)
        return true;
    for (size_t i = 0; i < place->group_count; i++)
        if (bsearch(&place->groups[i], held->reach, held->reach_count, sizeof(struct cx_id),
                    access_id_compare))
            return true;
    return false;
}

bool access_held_covers(const struct access_held *held, const struct access_place *place)
{
    const struct access_binding *binding = held->binding;
    if (binding->everywhere)
        return true;
    if (binding->group_count == 0 && !binding->tags)
        return false;
    return reaches(held, place) &&
           (!binding->tags || tag_expression_holds(binding->tags, place->tags, place->tag_count));
}

static bool tag_allows(const struct access_rights *rights, enum permission permission,
                       const struct access_tag *tag, const struct access_place *place)
{
    const struct tag_slot *slot = rights_tag_slot(rights, tag);
    if (permission_set_has(&slot->alone, permission))
        return true;
    for (uint32_t node = slot->first; node; node = rights->nodes[node - 1].next) {
        const struct access_held *held = &rights->held[rights->nodes[node - 1].held];
        if (permission_set_has(&held->binding->permissions, permission) &&
            access_held_covers(held, place))
            return true;
    }
    return false;
}

bool access_rights_allow(const struct access_rights *rights, enum permission permission,
                         const struct access_place *place)
{
    if (permission_set_has(&rights->everywhere, permission))
        return true;
    if (!permission_set_has(&rights->anywhere, permission))
        return false;
    for (size_t i = 0; rights->groups && i < place->group_count; i++)
        if (group_allows(rights, permission, place->groups[i]))
            return true;
    for (size_t i = 0; rights->tags && i < place->tag_count; i++)
        if (tag_allows(rights, permission, &place->tags[i], place))
            return true;
    return false;
}

size_t access_rights_held(const struct access_rights *rights, const struct access_held **ret_held)
{
    *ret_held = rights->held;
    return rights->held_count;
}

const struct access_held *access_rights_reason(const struct access_rights *rights,
                                               enum permission permission,
                                               const struct access_place *place)
{
    const struct access_held *best = NULL;
    for (size_t i = 0; i < rights->held_count; i++) {
        const struct access_held *held = &rights->held[i];
        if (permission_set_has(&held->binding->permissions, permission) &&
            access_held_covers(held, place) &&
            (!best ||
             access_id_compare(&held->binding->binding_id, &best->binding->binding_id) < 0))
            best = held;
    }
    return best;
}
