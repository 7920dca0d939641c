#include "core/tracker/content.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/json_write.h"
#include "core/api/contract.h"
#include "core/field.h"
#include "outbound/client.h"

cx_err content_marker(struct cx_id post_id, struct arena *arena, struct cx_str *ret_marker)
{
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_TRACKER_POST, post_id, id);
    return arena_printf(arena, ret_marker, "Reference: %s", id);
}

cx_err content_file_name(struct cx_id post_id, struct arena *arena, struct cx_str *ret_name)
{
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_TRACKER_POST, post_id, id);
    return arena_printf(arena, ret_name, "affected-certificates-%s.csv", id);
}

bool content_ends_in(struct cx_str text, struct cx_str marker)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]))
        text.len--;
    if (text.len < marker.len)
        return false;
    size_t start = text.len - marker.len;
    return cx_str_eq((struct cx_str){text.ptr + start, marker.len}, marker) &&
           (start == 0 || text.ptr[start - 1] == '\n');
}

cx_err content_text(const struct content_draft *draft, struct arena *arena, struct cx_str *ret_text)
{
    struct cx_str marker = CX_STR_NONE, text = draft->text;
    CX_TRY(content_marker(draft->post_id, arena, &marker));
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    return arena_printf(arena, ret_text, "%.*s\n\n%.*s", CX_STR_ARG(text), CX_STR_ARG(marker));
}

static cx_err write_list(struct json_writer *json, const char *key, struct cx_str item)
{
    CX_TRY(json_begin_array(json, key));
    if (item.len)
        CX_TRY(json_write_str(json, NULL, item));
    return json_end(json);
}

static cx_err write_summary(struct json_writer *json, const struct content_draft *draft,
                            const char *key)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(4096);
    CX_TRY(cx_buf_addf(&text, "%.*s: %.*s", CX_STR_ARG(draft->tracker->owner_name),
                       CX_STR_ARG(draft->title)));
    return json_write_str(json, key, (struct cx_str){(const char *)text.ptr, text.len});
}

/* A restricted bug names its group and tells the CCADB; a public one names none. */
static cx_err write_bug(struct json_writer *json, const struct content_draft *draft,
                        struct cx_str text)
{
    const struct row_tracker *tracker = draft->tracker;
    char alias[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_INCIDENT, draft->incident_id, alias);
    CX_TRY(json_write_str(json, "product", tracker->product));
    CX_TRY(json_write_str(json, "component",
                          draft->restricted ? tracker->secure_component : tracker->component));
    CX_TRY(json_write_str(json, "version", tracker->bug_version));
    CX_TRY(json_write_str(json, "type", tracker->bug_type));
    CX_TRY(write_summary(json, draft, "summary"));
    CX_TRY(json_write_str(json, "description", text));
    CX_TRY(write_list(json, "alias", cx_str_from(alias)));
    if (tracker->whiteboard.len)
        CX_TRY(json_write_str(json, "whiteboard", tracker->whiteboard));
    if (!draft->restricted)
        return CX_OK;
    CX_TRY(write_list(json, "groups", tracker->secure_group));
    return write_list(json, "cc", tracker->report_address);
}

static cx_err write_comment(struct json_writer *json, const char *key, struct cx_str text)
{
    CX_TRY(json_write_str(json, key, text));
    CX_TRY(json_write_bool(json, "is_markdown", true));
    return json_write_bool(json, "is_private", false);
}

static cx_err write_closure(struct json_writer *json, const struct content_draft *draft,
                            struct cx_str text)
{
    CX_TRY(json_begin_object(json, "comment"));
    CX_TRY(write_comment(json, "body", text));
    CX_TRY(json_end(json));
    CX_TRY(json_begin_array(json, "flags"));
    if (draft->tracker->needinfo.len) {
        CX_TRY(json_begin_object(json, NULL));
        CX_TRY(json_write_str(json, "name", CX_STR("needinfo")));
        CX_TRY(json_write_str(json, "status", CX_STR("?")));
        CX_TRY(json_write_str(json, "requestee", draft->tracker->needinfo));
        CX_TRY(json_write_bool(json, "new", true));
        CX_TRY(json_end(json));
    }
    return json_end(json);
}

static cx_err write_attachment(struct json_writer *json, const struct content_draft *draft,
                               struct cx_str text)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct cx_str name = CX_STR_NONE;
    CX_TRY(content_file_name(draft->post_id, &arena, &name));
    CX_TRY(json_begin_array(json, "ids"));
    CX_TRY(json_write_i64(json, NULL, draft->bug));
    CX_TRY(json_end(json));
    CX_TRY(json_write_str(json, "file_name", name));
    CX_TRY(json_write_str(json, "summary", CX_STR("Affected certificates")));
    CX_TRY(json_write_str(json, "content_type", CX_STR("text/csv")));
    CX_TRY(json_write_hex(json, "data_sha256",
                          CX_BYTES(draft->attachment_sha256, sizeof(draft->attachment_sha256))));
    CX_TRY(json_begin_array(json, "obsoletes"));
    if (draft->obsoletes)
        CX_TRY(json_write_i64(json, NULL, draft->obsoletes));
    CX_TRY(json_end(json));
    return write_comment(json, "comment", text);
}

static cx_err write_mail(struct json_writer *json, const struct content_draft *draft,
                         struct cx_str text)
{
    CX_TRY(write_summary(json, draft, "subject"));
    return json_write_str(json, "text", text);
}

static cx_err write_body(struct json_writer *json, const struct content_draft *draft,
                         struct cx_str text)
{
    switch (draft->kind) {
    case API_TRACKER_POST_KIND_FILE:
        return write_bug(json, draft, text);
    case API_TRACKER_POST_KIND_COMMENT:
    case API_TRACKER_POST_KIND_ANSWER:
        return write_comment(json, "comment", text);
    case API_TRACKER_POST_KIND_CLOSURE:
        return write_closure(json, draft, text);
    case API_TRACKER_POST_KIND_ATTACHMENT:
        return write_attachment(json, draft, text);
    case API_TRACKER_POST_KIND_MAIL:
        return write_mail(json, draft, text);
    case API_TRACKER_POST_KIND_COUNT:
        break;
    }
    return CX_ERR(INTERNAL);
}

static cx_err write_url(const struct content_draft *draft, struct cx_buf *out)
{
    struct cx_str base = draft->tracker->base_url;
    const char *rest = draft->kind == API_TRACKER_POST_KIND_ATTACHMENT ? "/attachment"
                       : draft->kind == API_TRACKER_POST_KIND_CLOSURE  ? ""
                                                                       : "/comment";
    if (draft->kind == API_TRACKER_POST_KIND_MAIL)
        return cx_buf_addf(out, "mailto:%.*s", CX_STR_ARG(draft->address));
    if (draft->kind == API_TRACKER_POST_KIND_FILE)
        return cx_buf_addf(out, "%.*s/bug", CX_STR_ARG(base));
    return cx_buf_addf(out, "%.*s/bug/%lld%s", CX_STR_ARG(base), (long long)draft->bug, rest);
}

cx_err content_write(const struct content_draft *draft, struct cx_str text, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf url = CX_BUF_INIT(OUTBOUND_URL_MAX);
    struct json_writer json = json_writer(out);
    const char *method = draft->kind == API_TRACKER_POST_KIND_MAIL      ? "MAIL"
                         : draft->kind == API_TRACKER_POST_KIND_CLOSURE ? "PUT"
                                                                        : "POST";
    CX_TRY(write_url(draft, &url));
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_str(&json, "method", cx_str_from(method)));
    CX_TRY(json_write_str(&json, "url", (struct cx_str){(const char *)url.ptr, url.len}));
    CX_TRY(json_begin_object(&json, "body"));
    CX_TRY(write_body(&json, draft, text));
    CX_TRY(json_end(&json));
    return json_end(&json);
}

/* The first of these members that is there; "" else. */
static cx_err copy_first(const struct json_node *body, const char *const *keys, size_t count,
                         struct arena *arena, struct cx_str *ret_text)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str text = CX_STR("");
    for (size_t i = 0; i < count && text.len == 0; i++)
        if (json_is_string(json_member(body, keys[i]).value))
            CX_TRY(json_read_str(body, keys[i], CONTENT_MAX, &diag, &text));
    return arena_copy_str(arena, text, ret_text);
}

static cx_err read_texts(const struct json_node *body, struct arena *arena, struct content *content)
{
    static const char *const SUMMARIES[] = {"summary", "subject"};
    static const char *const TEXTS[] = {"description", "text", "comment"};
    static const char *const BODY[] = {"body"}, *const COMPONENT[] = {"component"};
    struct json_node comment = json_member(body, "comment"), groups = json_member(body, "groups");
    struct json_node group = {.value = json_array_get(groups.value, 0)};
    struct cx_diag diag = CX_DIAG_INIT;
    CX_TRY(copy_first(body, SUMMARIES, CX_COUNT_OF(SUMMARIES), arena, &content->summary));
    CX_TRY(copy_first(body, COMPONENT, 1, arena, &content->component));
    if (group.value) {
        CX_TRY(json_as_str(&group, CONTENT_MAX, &diag, &content->group));
        CX_TRY(arena_copy_str(arena, content->group, &content->group));
    }
    if (json_is_object(comment.value))
        return copy_first(&comment, BODY, 1, arena, &content->text);
    return copy_first(body, TEXTS, CX_COUNT_OF(TEXTS), arena, &content->text);
}

static cx_err put_data(json_t *body, struct cx_bytes attachment)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf data = CX_BUF_INIT(OUTBOUND_TRACKER_BODY_MAX);
    CX_TRY(base64_encode(attachment, &data));
    json_object_del(body, "data_sha256");
    int rc = json_object_set_new(body, "data", json_stringn((const char *)data.ptr, data.len));
    return rc == 0 ? CX_OK : CX_ERR(NOMEM);
}

cx_err content_read(struct cx_str json, struct cx_bytes attachment, struct arena *arena,
                    struct content *ret_content)
{
    struct content content = {.summary = CX_STR(""), .text = CX_STR(""), .group = CX_STR("")};
    struct cx_diag diag = CX_DIAG_INIT;
    struct json_node body;
    json_auto_t *root = NULL;
    if (cx_failed(json_parse(cx_str_bytes(json), CONTENT_MAX, &diag, &root)))
        return CX_ERR(STORE);
    struct json_node top = json_top(root);
    if (cx_failed(json_read_str(&top, "method", 8, &diag, &content.method)) ||
        cx_failed(json_read_str(&top, "url", OUTBOUND_URL_MAX, &diag, &content.url)) ||
        cx_failed(json_read_object(&top, "body", &diag, &body)))
        return CX_ERR(STORE);
    CX_TRY(arena_copy_str(arena, content.method, &content.method));
    CX_TRY(arena_copy_str(arena, content.url, &content.url));
    CX_TRY(read_texts(&body, arena, &content));
    json_t *sent = json_object_get(root, "body");
    if (attachment.len)
        CX_TRY(put_data(sent, attachment));
    CX_AUTO_FREE char *text = json_dumps(sent, JSON_COMPACT);
    if (!text)
        return CX_ERR(NOMEM);
    CX_TRY(arena_copy_str(arena, cx_str_from(text), &content.body));
    *ret_content = content;
    return CX_OK;
}
