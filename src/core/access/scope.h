/*
 * Where a principal's right reaches, as SQL: a condition for the WHERE of lists, searches and exports, so that a row out
 * of scope is not read, counted or paged over. It says what access_may says of the same row.
 *
 * A scope is bound as six parameters: for the person and for the token each whether it is everywhere, the groups whose
 * objects it reaches (16 bytes each), and the bindings by tag (32 bytes each: the binding, and a group that the object
 * must lie in, or the binding again when it may lie anywhere).
 */
#pragma once
#include "core/access/access.h"
#include "store/store.h"

struct access_scope_part {
    bool everywhere;
    struct cx_bytes groups, tagged;
};
struct access_scope {
    struct access_scope_part person, token;
};
enum { ACCESS_SCOPE_PARAMETERS = 6 };

/* Lists are in the arena. */
cx_err access_scope_of(const struct principal *principal, enum permission permission,
                       struct arena *arena, struct access_scope *ret_scope);
/* For who is not a principal. */
struct access_scope access_scope_everywhere(void);
/* The scope is one group and nothing else: its parameter of groups is that group, which an index can lead to. */
bool access_scope_is_group(const struct access_scope *scope);
/* Six parameters from first on. */
void access_scope_bind(struct store_stmt *q, int first, const struct access_scope *scope);

/* The identifiers in a parameter, one row each. */
#define SCOPE_IDS(blob)                                                                            \
    "(WITH RECURSIVE cut (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM cut "                        \
    "WHERE (i + 1) * 16 < length(" blob ")) SELECT substr(" blob ", i * 16 + 1, 16) FROM cut)"

#define SCOPE_BINDING(blob) "substr(" blob ", i * 32 + 1, 16)"
#define SCOPE_BINDING_GROUP(blob) "substr(" blob ", i * 32 + 17, 16)"

/* Some binding by tag holds: it has clauses, and none of them without a tag of the object. */
#define SCOPE_TAGGED(blob, row, tags, key)                                                         \
    "EXISTS (WITH RECURSIVE cut (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM cut "                 \
    "WHERE (i + 1) * 32 < length(" blob ")) SELECT 1 FROM cut WHERE "                              \
    "(" SCOPE_BINDING_GROUP(blob) " = " SCOPE_BINDING(blob) " OR " SCOPE_BINDING_GROUP(            \
        blob) " = " row ".group_id) "                                                              \
              "AND EXISTS (SELECT 1 FROM binding_tag k WHERE k.tenant_id = $1 "                    \
              "AND k.binding_id = " SCOPE_BINDING(                                                 \
                  blob) ") "                                                                       \
                        "AND NOT EXISTS (SELECT 1 FROM binding_tag k WHERE k.tenant_id = $1 "      \
                        "AND k.binding_id = " SCOPE_BINDING(                                       \
                            blob) " AND NOT EXISTS (SELECT 1 FROM binding_tag l "                  \
                                  "JOIN " tags " o ON o.tenant_id = l.tenant_id AND o.name = "     \
                                  "l.name AND o.value = l.value "                                  \
                                  "WHERE l.tenant_id = $1 AND l.binding_id = k.binding_id AND "    \
                                  "l.clause = k.clause "                                           \
                                  "AND o." key " = " row "." key ")))"

#define SCOPE_PART(row, tags, key, everywhere, groups, tagged)                                     \
    "(" everywhere " = 1 OR " row                                                                  \
    ".group_id IN " SCOPE_IDS(groups) " OR " SCOPE_TAGGED(tagged, row, tags, key) ")"

/* row: alias of request or certificate; tags, key: its table of tags and the column that joins them. $1 is the
 * tenant, p1 … p6 the parameters of access_scope_bind. */
#define SCOPE_OBJECT(row, tags, key, p1, p2, p3, p4, p5, p6)                                       \
    "(" SCOPE_PART(row, tags, key, p1, p2, p3) " AND " SCOPE_PART(row, tags, key, p4, p5, p6) ")"

/* A person lies in the groups they are a member of, and carries no tags. The parameters of tags are named so that
 * every one of the six is used. */
#define SCOPE_PERSON(user, everywhere, groups, tagged)                                             \
    "(" everywhere " = 1 OR (length(" tagged ") >= 0 AND EXISTS (SELECT 1 FROM group_member gm "   \
    "WHERE gm.tenant_id = $1 AND gm.user_id = " user                                               \
    " AND gm.ended_us IS NULL AND gm.group_id IN " SCOPE_IDS(groups) ")))"
#define SCOPE_PEOPLE(user, p1, p2, p3, p4, p5, p6)                                                 \
    "(" SCOPE_PERSON(user, p1, p2, p3) " AND " SCOPE_PERSON(user, p4, p5, p6) ")"

/* A group lies in itself and in those above it. */
#define SCOPE_GROUP(group, everywhere, groups, tagged)                                             \
    "(" everywhere " = 1 OR (length(" tagged ") >= 0 AND " group " IN " SCOPE_IDS(groups) "))"
#define SCOPE_GROUPS(group, p1, p2, p3, p4, p5, p6)                                                \
    "(" SCOPE_GROUP(group, p1, p2, p3) " AND " SCOPE_GROUP(group, p4, p5, p6) ")"
