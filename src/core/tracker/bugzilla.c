#include "core/tracker/bugzilla.h"

#include "codec/json.h"
#include "outbound/client.h"

#define DAY_US (INT64_C(86400) * CX_US_PER_S)

static cx_err parse(struct cx_bytes text, struct cx_diag *diag, json_t **ret_root)
{
    CX_TRY(json_parse(text, OUTBOUND_BODY_MAX, diag, ret_root));
    struct json_node top = json_top(*ret_root);
    return json_as_object(&top, diag);
}

/* Cut at a whole character; a control character becomes a blank. */
static void take_message(struct cx_str from, char *to, size_t size)
{
    size_t len = from.len < size ? from.len : size - 1;
    while (len > 0 && len < from.len && ((uint8_t)from.ptr[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)from.ptr[i] < ' ' || from.ptr[i] == 0x7f ? ' ' : from.ptr[i];
    to[len] = '\0';
}

void bugzilla_error_parse(struct cx_bytes text, bool *ret_is, struct bugzilla_error *ret_error)
{
    json_auto_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str message = CX_STR("");
    bool is = false;
    *ret_is = false;
    *ret_error = (struct bugzilla_error){.code = 0};
    if (cx_failed(parse(text, &diag, &root)))
        return;
    struct json_node top = json_top(root);
    if (cx_failed(json_read_bool(&top, "error", &diag, &is)) || !is)
        return;
    *ret_is = true;
    if (cx_failed(json_read_i64(&top, "code", INT32_MIN, INT32_MAX, &diag, &ret_error->code)))
        ret_error->code = 0;
    if (cx_is_ok(json_read_str(&top, "message", OUTBOUND_BODY_MAX, &diag, &message)))
        take_message(message, ret_error->message, sizeof(ret_error->message));
}

/* A number; the documentation shows some as text. */
static cx_err as_number(const struct json_node *node, struct cx_diag *diag, int64_t *ret_number)
{
    struct cx_str digits = CX_STR_NONE;
    int64_t number = 0;
    if (!json_is_string(node->value))
        return json_as_i64(node, 1, BUGZILLA_NUMBER_MAX, diag, ret_number);
    CX_TRY(json_as_str(node, 15, diag, &digits));
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return json_refuse(node, diag, CX_ERR(PARSE), "tracker-number", "it is not a number");
        number = number * 10 + (digits.ptr[i] - '0');
    }
    if (number < 1)
        return json_refuse(node, diag, CX_ERR(PARSE), "tracker-number", "it is not a number");
    *ret_number = number;
    return CX_OK;
}

cx_err bugzilla_made_parse(struct cx_bytes text, struct cx_diag *diag, int64_t *ret_number)
{
    json_auto_t *root = NULL;
    struct json_node list, item;
    size_t count = 0;
    CX_TRY(parse(text, diag, &root));
    struct json_node top = json_top(root), id = json_member(&top, "id");
    if (id.value)
        return as_number(&id, diag, ret_number);
    bool ids = json_has(&top, "ids");
    CX_TRY(json_read_array(&top, ids ? "ids" : "bugs", BUGZILLA_BUGS_MAX, diag, &list, &count));
    if (count == 0)
        return json_refuse(&list, diag, CX_ERR(PARSE), "tracker-number", "nothing was made");
    item = json_item(&list, 0);
    if (ids)
        return as_number(&item, diag, ret_number);
    CX_TRY(json_as_object(&item, diag));
    id = json_member(&item, "id");
    return as_number(&id, diag, ret_number);
}

static cx_err copy_text(const struct json_node *object, const char *key, size_t max,
                        struct arena *arena, struct cx_diag *diag, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(json_read_str(object, key, max, diag, &text));
    return arena_copy_str(arena, text, ret_text);
}

static cx_err copy_optional(const struct json_node *object, const char *key, size_t max,
                            struct arena *arena, struct cx_diag *diag, struct cx_str *ret_text)
{
    struct json_node member = json_member(object, key);
    *ret_text = CX_STR("");
    if (!member.value || json_is_null(member.value))
        return CX_OK;
    return copy_text(object, key, max, arena, diag, ret_text);
}

/* A list of words, one word, or null. */
static cx_err copy_words(const struct json_node *object, const char *key, struct arena *arena,
                         struct cx_diag *diag, struct cx_str *words, size_t *ret_count)
{
    struct json_node member = json_member(object, key);
    size_t count = 1;
    *ret_count = 0;
    if (!member.value || json_is_null(member.value))
        return CX_OK;
    bool single = json_is_string(member.value);
    if (!single)
        CX_TRY(json_as_array(&member, BUGZILLA_GROUPS_MAX, diag, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = single ? member : json_item(&member, i);
        struct cx_str text = CX_STR_NONE;
        CX_TRY(json_as_str(&item, BUGZILLA_WORD_MAX, diag, &text));
        CX_TRY(arena_copy_str(arena, text, &words[i]));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err read_bug(const struct json_node *node, struct arena *arena, struct cx_diag *diag,
                       struct bugzilla_bug *bug)
{
    CX_TRY(json_as_object(node, diag));
    struct json_node id = json_member(node, "id");
    CX_TRY(as_number(&id, diag, &bug->number));
    CX_TRY(copy_optional(node, "status", BUGZILLA_WORD_MAX, arena, diag, &bug->status));
    CX_TRY(copy_optional(node, "resolution", BUGZILLA_WORD_MAX, arena, diag, &bug->resolution));
    CX_TRY(copy_optional(node, "product", BUGZILLA_WORD_MAX, arena, diag, &bug->product));
    CX_TRY(copy_optional(node, "component", BUGZILLA_WORD_MAX, arena, diag, &bug->component));
    CX_TRY(copy_optional(node, "whiteboard", BUGZILLA_TEXT_MAX, arena, diag, &bug->whiteboard));
    CX_TRY(copy_words(node, "alias", arena, diag, bug->aliases, &bug->alias_count));
    bug->has_groups = json_is_array(json_member(node, "groups").value);
    return copy_words(node, "groups", arena, diag, bug->groups, &bug->group_count);
}

cx_err bugzilla_bugs_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                           struct bugzilla_bug *bugs, size_t *ret_count)
{
    json_auto_t *root = NULL;
    struct json_node list;
    size_t count = 0;
    CX_TRY(parse(text, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_read_array(&top, "bugs", BUGZILLA_BUGS_MAX, diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        bugs[i] = (struct bugzilla_bug){.number = 0};
        CX_TRY(read_bug(&item, arena, diag, &bugs[i]));
    }
    *ret_count = count;
    return CX_OK;
}

bool bugzilla_bug_has_group(const struct bugzilla_bug *bug, struct cx_str group)
{
    for (size_t i = 0; i < bug->group_count; i++)
        if (cx_str_eq(bug->groups[i], group))
            return true;
    return false;
}

static cx_err read_comment(const struct json_node *node, struct arena *arena, struct cx_diag *diag,
                           struct bugzilla_comment *comment)
{
    CX_TRY(json_as_object(node, diag));
    struct json_node id = json_member(node, "id");
    CX_TRY(as_number(&id, diag, &comment->remote));
    CX_TRY(json_read_i64(node, "count", 0, BUGZILLA_NUMBER_MAX, diag, &comment->number));
    CX_TRY(copy_text(node, "creator", BUGZILLA_WORD_MAX, arena, diag, &comment->author));
    CX_TRY(copy_text(node, "text", BUGZILLA_TEXT_MAX, arena, diag, &comment->text));
    return json_read_time(node, "creation_time", diag, &comment->created_us);
}

/* {"bugs":{"<number>": …}} */
static cx_err open_bug(const json_t *root, int64_t bug, struct json_node *top,
                       struct json_node *bugs, struct cx_diag *diag, struct json_node *ret_member,
                       char key[static 24])
{
    snprintf(key, 24, "%lld", (long long)bug);
    *top = json_top(root);
    CX_TRY(json_read_object(top, "bugs", diag, bugs));
    *ret_member = json_member(bugs, key);
    return CX_OK;
}

cx_err bugzilla_comments_parse(struct cx_bytes text, int64_t bug, struct arena *arena,
                               struct cx_diag *diag, struct bugzilla_comment **ret_comments,
                               size_t *ret_count)
{
    json_auto_t *root = NULL;
    struct json_node top, bugs, member, list;
    struct bugzilla_comment *comments = NULL;
    char key[24];
    size_t count = 0;
    CX_TRY(parse(text, diag, &root));
    CX_TRY(open_bug(root, bug, &top, &bugs, diag, &member, key));
    CX_TRY(json_as_object(&member, diag));
    CX_TRY(json_read_array(&member, "comments", BUGZILLA_COMMENTS_MAX, diag, &list, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &comments));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        CX_TRY(read_comment(&item, arena, diag, &comments[i]));
    }
    *ret_comments = comments;
    *ret_count = count;
    return CX_OK;
}

cx_err bugzilla_attachment_find(struct cx_bytes text, int64_t bug, struct cx_str file_name,
                                struct cx_diag *diag, int64_t *ret_number)
{
    json_auto_t *root = NULL;
    struct json_node top, bugs, list;
    struct cx_str name = CX_STR_NONE;
    char key[24];
    size_t count = 0;
    CX_TRY(parse(text, diag, &root));
    CX_TRY(open_bug(root, bug, &top, &bugs, diag, &list, key));
    if (!list.value)
        return CX_ERR(NOTFOUND);
    CX_TRY(json_as_array(&list, BUGZILLA_ATTACHMENTS_MAX, diag, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        CX_TRY(json_as_object(&item, diag));
        CX_TRY(json_read_str(&item, "file_name", BUGZILLA_WORD_MAX, diag, &name));
        struct json_node id = json_member(&item, "id");
        if (cx_str_eq(name, file_name))
            return as_number(&id, diag, ret_number);
    }
    return CX_ERR(NOTFOUND);
}

cx_err bugzilla_html_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                           struct cx_str *ret_html)
{
    json_auto_t *root = NULL;
    CX_TRY(parse(text, diag, &root));
    struct json_node top = json_top(root);
    return copy_text(&top, "html", OUTBOUND_BODY_MAX, arena, diag, ret_html);
}

static bool same_letters(const char *text, const char *words, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];
        if (c != words[i])
            return false;
    }
    return true;
}

bool bugzilla_next_update(struct cx_str whiteboard, cx_time *ret_us)
{
    static const char WORDS[] = "next update";
    const size_t len = sizeof(WORDS) - 1;
    for (size_t at = 0; at + len + 11 <= whiteboard.len; at++) {
        char text[CX_TIME_TEXT_MAX];
        cx_time day_us = 0;
        size_t day = at + len;
        if (!same_letters(whiteboard.ptr + at, WORDS, len))
            continue;
        while (day < whiteboard.len && (whiteboard.ptr[day] == ' ' || whiteboard.ptr[day] == ':'))
            day++;
        if (whiteboard.len - day < 10)
            continue;
        snprintf(text, sizeof(text), "%.10sT00:00:00Z", whiteboard.ptr + day);
        if (cx_failed(cx_time_parse(cx_str_from(text), &day_us)))
            continue;
        *ret_us = day_us + DAY_US - CX_US_PER_S;
        return true;
    }
    return false;
}
