/*
 * From what is stored about access to what one person, or one token, may do: a state (plain rows, of now or of any
 * time) is compiled into rights, and a decision is a table look-up in them, flat in the number of bindings.
 *
 *   state  ──access_rights_compile──►  rights  ──access_rights_allow──►  yes or no
 *                                              ──access_rights_reason─►  the binding and the path to it
 *
 * Everything is a grant: there is no negative binding, so the order of rows means nothing and taking a row away never
 * adds a right. What forbids (separation of duties, a narrowed token) is in authorise(), and wins there.
 *
 * A binding holds for an object when it is everywhere; or when the object's group is one of its groups or nested
 * below one (or it names no group), and its tag expression holds (or it has none). A binding that names neither
 * holds nowhere. Rights are immutable once compiled and counted by reference. Pure functions: no I/O, no clock.
 */
#pragma once
#include "api_permissions.h" /* generated */
#include "base/clock.h"
#include "base/id.h"
#include "core/access/tag_expression.h"

enum { PERMISSION_WORDS = (PERMISSION_COUNT + 63) / 64 };
struct permission_set {
    uint64_t words[PERMISSION_WORDS];
};
static inline bool permission_set_has(const struct permission_set *set, enum permission permission)
{
    return (unsigned)permission < PERMISSION_COUNT &&
           (set->words[(unsigned)permission / 64] >> ((unsigned)permission % 64) & 1) != 0;
}
static inline void permission_set_add(struct permission_set *set, enum permission permission)
{
    set->words[(unsigned)permission / 64] |= (uint64_t)1 << ((unsigned)permission % 64);
}
static inline void permission_set_join(struct permission_set *set,
                                       const struct permission_set *more)
{
    for (size_t i = 0; i < PERMISSION_WORDS; i++)
        set->words[i] |= more->words[i];
}

enum access_subject { ACCESS_USER, ACCESS_GROUP, ACCESS_TOKEN, ACCESS_SUBJECT_COUNT };

struct access_member {
    struct cx_id group_id, user_id;
};
/* Members of the child are members of the parent, and what the child owns lies in the parent. */
struct access_nesting {
    struct cx_id parent_id, child_id;
};
struct access_binding {
    struct cx_id binding_id;
    enum access_subject subject;
    struct cx_id subject_id;
    struct cx_str role;
    struct permission_set permissions; /* of the role; none when there is no such role */
    bool everywhere;
    const struct cx_id *groups;
    size_t group_count;
    const struct tag_expression *tags; /* NULL: none */
    cx_time start_us, expires_us;      /* [start, expires); CX_TIME_NEVER: does not end */
    bool break_glass;                  /* what is done by it is marked in the log */
};
#define CX_TIME_NEVER INT64_MAX

struct access_state {
    const struct access_member *members;
    size_t member_count;
    const struct access_nesting *nestings;
    size_t nesting_count;
    struct access_binding *bindings;
    size_t binding_count;
};

/* Where an object lies. A user lies in every group they are a member of. */
struct access_place {
    const struct cx_id *groups;
    size_t group_count;
    const struct access_tag *tags;
    size_t tag_count;
};

/* Who asks: a person (token_id zero), or what a token's own bindings leave. With a group_id it is the person as a
 * member of that group: the bindings of the group and of those above it alone, and none once they have left it. */
struct access_subject_ids {
    struct cx_id user_id;
    struct cx_id token_id;
    struct cx_id group_id;
};

/* Replaces the bindings of a token in state by those that it and the other one leave together: each of its own with each
 * of the other's, where both hold. A binding of the result is one row of the token. In arena. CX_E_LIMIT beyond
 * ACCESS_MEET_MAX of them. */
enum { ACCESS_MEET_MAX = 4096 };
cx_err access_state_meet(struct access_state *state, struct cx_id token_id,
                         const struct access_state *other, struct cx_id other_id,
                         struct arena *arena);

struct access_rights;
/* Bindings that are not in force at now_us are left out; the rights say until when that stays so. CX_E_LIMIT when
 * they would take more than ACCESS_RIGHTS_MAX bytes. */
enum { ACCESS_RIGHTS_MAX = 512 * 1024 * 1024 };
cx_err access_rights_compile(const struct access_state *state, struct access_subject_ids who,
                             cx_time now_us, struct access_rights **ret_rights);
struct access_rights *access_rights_hold(struct access_rights *rights);
void access_rights_release(struct access_rights *rights); /* NULL-safe */

bool access_rights_everywhere(const struct access_rights *rights, enum permission permission);
bool access_rights_anywhere(const struct access_rights *rights, enum permission permission);
bool access_rights_allow(const struct access_rights *rights, enum permission permission,
                         const struct access_place *place);
cx_time access_rights_until(const struct access_rights *rights);
/* Some of them come from an opened break-glass account. */
bool access_rights_break_glass(const struct access_rights *rights);

/* A binding that is in force for the subject, and how it got to it. Views live as long as the rights. */
struct access_held {
    const struct access_binding *binding;
    const struct cx_id
        *path; /* groups from the user's own up to the binding's subject; none when direct */
    size_t path_count;
    const struct cx_id *reach; /* the binding's groups with all nested below, sorted */
    size_t reach_count;
};
size_t access_rights_held(const struct access_rights *rights, const struct access_held **ret_held);
/* The permitting binding with the smallest identifier; NULL when nothing permits. */
const struct access_held *access_rights_reason(const struct access_rights *rights,
                                               enum permission permission,
                                               const struct access_place *place);
/* Whether one binding's scope holds for a place, whoever its subject is. */
bool access_held_covers(const struct access_held *held, const struct access_place *place);
/* Octet by octet, for qsort and bsearch over struct cx_id. */
int access_id_compare(const void *a, const void *b);
