#include "core/change/object.h"
#include "base/cleanup.h"
#include "codec/hex.h"
#include "codec/json_write.h"

enum {
    COLUMNS_MAX = 20,
    LISTS_MAX = 2,
    LIST_COLUMNS_MAX = 4,
    CONTENT_MAX = 512 * 1024,
    KEY_TEXT_MAX = 1024,
    ROWS_FIRST = 16
};

struct column {
    const char *name;
    char type; /* 'i'dentifier, 't'ext, 'n'umber */
};
/* Rows of another table that belong to the object: found by its first key column, in the order of the statement. One column
 * makes a list of values, more make a list of objects. */
struct list {
    const char *name, *sql;
    struct column columns[LIST_COLUMNS_MAX];
};
struct object {
    const char *name;
    const char *all, *by_one, *by_two; /* NULL: never asked for that way */
    size_t key_count;                  /* columns that name it, first */
    struct column columns[COLUMNS_MAX];
    struct list lists[LISTS_MAX];
};

#define AS_SQL(name, type) ", " #name
#define AS_COLUMN(name, type) {#name, type},
/* The constant keeps the comma before every name. */
#define FROM(COLUMNS, table) "SELECT 1" COLUMNS(AS_SQL) " FROM " table " WHERE tenant_id = $1"
#define BY_ONE(COLUMNS, table, one) FROM(COLUMNS, table) " AND " one " = $2"
#define BY_TWO(COLUMNS, table, one, two) BY_ONE(COLUMNS, table, one) " AND " two " = $3"

#define TENANT(X) X(name, 't') X(state, 't') X(created_us, 'n')
#define USER(X) X(user_id, 'i') X(state, 't') X(created_us, 'n') X(disabled_us, 'n')
#define GROUP(X) X(group_id, 'i') X(name, 't') X(created_us, 'n') X(created_by_id, 'i')
#define MEMBER(X)                                                                                  \
    X(group_id, 'i')                                                                               \
    X(user_id, 'i') X(added_us, 'n') X(added_by_id, 'i') X(ended_us, 'n')
#define NESTING(X)                                                                                 \
    X(parent_id, 'i')                                                                              \
    X(child_id, 'i') X(added_us, 'n') X(added_by_id, 'i') X(ended_us, 'n')
#define ROLE(X) X(name, 't') X(created_us, 'n') X(created_by_id, 'i')
#define CONFLICT(X) X(one, 't') X(other, 't') X(created_us, 'n') X(created_by_id, 'i')
#define BINDING(X)                                                                                 \
    X(binding_id, 'i')                                                                             \
    X(subject_type, 't')                                                                           \
    X(subject_id, 'i')                                                                             \
    X(role, 't')                                                                                   \
    X(everywhere, 'n')                                                                             \
    X(tags, 't')                                                                                   \
    X(start_us, 'n')                                                                               \
    X(expires_us, 'n')                                                                             \
    X(created_us, 'n')                                                                             \
    X(created_by_id, 'i')                                                                          \
    X(ended_us, 'n')                                                                               \
    X(ended_by_id, 'i') X(standing, 't') X(source_id, 'i') X(break_glass, 'n')
#define ISSUER(X)                                                                                  \
    X(issuer_id, 'i')                                                                              \
    X(name, 't')                                                                                   \
    X(state, 't')                                                                                  \
    X(key_type, 't')                                                                               \
    X(certificate, 'i')                                                                            \
    X(chain, 'i')                                                                                  \
    X(parent_id, 'i') X(shard_count, 'n') X(status_url, 't') X(not_after_us, 'n') X(created_us, 'n')
#define PROFILE(X)                                                                                 \
    X(name, 't')                                                                                   \
    X(version, 'n') X(state, 't') X(content, 't') X(created_us, 'n') X(effective_us, 'n')
#define DIRECTORY(X)                                                                               \
    X(directory_id, 'i')                                                                           \
    X(name, 't')                                                                                   \
    X(state, 't')                                                                                  \
    X(issuer_id, 'i')                                                                              \
    X(profiles, 't')                                                                               \
    X(user_id, 'i')                                                                                \
    X(challenges, 'n')                                                                             \
    X(caa_identity, 't')                                                                           \
    X(terms_url, 't')                                                                              \
    X(reuse_s, 'n')                                                                                \
    X(account_limit, 'n')                                                                          \
    X(account_window_s, 'n') X(name_limit, 'n') X(name_window_s, 'n') X(created_us, 'n')
#define PROVIDER(X)                                                                                \
    X(provider_id, 'i')                                                                            \
    X(name, 't')                                                                                   \
    X(state, 't')                                                                                  \
    X(issuer, 't')                                                                                 \
    X(client_id, 't')                                                                              \
    X(scopes, 't')                                                                                 \
    X(groups_claim, 't')                                                                           \
    X(userinfo, 'n')                                                                               \
    X(provision, 'n')                                                                              \
    X(factor_acr, 't')                                                                             \
    X(factor_amr, 't')                                                                             \
    X(ca_pem, 't') X(created_us, 'n') X(changed_us, 'n') X(changed_by_id, 'i')
#define RULE(X)                                                                                    \
    X(rule_id, 'i')                                                                                \
    X(action, 't')                                                                                 \
    X(subject, 't')                                                                                \
    X(group_id, 'i')                                                                               \
    X(tags, 't')                                                                                   \
    X(lifetime_s, 'n')                                                                             \
    X(escalate_s, 'n')                                                                             \
    X(escalate_to, 't')                                                                            \
    X(created_us, 'n')                                                                             \
    X(created_by_id, 'i') X(in_force_us, 'n') X(ended_us, 'n') X(ended_by_id, 'i')
#define DELEGATION(X)                                                                              \
    X(delegation_id, 'i')                                                                          \
    X(delegator_id, 'i')                                                                           \
    X(delegate_id, 'i')                                                                            \
    X(kind, 't')                                                                                   \
    X(group_id, 'i')                                                                               \
    X(start_us, 'n') X(expires_us, 'n') X(created_us, 'n') X(ended_us, 'n') X(ended_by_id, 'i')
#define BREAK_GLASS(X) X(user_id, 'i') X(created_us, 'n') X(created_by_id, 'i')
#define SCIM_CLIENT(X)                                                                             \
    X(user_id, 'i')                                                                                \
    X(token_id, 'i')                                                                               \
    X(binding_id, 'i')                                                                             \
    X(expires_us, 'n')                                                                             \
    X(created_us, 'n') X(changed_us, 'n') X(changed_by_id, 'i') X(revoked_us, 'n')
#define SCIM_GROUP(X)                                                                              \
    X(group_id, 'i')                                                                               \
    X(client_id, 'i')                                                                              \
    X(display_name, 't')                                                                           \
    X(external_id, 't')                                                                            \
    X(made_here, 'n')                                                                              \
    X(privileged_allowed, 'n')                                                                     \
    X(marked_by_id, 'i') X(created_us, 'n') X(changed_us, 'n') X(removed_us, 'n')
#define OWNER(X)                                                                                   \
    X(user_id, 'i')                                                                                \
    X(since_us, 'n') X(owner_id, 'i') X(group_id, 'i') X(given_by_id, 'i') X(ended_us, 'n')
#define PLAYBOOK(X)                                                                                \
    X(name, 't')                                                                                   \
    X(version, 'n')                                                                                \
    X(state, 't') X(content, 't') X(effective_us, 'n') X(created_us, 'n') X(created_by_id, 'i')

#define SETTING(X)                                                                                 \
    X(name, 't')                                                                                   \
    X(version, 'n')                                                                                \
    X(value, 'n')                                                                                  \
    X(value_before, 'n') X(effective_us, 'n') X(changed_us, 'n') X(changed_by_id, 'i')

#define RULE_PACK(X)                                                                               \
    X(name, 't') X(version, 't') X(content, 't') X(created_us, 'n') X(created_by_id, 'i')
#define RULE_PACK_USE(X)                                                                           \
    X(name, 't')                                                                                   \
    X(number, 'n') X(version, 't') X(from_us, 'n') X(created_us, 'n') X(created_by_id, 'i')

#define PERMISSIONS(X) X(permission, 't')
#define GROUPS(X) X(group_id, 'i')
#define TAGS(X) X(clause, 'n') X(name, 't') X(value, 't')
#define STAGES(X) X(stage, 'n') X(who, 't') X(approvers, 'n')
#define RULES(X) X(claim_value, 't') X(group_id, 'i') X(role, 't')

static const struct object OBJECTS[CHANGE_OBJECT_COUNT] = {
    [CHANGE_TENANT] = {.name = "tenant",
                       .all = FROM(TENANT, "tenant"),
                       .key_count = 1,
                       .columns = {TENANT(AS_COLUMN)}},
    [CHANGE_USER] = {.name = "user",
                     .all = FROM(USER, "tenant_user"),
                     .by_one = BY_ONE(USER, "tenant_user", "user_id"),
                     .key_count = 1,
                     .columns = {USER(AS_COLUMN)}},
    [CHANGE_GROUP] = {.name = "group",
                      .all = FROM(GROUP, "access_group"),
                      .by_one = BY_ONE(GROUP, "access_group", "group_id"),
                      .key_count = 1,
                      .columns = {GROUP(AS_COLUMN)}},
    [CHANGE_MEMBER] = {.name = "member",
                       .all = FROM(MEMBER, "group_member"),
                       .by_two = BY_TWO(MEMBER, "group_member", "group_id", "user_id"),
                       .key_count = 3,
                       .columns = {MEMBER(AS_COLUMN)}},
    [CHANGE_NESTING] = {.name = "nesting",
                        .all = FROM(NESTING, "group_nesting"),
                        .by_two = BY_TWO(NESTING, "group_nesting", "parent_id", "child_id"),
                        .key_count = 3,
                        .columns = {NESTING(AS_COLUMN)}},
    [CHANGE_ROLE] = {.name = "role",
                     .all = FROM(ROLE, "custom_role"),
                     .by_one = BY_ONE(ROLE, "custom_role", "name"),
                     .key_count = 1,
                     .columns = {ROLE(AS_COLUMN)},
                     .lists = {{"permissions",
                                BY_ONE(PERMISSIONS, "custom_role_permission",
                                       "role") " AND ended_us IS NULL ORDER BY permission",
                                {PERMISSIONS(AS_COLUMN)}}}},
    [CHANGE_ROLE_CONFLICT] = {.name = "role-conflict",
                              .all = FROM(CONFLICT, "role_conflict"),
                              .key_count = 2,
                              .columns = {CONFLICT(AS_COLUMN)}},
    [CHANGE_BINDING] =
        {.name = "binding",
         .all = FROM(BINDING, "role_binding"),
         .by_one = BY_ONE(BINDING, "role_binding", "binding_id"),
         .key_count = 1,
         .columns = {BINDING(AS_COLUMN)},
         .lists = {{"scope_groups",
                    BY_ONE(GROUPS, "binding_group", "binding_id") " ORDER BY group_id",
                    {GROUPS(AS_COLUMN)}},
                   {"scope_tags",
                    BY_ONE(TAGS, "binding_tag", "binding_id") " ORDER BY clause, name, value",
                    {TAGS(AS_COLUMN)}}}},
    [CHANGE_ISSUER] = {.name = "issuer",
                       .all = FROM(ISSUER, "issuer"),
                       .by_one = BY_ONE(ISSUER, "issuer", "issuer_id"),
                       .key_count = 1,
                       .columns = {ISSUER(AS_COLUMN)}},
    [CHANGE_PROFILE] = {.name = "certificate-profile",
                        .all = FROM(PROFILE, "profile_version"),
                        .by_one = BY_ONE(PROFILE, "profile_version", "name"),
                        .key_count = 2,
                        .columns = {PROFILE(AS_COLUMN)}},
    [CHANGE_ACME_DIRECTORY] = {.name = "acme-directory",
                               .all = FROM(DIRECTORY, "acme_directory"),
                               .by_one = BY_ONE(DIRECTORY, "acme_directory", "directory_id"),
                               .key_count = 1,
                               .columns = {DIRECTORY(AS_COLUMN)}},
    [CHANGE_OIDC_PROVIDER] = {.name = "oidc-provider",
                              .all = FROM(PROVIDER, "oidc_provider"),
                              .by_one = BY_ONE(PROVIDER, "oidc_provider", "provider_id"),
                              .key_count = 1,
                              .columns = {PROVIDER(AS_COLUMN)},
                              .lists = {{"rules",
                                         BY_ONE(RULES, "oidc_rule",
                                                "provider_id") " ORDER BY position",
                                         {RULES(AS_COLUMN)}}}},
    [CHANGE_APPROVAL_RULE] = {.name = "approval-rule",
                              .all = FROM(RULE, "approval_rule"),
                              .by_one = BY_ONE(RULE, "approval_rule", "rule_id"),
                              .key_count = 1,
                              .columns = {RULE(AS_COLUMN)},
                              .lists = {{"stages",
                                         BY_ONE(STAGES, "approval_stage",
                                                "owner_id") " ORDER BY stage",
                                         {STAGES(AS_COLUMN)}}}},
    [CHANGE_DELEGATION] = {.name = "delegation",
                           .all = FROM(DELEGATION, "delegation"),
                           .by_one = BY_ONE(DELEGATION, "delegation", "delegation_id"),
                           .key_count = 1,
                           .columns = {DELEGATION(AS_COLUMN)}},
    [CHANGE_BREAK_GLASS_ACCOUNT] = {.name = "break-glass-account",
                                    .all = FROM(BREAK_GLASS, "break_glass_account"),
                                    .by_one = BY_ONE(BREAK_GLASS, "break_glass_account", "user_id"),
                                    .key_count = 1,
                                    .columns = {BREAK_GLASS(AS_COLUMN)}},
    [CHANGE_SETTING] = {.name = "setting",
                        .all = FROM(SETTING, "setting"),
                        .by_one = BY_ONE(SETTING, "setting", "name"),
                        .key_count = 1,
                        .columns = {SETTING(AS_COLUMN)}},
    [CHANGE_RULE_PACK] = {.name = "rule-pack",
                          .all = FROM(RULE_PACK, "rule_pack"),
                          .by_one = BY_ONE(RULE_PACK, "rule_pack", "name"),
                          .key_count = 2,
                          .columns = {RULE_PACK(AS_COLUMN)}},
    [CHANGE_RULE_PACK_USE] = {.name = "rule-pack-use",
                              .all = FROM(RULE_PACK_USE, "rule_pack_use"),
                              .by_one = BY_ONE(RULE_PACK_USE, "rule_pack_use", "name"),
                              .key_count = 2,
                              .columns = {RULE_PACK_USE(AS_COLUMN)}},
    [CHANGE_SCIM_CLIENT] = {.name = "scim-client",
                            .all = FROM(SCIM_CLIENT, "scim_client"),
                            .by_one = BY_ONE(SCIM_CLIENT, "scim_client", "user_id"),
                            .key_count = 1,
                            .columns = {SCIM_CLIENT(AS_COLUMN)}},
    [CHANGE_SCIM_GROUP] = {.name = "scim-group",
                           .all = FROM(SCIM_GROUP, "scim_group"),
                           .by_one = BY_ONE(SCIM_GROUP, "scim_group", "group_id"),
                           .key_count = 1,
                           .columns = {SCIM_GROUP(AS_COLUMN)}},
    [CHANGE_SERVICE_OWNER] = {.name = "service-owner",
                              .all = FROM(OWNER, "service_owner"),
                              .by_one = BY_ONE(OWNER, "service_owner", "user_id"),
                              .key_count = 2,
                              .columns = {OWNER(AS_COLUMN)}},
    [CHANGE_PLAYBOOK] = {.name = "playbook",
                         .all = FROM(PLAYBOOK, "playbook_version"),
                         .by_one = BY_ONE(PLAYBOOK, "playbook_version", "name"),
                         .key_count = 2,
                         .columns = {PLAYBOOK(AS_COLUMN)}},
};

const char *change_object_name(enum change_object object)
{
    return OBJECTS[object].name;
}

/* One column of the row that a statement stands on: valid until its next step. */
struct value {
    bool null;
    int64_t number;
    struct cx_str text;
    struct cx_bytes bytes;
};

static struct value value_of(const struct store_stmt *q, int at, char type)
{
    struct value value = {.null = store_col_is_null(q, at)};
    if (type == 'n')
        value.number = store_col_int(q, at);
    else if (type == 't')
        value.text = store_col_text(q, at);
    else
        value.bytes = store_col_bytes(q, at);
    return value;
}

static cx_err write_value(struct json_writer *json, const char *name, char type,
                          const struct value *value)
{
    if (value->null)
        return json_write_null(json, name);
    if (type == 'n')
        return json_write_i64(json, name, value->number);
    return type == 't' ? json_write_str(json, name, value->text)
                       : json_write_hex(json, name, value->bytes);
}

static cx_err write_key_text(struct cx_buf *out, struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        const char *escaped = c == '%' ? "%25" : c == '/' ? "%2F" : NULL;
        CX_TRY(cx_buf_add(out, escaped ? CX_BYTES(escaped, 3) : CX_BYTES(&c, 1)));
    }
    return CX_OK;
}

static cx_err write_key(struct cx_buf *out, const struct object *is, const struct store_stmt *q)
{
    for (size_t i = 0; i < is->key_count; i++) {
        struct value value = value_of(q, (int)i + 1, is->columns[i].type);
        if (i)
            CX_TRY(cx_buf_add(out, CX_BYTES("/", 1)));
        if (is->columns[i].type == 'n')
            CX_TRY(cx_buf_addf(out, "%lld", (long long)value.number));
        else if (is->columns[i].type == 't')
            CX_TRY(write_key_text(out, value.text));
        else
            CX_TRY(hex_encode(value.bytes, out));
    }
    return CX_OK;
}

static cx_err write_columns(struct json_writer *json, const struct column *columns, size_t most,
                            const struct store_stmt *q)
{
    for (size_t i = 0; i < most && columns[i].name; i++) {
        struct value value = value_of(q, (int)i + 1, columns[i].type);
        CX_TRY(write_value(json, columns[i].name, columns[i].type, &value));
    }
    return CX_OK;
}

static cx_err write_list_row(struct json_writer *json, const struct list *list,
                             const struct store_stmt *q)
{
    if (!list->columns[1].name) {
        struct value value = value_of(q, 1, list->columns[0].type);
        return write_value(json, NULL, list->columns[0].type, &value);
    }
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(write_columns(json, list->columns, LIST_COLUMNS_MAX, q));
    return json_end(json);
}

static cx_err write_list(struct store_tx *tx, struct cx_id tenant_id, const struct list *list,
                         char key_type, const struct value *key, struct json_writer *json)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, list->sql, &q));
    store_bind_id(q, 1, tenant_id);
    if (key_type == 't')
        store_bind_text(q, 2, key->text);
    else
        store_bind_bytes(q, 2, key->bytes);
    CX_TRY(json_begin_array(json, list->name));
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return json_end(json);
        CX_TRY(write_list_row(json, list, q));
    }
}

static cx_err take_text(const struct cx_buf *buf, struct arena *arena, struct cx_str *ret_text)
{
    struct cx_str text;
    CX_TRY(cx_str_view(cx_buf_view(buf), &text));
    return arena_copy_str(arena, text, ret_text);
}

/* What is known of an object before its lists are read: its statement is over by then. */
struct head {
    struct change_row row;
    struct value first; /* the first key column, copied */
};
struct heads {
    struct head *items;
    size_t count, room;
};

static cx_err make_room(struct heads *heads, struct arena *arena)
{
    struct head *more = NULL;
    size_t room = heads->room ? heads->room * 2 : ROWS_FIRST;
    if (heads->count < heads->room)
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(arena, room, &more));
    if (heads->count)
        memcpy(more, heads->items, heads->count * sizeof(*more));
    heads->items = more;
    heads->room = room;
    return CX_OK;
}

static cx_err read_head(const struct store_stmt *q, const struct object *is, struct arena *arena,
                        struct head *ret_head)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf content = CX_BUF_INIT(CONTENT_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf key = CX_BUF_INIT(KEY_TEXT_MAX);
    struct json_writer json = json_writer(&content);
    struct head head = {.first = value_of(q, 1, is->columns[0].type)};
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(write_columns(&json, is->columns, COLUMNS_MAX, q));
    CX_TRY(json_end(&json));
    CX_TRY(write_key(&key, is, q));
    CX_TRY(take_text(&key, arena, &head.row.key));
    CX_TRY(take_text(&content, arena, &head.row.content));
    if (is->columns[0].type == 't')
        CX_TRY(arena_copy_str(arena, head.first.text, &head.first.text));
    else
        CX_TRY(arena_copy(arena, head.first.bytes, &head.first.bytes));
    *ret_head = head;
    return CX_OK;
}

static cx_err read_heads(struct store_stmt *q, const struct object *is, struct arena *arena,
                         struct heads *heads)
{
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        CX_TRY(make_room(heads, arena));
        CX_TRY(read_head(q, is, arena, &heads->items[heads->count++]));
    }
}

/* {"columns":…} becomes {"columns":…,"list":[…]}. */
static cx_err add_lists(struct store_tx *tx, struct cx_id tenant_id, const struct object *is,
                        struct arena *arena, struct head *head)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf lists = CX_BUF_INIT(CONTENT_MAX);
    struct json_writer json = json_writer(&lists);
    struct cx_str text;
    CX_TRY(json_begin_object(&json, NULL));
    for (size_t i = 0; i < LISTS_MAX && is->lists[i].name; i++)
        CX_TRY(write_list(tx, tenant_id, &is->lists[i], is->columns[0].type, &head->first, &json));
    CX_TRY(json_end(&json));
    CX_TRY(cx_str_view(cx_buf_view(&lists), &text));
    return arena_printf(arena, &head->row.content, "%.*s,%.*s", (int)head->row.content.len - 1,
                        head->row.content.ptr, (int)text.len - 1, text.ptr + 1);
}

static cx_err open_rows(struct store_tx *tx, struct cx_id tenant_id, const struct object *is,
                        const struct change_key *key, struct store_stmt **ret_stmt)
{
    const char *sql = key->kind == CHANGE_KEY_ALL   ? is->all
                      : key->kind == CHANGE_KEY_IDS ? is->by_two
                                                    : is->by_one;
    struct store_stmt *q = NULL;
    if (!sql)
        return CX_ERR(USAGE);
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    if (key->kind == CHANGE_KEY_ID || key->kind == CHANGE_KEY_IDS)
        store_bind_id(q, 2, key->id);
    if (key->kind == CHANGE_KEY_TEXT)
        store_bind_text(q, 2, key->text);
    if (key->kind == CHANGE_KEY_IDS)
        store_bind_id(q, 3, key->other_id);
    *ret_stmt = q;
    return CX_OK;
}

cx_err change_rows_read(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                        const struct change_key *key, struct arena *arena,
                        struct change_row **ret_rows, size_t *ret_count)
{
    const struct object *is = &OBJECTS[object];
    struct store_stmt *q = NULL;
    struct heads heads = {0};
    struct change_row *rows = NULL;
    CX_TRY(open_rows(tx, tenant_id, is, key, &q));
    CX_TRY(read_heads(q, is, arena, &heads));
    CX_TRY(ARENA_NEW_ARRAY(arena, heads.count, &rows));
    for (size_t i = 0; i < heads.count; i++) {
        if (is->lists[0].name)
            CX_TRY(add_lists(tx, tenant_id, is, arena, &heads.items[i]));
        rows[i] = heads.items[i].row;
    }
    *ret_rows = rows;
    *ret_count = heads.count;
    return CX_OK;
}
