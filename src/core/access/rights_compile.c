/* Makes rights from a state: who the subject is (groups, upwards), where each binding reaches (groups, downwards), and
 * the tables that decisions look up. Linear in the rows that concern the subject, times the groups they reach. */
#include "base/cleanup.h"
#include "base/map.h"
#include "core/access/rights_internal.h"

enum { GROUPS_MAX = 1 << 20, SCRATCH_MAX = 256 * 1024 * 1024 };

/* A group that the person is in, and the one below it by which they are (itself: their own). */
struct climbed {
    struct cx_id group_id;
    const struct climbed *from; /* NULL: a member directly */
};

struct compiler {
    const struct access_state *state;
    struct access_subject_ids who;
    cx_time now_us;
    struct access_rights *rights;
    struct arena scratch;
    const struct access_nesting **by_parent, **by_child; /* sorted */
    struct cx_map climbed;                               /* group → struct climbed */
    struct cx_map reaches;                               /* list of groups → struct id_list */
    size_t reach_total, node_total;
};

struct id_list {
    struct cx_id *ids;
    size_t count;
};

static void compiler_clear(struct compiler *compiler)
{
    cx_map_clear(&compiler->climbed, NULL);
    cx_map_clear(&compiler->reaches, NULL);
    arena_clear(&compiler->scratch);
    access_rights_release(compiler->rights);
}

static int by_parent(const void *a, const void *b)
{
    const struct access_nesting *const *x = a, *const *y = b;
    return access_id_compare(&(*x)->parent_id, &(*y)->parent_id);
}

static int by_child(const void *a, const void *b)
{
    const struct access_nesting *const *x = a, *const *y = b;
    return access_id_compare(&(*x)->child_id, &(*y)->child_id);
}

static cx_err sort_nestings(struct compiler *compiler)
{
    size_t count = compiler->state->nesting_count;
    CX_TRY(arena_alloc_array(&compiler->scratch, count, sizeof(*compiler->by_parent),
                             (void **)&compiler->by_parent));
    CX_TRY(arena_alloc_array(&compiler->scratch, count, sizeof(*compiler->by_child),
                             (void **)&compiler->by_child));
    for (size_t i = 0; i < count; i++)
        compiler->by_parent[i] = compiler->by_child[i] = &compiler->state->nestings[i];
    if (count > 1) {
        qsort(compiler->by_parent, count, sizeof(*compiler->by_parent), by_parent);
        qsort(compiler->by_child, count, sizeof(*compiler->by_child), by_child);
    }
    return CX_OK;
}

/* The first nesting whose parent (child, when up) is id; walk on while it matches. */
static size_t first_of(const struct compiler *compiler, struct cx_id id, bool up)
{
    size_t low = 0, high = compiler->state->nesting_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct cx_id *key =
            up ? &compiler->by_child[middle]->child_id : &compiler->by_parent[middle]->parent_id;
        if (access_id_compare(key, &id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static cx_err climb_to(struct compiler *compiler, struct cx_id group_id, const struct climbed *from,
                       const struct climbed **queue, size_t *count)
{
    struct climbed *climbed = NULL;
    if (cx_map_get(&compiler->climbed, cx_id_bytes(&group_id)))
        return CX_OK;
    CX_TRY(ARENA_NEW(&compiler->scratch, &climbed));
    *climbed = (struct climbed){group_id, from};
    CX_TRY(cx_map_put(&compiler->climbed, cx_id_bytes(&group_id), climbed, NULL));
    queue[(*count)++] = climbed;
    return CX_OK;
}

/* Breadth first, so that a path is a shortest one. */
static cx_err climb_on(struct compiler *compiler, const struct climbed **queue, size_t count)
{
    const struct access_state *state = compiler->state;
    for (size_t i = 0; i < count; i++)
        for (size_t n = first_of(compiler, queue[i]->group_id, true);
             n < state->nesting_count &&
             cx_id_eq(compiler->by_child[n]->child_id, queue[i]->group_id);
             n++)
            CX_TRY(climb_to(compiler, compiler->by_child[n]->parent_id, queue[i], queue, &count));
    return CX_OK;
}

/* Of all that was climbed the group, with the way to it, and what is above it remain. */
static cx_err keep_group(struct compiler *compiler, const struct climbed **queue)
{
    struct cx_id group_id = compiler->who.group_id;
    const struct climbed *group = cx_map_get(&compiler->climbed, cx_id_bytes(&group_id));
    size_t count = 0;
    cx_map_clear(&compiler->climbed, NULL);
    if (!group)
        return CX_OK;
    CX_TRY(climb_to(compiler, group_id, group->from, queue, &count));
    return climb_on(compiler, queue, count);
}

static cx_err climb(struct compiler *compiler)
{
    const struct access_state *state = compiler->state;
    const struct climbed **queue = NULL;
    size_t count = 0;
    if (!cx_id_is_zero(compiler->who.token_id))
        return CX_OK; /* a token is in no group */
    CX_TRY(arena_alloc_array(&compiler->scratch, state->member_count + state->nesting_count + 1,
                             sizeof(*queue), (void **)&queue));
    for (size_t i = 0; i < state->member_count; i++)
        if (cx_id_eq(state->members[i].user_id, compiler->who.user_id))
            CX_TRY(climb_to(compiler, state->members[i].group_id, NULL, queue, &count));
    CX_TRY(climb_on(compiler, queue, count));
    return cx_id_is_zero(compiler->who.group_id) ? CX_OK : keep_group(compiler, queue);
}

static bool concerns(const struct compiler *compiler, const struct access_binding *binding)
{
    bool token = !cx_id_is_zero(compiler->who.token_id);
    bool member = !cx_id_is_zero(compiler->who.group_id);
    switch (binding->subject) {
    case ACCESS_USER:
        return !token && !member && cx_id_eq(binding->subject_id, compiler->who.user_id);
    case ACCESS_GROUP:
        return cx_map_get(&compiler->climbed, cx_id_bytes(&binding->subject_id)) != NULL;
    case ACCESS_TOKEN:
        return token && cx_id_eq(binding->subject_id, compiler->who.token_id);
    case ACCESS_SUBJECT_COUNT:
        break;
    }
    return false;
}

static void note_until(struct compiler *compiler, cx_time time_us)
{
    if (time_us > compiler->now_us && time_us < compiler->rights->until_us)
        compiler->rights->until_us = time_us;
}

static cx_err add_reached(struct cx_map *seen, struct id_list *list, struct cx_id id)
{
    if (cx_map_get(seen, cx_id_bytes(&id)))
        return CX_OK;
    CX_TRY(cx_map_put(seen, cx_id_bytes(&id), list, NULL));
    list->ids[list->count++] = id;
    return CX_OK;
}

/* The groups and all below them, sorted, in the arena of the rights. */
static cx_err descend(struct compiler *compiler, const struct cx_id *groups, size_t count,
                      struct id_list *ret_list)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(SCRATCH_MAX);
    struct cx_map seen = CX_MAP_INIT(GROUPS_MAX);
    struct id_list list = {0};
    const struct access_state *state = compiler->state;
    cx_err err = ARENA_NEW_ARRAY(&arena, count + state->nesting_count, &list.ids);
    for (size_t i = 0; cx_is_ok(err) && i < count; i++)
        err = add_reached(&seen, &list, groups[i]);
    for (size_t i = 0; cx_is_ok(err) && i < list.count; i++)
        for (size_t n = first_of(compiler, list.ids[i], false);
             cx_is_ok(err) && n < state->nesting_count &&
             cx_id_eq(compiler->by_parent[n]->parent_id, list.ids[i]);
             n++)
            err = add_reached(&seen, &list, compiler->by_parent[n]->child_id);
    cx_map_clear(&seen, NULL);
    CX_TRY(err);
    CX_TRY(ARENA_NEW_ARRAY(&compiler->rights->arena, list.count, &ret_list->ids));
    memcpy(ret_list->ids, list.ids, list.count * sizeof(*list.ids));
    ret_list->count = list.count;
    qsort(ret_list->ids, list.count, sizeof(*list.ids), access_id_compare);
    return CX_OK;
}

/* Bindings to the same groups share one list. */
static cx_err reach_of(struct compiler *compiler, struct access_held *held)
{
    const struct access_binding *binding = held->binding;
    struct cx_bytes key =
        CX_BYTES(binding->groups, binding->group_count * sizeof(*binding->groups));
    if (binding->everywhere || binding->group_count == 0)
        return CX_OK;
    struct id_list *list = cx_map_get(&compiler->reaches, key);
    if (!list) {
        CX_TRY(ARENA_NEW(&compiler->scratch, &list));
        CX_TRY(descend(compiler, binding->groups, binding->group_count, list));
        CX_TRY(cx_map_put(&compiler->reaches, key, list, NULL));
        compiler->reach_total += list->count;
    }
    held->reach = list->ids;
    held->reach_count = list->count;
    return CX_OK;
}

static cx_err path_of(struct compiler *compiler, struct access_held *held)
{
    struct cx_id *path = NULL;
    size_t count = 0;
    if (held->binding->subject != ACCESS_GROUP)
        return CX_OK;
    const struct climbed *last =
        cx_map_get(&compiler->climbed, cx_id_bytes(&held->binding->subject_id));
    for (const struct climbed *step = last; step; step = step->from)
        count++;
    CX_TRY(ARENA_NEW_ARRAY(&compiler->rights->arena, count, &path));
    held->path = path;
    held->path_count = count;
    for (const struct climbed *step = last; step; step = step->from)
        path[--count] = step->group_id;
    return CX_OK;
}

static const struct tag_clause *narrowest(const struct tag_expression *tags)
{
    const struct tag_clause *best = &tags->clauses[0];
    for (size_t i = 1; i < tags->count; i++)
        if (tags->clauses[i].count < best->count)
            best = &tags->clauses[i];
    return best;
}

static cx_err copy_tags(struct arena *arena, const struct tag_expression *from,
                        const struct tag_expression **ret_copy)
{
    struct tag_expression *copy = NULL;
    CX_TRY(ARENA_NEW(arena, &copy));
    CX_TRY(ARENA_NEW_ARRAY(arena, from->count, &copy->clauses));
    copy->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        struct tag_clause *clause = &copy->clauses[i];
        clause->count = from->clauses[i].count;
        CX_TRY(ARENA_NEW_ARRAY(arena, clause->count, &clause->tags));
        for (size_t j = 0; j < clause->count; j++) {
            CX_TRY(arena_copy_str(arena, from->clauses[i].tags[j].name, &clause->tags[j].name));
            CX_TRY(arena_copy_str(arena, from->clauses[i].tags[j].value, &clause->tags[j].value));
        }
    }
    *ret_copy = copy;
    return CX_OK;
}

/* Rights outlive the state that they come from. */
static cx_err copy_binding(struct arena *arena, const struct access_binding *from,
                           const struct access_binding **ret_copy)
{
    struct access_binding *copy = NULL;
    struct cx_id *groups = NULL;
    CX_TRY(ARENA_NEW(arena, &copy));
    *copy = *from;
    CX_TRY(arena_copy_str(arena, from->role, &copy->role));
    CX_TRY(ARENA_NEW_ARRAY(arena, from->group_count, &groups));
    if (from->group_count)
        memcpy(groups, from->groups, from->group_count * sizeof(*groups));
    copy->groups = groups;
    if (from->tags)
        CX_TRY(copy_tags(arena, from->tags, &copy->tags));
    *ret_copy = copy;
    return CX_OK;
}

static cx_err hold(struct compiler *compiler, const struct access_binding *binding)
{
    struct access_rights *rights = compiler->rights;
    struct access_held *held = &rights->held[rights->held_count];
    CX_TRY(copy_binding(&rights->arena, binding, &held->binding));
    CX_TRY(reach_of(compiler, held));
    CX_TRY(path_of(compiler, held));
    if (binding->everywhere)
        permission_set_join(&rights->everywhere, &binding->permissions);
    else if (binding->tags)
        compiler->node_total += narrowest(binding->tags)->count;
    permission_set_join(&rights->anywhere, &binding->permissions);
    rights->held_count++;
    return CX_OK;
}

static cx_err hold_all(struct compiler *compiler)
{
    const struct access_state *state = compiler->state;
    size_t count = 0;
    for (size_t i = 0; i < state->binding_count; i++)
        count += concerns(compiler, &state->bindings[i]);
    CX_TRY(ARENA_NEW_ARRAY(&compiler->rights->arena, count, &compiler->rights->held));
    for (size_t i = 0; i < state->binding_count; i++) {
        const struct access_binding *binding = &state->bindings[i];
        if (!concerns(compiler, binding))
            continue;
        note_until(compiler, binding->start_us);
        note_until(compiler, binding->expires_us);
        bool scoped = binding->everywhere || binding->group_count || binding->tags;
        if (scoped && binding->start_us <= compiler->now_us &&
            compiler->now_us < binding->expires_us)
            CX_TRY(hold(compiler, binding));
    }
    return CX_OK;
}

static size_t slots_for(size_t count)
{
    size_t slots = 4;
    while (slots < 2 * count)
        slots *= 2;
    return slots;
}

static void add_group(struct access_rights *rights, struct cx_id group_id,
                      const struct permission_set *permissions)
{
    size_t i = rights_hash_id(group_id);
    while (rights->groups[i & rights->group_mask].used &&
           !cx_id_eq(rights->groups[i & rights->group_mask].group_id, group_id))
        i++;
    struct group_slot *slot = &rights->groups[i & rights->group_mask];
    slot->used = true;
    slot->group_id = group_id;
    permission_set_join(&slot->permissions, permissions);
}

static bool is_group_grant(const struct access_binding *binding)
{
    return !binding->everywhere && binding->group_count && !binding->tags;
}

static cx_err make_group_table(struct compiler *compiler)
{
    struct access_rights *rights = compiler->rights;
    if (compiler->reach_total == 0)
        return CX_OK;
    size_t slots = slots_for(compiler->reach_total);
    CX_TRY(ARENA_NEW_ARRAY(&rights->arena, slots, &rights->groups));
    rights->group_mask = slots - 1;
    for (size_t i = 0; i < rights->held_count; i++)
        for (size_t g = 0;
             is_group_grant(rights->held[i].binding) && g < rights->held[i].reach_count; g++)
            add_group(rights, rights->held[i].reach[g], &rights->held[i].binding->permissions);
    return CX_OK;
}

static struct tag_slot *add_tag(struct access_rights *rights, const struct access_tag *tag)
{
    struct tag_slot *slot = rights_tag_slot(rights, tag);
    slot->used = true;
    slot->hash = rights_hash_tag(tag);
    slot->tag = *tag;
    return slot;
}

/* Any one tag of its only clause is all that the binding asks for. */
static bool is_tag_grant(const struct access_binding *binding)
{
    return binding->group_count == 0 && binding->tags->count == 1;
}

static void add_tags(struct access_rights *rights, size_t held, uint32_t *node)
{
    const struct access_binding *binding = rights->held[held].binding;
    const struct tag_clause *clause = narrowest(binding->tags);
    for (size_t t = 0; t < clause->count; t++) {
        struct tag_slot *slot = add_tag(rights, &clause->tags[t]);
        if (is_tag_grant(binding)) {
            permission_set_join(&slot->alone, &binding->permissions);
            continue;
        }
        rights->nodes[*node] = (struct tag_node){.held = (uint32_t)held, .next = slot->first};
        slot->first = ++*node;
    }
}

static cx_err make_tag_table(struct compiler *compiler)
{
    struct access_rights *rights = compiler->rights;
    uint32_t node = 0;
    if (compiler->node_total == 0)
        return CX_OK;
    if (compiler->node_total >= UINT32_MAX)
        return CX_ERR(LIMIT);
    size_t slots = slots_for(compiler->node_total);
    CX_TRY(ARENA_NEW_ARRAY(&rights->arena, slots, &rights->tags));
    CX_TRY(ARENA_NEW_ARRAY(&rights->arena, compiler->node_total, &rights->nodes));
    rights->tag_mask = slots - 1;
    for (size_t i = 0; i < rights->held_count; i++) {
        const struct access_binding *binding = rights->held[i].binding;
        if (!binding->everywhere && binding->tags)
            add_tags(rights, i, &node);
    }
    return CX_OK;
}

static cx_err rights_new(struct access_rights **ret_rights)
{
    struct access_rights *rights = calloc(1, sizeof(*rights));
    if (!rights)
        return CX_ERR(NOMEM);
    atomic_init(&rights->references, 1);
    rights->arena = ARENA_INIT(ACCESS_RIGHTS_MAX);
    rights->until_us = CX_TIME_NEVER;
    *ret_rights = rights;
    return CX_OK;
}

cx_err access_rights_compile(const struct access_state *state, struct access_subject_ids who,
                             cx_time now_us, struct access_rights **ret_rights)
{
    CX_CLEANUP(compiler_clear)
    struct compiler compiler = {.state = state,
                                .who = who,
                                .now_us = now_us,
                                .scratch = ARENA_INIT(SCRATCH_MAX),
                                .climbed = CX_MAP_INIT(GROUPS_MAX),
                                .reaches = CX_MAP_INIT(GROUPS_MAX)};
    CX_TRY(rights_new(&compiler.rights));
    CX_TRY(sort_nestings(&compiler));
    CX_TRY(climb(&compiler));
    CX_TRY(hold_all(&compiler));
    CX_TRY(make_group_table(&compiler));
    CX_TRY(make_tag_table(&compiler));
    *ret_rights = compiler.rights;
    compiler.rights = NULL;
    return CX_OK;
}
