#include "core/provisioning/answer.h"

#include "base/cleanup.h"

cx_err scim_write_schemas(struct json_writer *json, const char *urn)
{
    CX_TRY(json_begin_array(json, "schemas"));
    CX_TRY(json_write_text(json, NULL, urn));
    return json_end(json);
}

static cx_err url_of(const struct scim_call *call, const char *folder, enum cx_id_type type,
                     struct cx_id id, struct cx_str *ret_url)
{
    char text[CX_ID_TEXT_MAX];
    cx_id_format(type, id, text);
    return arena_printf(call->request->arena, ret_url, "%.*s/scim/v2/%s/%s",
                        CX_STR_ARG(call->request->core->options.public_url), folder, text);
}

struct meta {
    const char *type, *folder;
    enum cx_id_type id_type;
    struct cx_id id;
    cx_time created_us, changed_us;
};

static cx_err write_meta(struct json_writer *json, const struct scim_call *call,
                         const struct meta *meta)
{
    struct cx_str url;
    if (!scim_query_wants(&call->query, "meta"))
        return CX_OK;
    CX_TRY(url_of(call, meta->folder, meta->id_type, meta->id, &url));
    CX_TRY(json_begin_object(json, "meta"));
    CX_TRY(json_write_text(json, "resourceType", meta->type));
    CX_TRY(json_write_time(json, "created", meta->created_us));
    CX_TRY(json_write_time(json, "lastModified", meta->changed_us));
    CX_TRY(json_write_str(json, "location", url));
    return json_end(json);
}

static cx_err write_text(struct json_writer *json, const struct scim_call *call, const char *name,
                         struct cx_str text)
{
    if (text.len == 0 || !scim_query_wants(&call->query, name))
        return CX_OK;
    return json_write_str(json, name, text);
}

static cx_err write_name(struct json_writer *json, const struct scim_call *call,
                         const struct cx_str *text)
{
    static const struct {
        const char *name;
        enum scim_text text;
    } parts[] = {{"formatted", SCIM_FORMATTED},
                 {"givenName", SCIM_GIVEN_NAME},
                 {"familyName", SCIM_FAMILY_NAME}};
    bool any = text[SCIM_FORMATTED].len || text[SCIM_GIVEN_NAME].len || text[SCIM_FAMILY_NAME].len;
    if (!any || !scim_query_wants(&call->query, "name"))
        return CX_OK;
    CX_TRY(json_begin_object(json, "name"));
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (text[parts[i].text].len)
            CX_TRY(json_write_str(json, parts[i].name, text[parts[i].text]));
    return json_end(json);
}

static cx_err write_emails(struct json_writer *json, const struct scim_call *call,
                           struct cx_str address)
{
    if (address.len == 0 || !scim_query_wants(&call->query, "emails"))
        return CX_OK;
    CX_TRY(json_begin_array(json, "emails"));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_str(json, "value", address));
    CX_TRY(json_write_text(json, "type", "work"));
    CX_TRY(json_write_bool(json, "primary", true));
    CX_TRY(json_end(json));
    return json_end(json);
}

/* A reference to a user or a group from the other. */
static cx_err write_reference(struct json_writer *json, const struct scim_call *call, bool group,
                              struct cx_id id, struct cx_str display)
{
    enum cx_id_type type = group ? CX_ID_GROUP : CX_ID_USER;
    struct cx_str url;
    CX_TRY(url_of(call, group ? "Groups" : "Users", type, id, &url));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_id(json, "value", type, id));
    CX_TRY(json_write_str(json, "$ref", url));
    if (display.len)
        CX_TRY(json_write_str(json, "display", display));
    CX_TRY(json_write_text(json, "type", group ? "direct" : "User"));
    return json_end(json);
}

static cx_err write_groups(struct json_writer *json, const struct scim_call *call,
                           const struct scim_user_shown *user)
{
    if (user->group_count == 0 || !scim_query_wants(&call->query, "groups"))
        return CX_OK;
    CX_TRY(json_begin_array(json, "groups"));
    for (size_t i = 0; i < user->group_count; i++)
        CX_TRY(write_reference(json, call, true, user->groups[i].group_id,
                               user->groups[i].display_name));
    return json_end(json);
}

cx_err scim_write_user(struct json_writer *json, const struct scim_call *call,
                       const struct scim_user_shown *user)
{
    const struct cx_str *text = user->attributes.text;
    const struct meta meta = {
        "User", "Users", CX_ID_USER, user->row.user_id, user->row.created_us, user->row.changed_us};
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(scim_write_schemas(json, SCIM_URN_USER));
    CX_TRY(json_write_id(json, "id", CX_ID_USER, user->row.user_id));
    CX_TRY(write_text(json, call, "externalId", text[SCIM_EXTERNAL_ID]));
    CX_TRY(write_text(json, call, "userName", text[SCIM_USER_NAME]));
    CX_TRY(write_name(json, call, text));
    CX_TRY(write_text(json, call, "displayName", text[SCIM_DISPLAY_NAME]));
    CX_TRY(write_emails(json, call, text[SCIM_EMAIL]));
    if (scim_query_wants(&call->query, "active"))
        CX_TRY(json_write_bool(json, "active", user->row.state != USER_DISABLED));
    CX_TRY(write_groups(json, call, user));
    CX_TRY(write_meta(json, call, &meta));
    return json_end(json);
}

cx_err scim_write_group(struct json_writer *json, const struct scim_call *call,
                        const struct scim_group_shown *group)
{
    const struct scim_group *row = &group->row;
    const struct meta meta = {"Group",       "Groups",        CX_ID_GROUP,
                              row->group_id, row->created_us, row->changed_us};
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(scim_write_schemas(json, SCIM_URN_GROUP));
    CX_TRY(json_write_id(json, "id", CX_ID_GROUP, row->group_id));
    CX_TRY(write_text(json, call, "externalId", row->external_id));
    CX_TRY(write_text(json, call, "displayName", row->display_name));
    if (scim_query_wants(&call->query, "members")) {
        CX_TRY(json_begin_array(json, "members"));
        for (size_t i = 0; i < group->member_count; i++)
            CX_TRY(write_reference(json, call, false, group->members[i], CX_STR_NONE));
        CX_TRY(json_end(json));
    }
    CX_TRY(write_meta(json, call, &meta));
    return json_end(json);
}

cx_err scim_list_begin(struct json_writer *json, size_t total, size_t start_index, size_t count)
{
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(scim_write_schemas(json, "urn:ietf:params:scim:api:messages:2.0:ListResponse"));
    CX_TRY(json_write_i64(json, "totalResults", (int64_t)total));
    CX_TRY(json_write_i64(json, "startIndex", (int64_t)start_index));
    CX_TRY(json_write_i64(json, "itemsPerPage", (int64_t)count));
    return json_begin_array(json, "Resources");
}

cx_err scim_send(struct scim_call *call, struct api_raw *raw, uint16_t status,
                 const struct cx_buf *out)
{
    raw->status = status;
    raw->content_type = "application/scim+json";
    return arena_copy(call->request->arena, cx_buf_view(out), &raw->body);
}

/* RFC 7644 §3.3: a new resource is answered with its Location. */
static cx_err send_resource(struct scim_call *call, struct api_raw *raw, uint16_t status,
                            const struct cx_buf *out, const struct meta *meta)
{
    struct cx_str url;
    CX_TRY(url_of(call, meta->folder, meta->id_type, meta->id, &url));
    raw->headers[raw->header_count++] =
        (struct api_header){status == 201 ? "Location" : "Content-Location", url};
    return scim_send(call, raw, status, out);
}

cx_err scim_send_user(struct scim_call *call, struct api_raw *raw, uint16_t status,
                      const struct scim_user_shown *user)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SCIM_ANSWER_MAX);
    const struct meta meta = {.folder = "Users", .id_type = CX_ID_USER, .id = user->row.user_id};
    struct json_writer json = json_writer(&out);
    CX_TRY(scim_write_user(&json, call, user));
    return send_resource(call, raw, status, &out, &meta);
}

cx_err scim_send_group(struct scim_call *call, struct api_raw *raw, uint16_t status,
                       const struct scim_group_shown *group)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SCIM_ANSWER_MAX);
    const struct meta meta = {
        .folder = "Groups", .id_type = CX_ID_GROUP, .id = group->row.group_id};
    struct json_writer json = json_writer(&out);
    CX_TRY(scim_write_group(&json, call, group));
    return send_resource(call, raw, status, &out, &meta);
}

cx_err scim_send_nothing(struct api_raw *raw)
{
    raw->status = 204;
    raw->content_type = "application/scim+json";
    return CX_OK;
}
