/* What the service can do and what its resources look like: RFC 7644 §4, RFC 7643 §5 to §7. ServiceProviderConfig tells the
 * truth: no bulk, no sorting, no ETags. */
#include "api_routes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/provisioning/answer.h"

#define URN_CONFIG "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
#define URN_TYPE "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
#define URN_SCHEMA "urn:ietf:params:scim:schemas:core:2.0:Schema"

static cx_err write_meta(struct json_writer *json, const struct scim_call *call, const char *type,
                         const char *folder, const char *name)
{
    struct cx_str url;
    CX_TRY(arena_printf(call->request->arena, &url, "%.*s/scim/v2/%s%s%s",
                        CX_STR_ARG(call->request->core->options.public_url), folder,
                        name[0] ? "/" : "", name));
    CX_TRY(json_begin_object(json, "meta"));
    CX_TRY(json_write_text(json, "resourceType", type));
    CX_TRY(json_write_str(json, "location", url));
    return json_end(json);
}

/* ---- ServiceProviderConfig ---- */

static cx_err write_supported(struct json_writer *json, const char *name, bool supported)
{
    CX_TRY(json_begin_object(json, name));
    CX_TRY(json_write_bool(json, "supported", supported));
    if (cx_str_is(cx_str_from(name), "filter"))
        CX_TRY(json_write_i64(json, "maxResults", SCIM_COUNT_MAX));
    if (cx_str_is(cx_str_from(name), "bulk")) {
        CX_TRY(json_write_i64(json, "maxOperations", 0));
        CX_TRY(json_write_i64(json, "maxPayloadSize", 0));
    }
    return json_end(json);
}

static cx_err write_config(struct json_writer *json, const struct scim_call *call)
{
    static const struct {
        const char *name;
        bool supported;
    } features[] = {{"patch", true},           {"bulk", false}, {"filter", true},
                    {"changePassword", false}, {"sort", false}, {"etag", false}};
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(scim_write_schemas(json, URN_CONFIG));
    for (size_t i = 0; i < CX_COUNT_OF(features); i++)
        CX_TRY(write_supported(json, features[i].name, features[i].supported));
    CX_TRY(json_begin_array(json, "authenticationSchemes"));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_text(json, "type", "oauthbearertoken"));
    CX_TRY(json_write_text(json, "name", "Bearer token"));
    CX_TRY(json_write_text(json, "description",
                           "The token of a SCIM client, made by an administrator (RFC 6750)."));
    CX_TRY(json_write_bool(json, "primary", true));
    CX_TRY(json_end(json));
    CX_TRY(json_end(json));
    CX_TRY(write_meta(json, call, "ServiceProviderConfig", "ServiceProviderConfig", ""));
    return json_end(json);
}

/* ---- ResourceTypes ---- */

static const struct type {
    const char *name, *endpoint, *description, *schema;
} types[] = {{"User", "/Users", "A person of the directory", SCIM_URN_USER},
             {"Group", "/Groups", "A group whose members the directory sets", SCIM_URN_GROUP}};

static cx_err write_type(struct json_writer *json, const struct scim_call *call, size_t index)
{
    const struct type *type = &types[index];
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(scim_write_schemas(json, URN_TYPE));
    CX_TRY(json_write_text(json, "id", type->name));
    CX_TRY(json_write_text(json, "name", type->name));
    CX_TRY(json_write_text(json, "endpoint", type->endpoint));
    CX_TRY(json_write_text(json, "description", type->description));
    CX_TRY(json_write_text(json, "schema", type->schema));
    CX_TRY(write_meta(json, call, "ResourceType", "ResourceTypes", type->name));
    return json_end(json);
}

/* ---- Schemas ---- */

/* An attribute; those with part are sub-attributes of the last one without. */
static const struct attribute {
    const char *name, *type, *description;
    bool part, many, required, read_only, exact, unique;
} user_attributes[] =
    {
        {.name = "userName",
         .type = "string",
         .description = "What the directory calls the user",
         .required = true,
         .unique = true},
        {.name = "name", .type = "complex", .description = "The parts of the user's name"},
        {.name = "formatted", .type = "string", .description = "The whole name", .part = true},
        {.name = "givenName", .type = "string", .description = "Given name", .part = true},
        {.name = "familyName", .type = "string", .description = "Family name", .part = true},
        {.name = "displayName", .type = "string", .description = "The name that is shown"},
        {.name = "emails",
         .type = "complex",
         .many = true,
         .description = "One address is kept: of type work, or the primary one, or the first"},
        {.name = "value", .type = "string", .description = "The address", .part = true},
        {.name = "type", .type = "string", .description = "Always work", .part = true},
        {.name = "primary", .type = "boolean", .description = "Always true", .part = true},
        {.name = "active", .type = "boolean", .description = "false ends all access at once"},
        {.name = "groups",
         .type = "complex",
         .many = true,
         .read_only = true,
         .description = "The directory's groups that the user is in"},
        {.name = "value",
         .type = "string",
         .description = "Identifier of the group",
         .part = true,
         .read_only = true,
         .exact = true},
        {.name = "$ref",
         .type = "reference",
         .description = "URL of the group",
         .part = true,
         .read_only = true,
         .exact = true},
        {.name = "display",
         .type = "string",
         .description = "Name of the group",
         .part = true,
         .read_only = true},
        {.name = "type",
         .type = "string",
         .description = "Always direct",
         .part = true,
         .read_only = true},
},
  group_attributes[] = {
      {.name = "displayName",
       .type = "string",
       .description = "What the directory calls the group",
       .required = true,
       .unique = true},
      {.name = "members", .type = "complex", .many = true, .description = "Users of the directory"},
      {.name = "value",
       .type = "string",
       .description = "Identifier of the user",
       .part = true,
       .exact = true},
      {.name = "$ref",
       .type = "reference",
       .description = "URL of the user",
       .part = true,
       .exact = true},
      {.name = "type", .type = "string", .description = "Always User", .part = true},
};

static const struct schema {
    const char *urn, *name, *description;
    const struct attribute *attributes;
    size_t count;
} schemas[] = {
    {SCIM_URN_USER, "User", "User Account", user_attributes, CX_COUNT_OF(user_attributes)},
    {SCIM_URN_GROUP, "Group", "Group", group_attributes, CX_COUNT_OF(group_attributes)},
};

static cx_err write_attribute(struct json_writer *json, const struct attribute *attribute)
{
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_text(json, "name", attribute->name));
    CX_TRY(json_write_text(json, "type", attribute->type));
    CX_TRY(json_write_bool(json, "multiValued", attribute->many));
    CX_TRY(json_write_text(json, "description", attribute->description));
    CX_TRY(json_write_bool(json, "required", attribute->required));
    CX_TRY(json_write_bool(json, "caseExact", attribute->exact));
    CX_TRY(json_write_text(json, "mutability", attribute->read_only ? "readOnly" : "readWrite"));
    CX_TRY(json_write_text(json, "returned", "default"));
    return json_write_text(json, "uniqueness", attribute->unique ? "server" : "none");
}

static cx_err write_attributes(struct json_writer *json, const struct schema *schema)
{
    CX_TRY(json_begin_array(json, "attributes"));
    for (size_t i = 0; i < schema->count;) {
        CX_TRY(write_attribute(json, &schema->attributes[i++]));
        if (i < schema->count && schema->attributes[i].part) {
            CX_TRY(json_begin_array(json, "subAttributes"));
            for (; i < schema->count && schema->attributes[i].part; i++) {
                CX_TRY(write_attribute(json, &schema->attributes[i]));
                CX_TRY(json_end(json));
            }
            CX_TRY(json_end(json));
        }
        CX_TRY(json_end(json));
    }
    return json_end(json);
}

static cx_err write_schema(struct json_writer *json, const struct scim_call *call, size_t index)
{
    const struct schema *schema = &schemas[index];
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(scim_write_schemas(json, URN_SCHEMA));
    CX_TRY(json_write_text(json, "id", schema->urn));
    CX_TRY(json_write_text(json, "name", schema->name));
    CX_TRY(json_write_text(json, "description", schema->description));
    CX_TRY(write_attributes(json, schema));
    CX_TRY(write_meta(json, call, "Schema", "Schemas", schema->urn));
    return json_end(json);
}

/* ---- routes ---- */

typedef cx_err (*write_one)(struct json_writer *json, const struct scim_call *call, size_t index);

/* index below count: that one alone. RFC 7644 §4: a filter there is 403, so that nobody takes all for some. */
static cx_err answer(struct api_request *request, write_one write, size_t count, size_t index,
                     struct api_raw *raw)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SCIM_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    struct scim_call call;
    CX_TRY(scim_open(&call, request));
    if (call.query.filter.count)
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "filter-not-here",
                         "Resource types and schemas are not filtered.");
    if (index > count)
        return scim_refuse_unknown(request);
    if (index < count) {
        CX_TRY(write(&json, &call, index));
        return scim_send(&call, raw, 0, &out);
    }
    CX_TRY(scim_list_begin(&json, count, 1, count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(write(&json, &call, i));
    CX_TRY(json_end(&json));
    CX_TRY(json_end(&json));
    return scim_send(&call, raw, 0, &out);
}

enum { ALL = 2, NONE = 3 };
_Static_assert(CX_COUNT_OF(types) == ALL && CX_COUNT_OF(schemas) == ALL, "as many as there are");

cx_err handle_scim_config(struct api_request *request, const struct api_scim_config_in *in,
                          struct api_scim_config_out *ret_out)
{
    (void)in;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SCIM_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    struct scim_call call;
    CX_TRY(scim_open(&call, request));
    CX_TRY(write_config(&json, &call));
    return scim_send(&call, &ret_out->raw, 0, &out);
}

cx_err handle_scim_resource_types(struct api_request *request,
                                  const struct api_scim_resource_types_in *in,
                                  struct api_scim_resource_types_out *ret_out)
{
    (void)in;
    return answer(request, write_type, ALL, ALL, &ret_out->raw);
}

cx_err handle_scim_resource_type(struct api_request *request,
                                 const struct api_scim_resource_type_in *in,
                                 struct api_scim_resource_type_out *ret_out)
{
    size_t index = NONE;
    for (size_t i = 0; i < ALL; i++)
        if (cx_str_is(in->scim_id, types[i].name))
            index = i;
    return answer(request, write_type, ALL, index, &ret_out->raw);
}

cx_err handle_scim_schemas(struct api_request *request, const struct api_scim_schemas_in *in,
                           struct api_scim_schemas_out *ret_out)
{
    (void)in;
    return answer(request, write_schema, ALL, ALL, &ret_out->raw);
}

cx_err handle_scim_schema(struct api_request *request, const struct api_scim_schema_in *in,
                          struct api_scim_schema_out *ret_out)
{
    size_t index = NONE;
    for (size_t i = 0; i < ALL; i++)
        if (cx_str_is(in->scim_id, schemas[i].urn))
            index = i;
    return answer(request, write_schema, ALL, index, &ret_out->raw);
}
