#include "core/api/problem.h"

#include "codec/json_write.h"

static const struct api_problem_kind kinds[CX_E_COUNT] = {
    [CX_E_OK] = {500, "Internal error", false,
                 0}, /* a success is never a problem: a bug if it gets here */
    [CX_E_USAGE] = {400, "Wrong use", true, 0},
    [CX_E_PARSE] = {400, "Malformed input", true, 0},
    [CX_E_POLICY] = {422, "Refused by a rule", true, 0},
    [CX_E_AUTH] = {401, "Not authenticated", true, 0},
    [CX_E_DENIED] = {403, "Not allowed", true, 0},
    [CX_E_NOTFOUND] = {404, "Not found", true, 0},
    [CX_E_CONFLICT] = {409, "Conflict", true, 0},
    [CX_E_LIMIT] = {422, "Over a limit", true, 0},
    [CX_E_BUSY] = {503, "Busy, try again", true, 1},
    [CX_E_IO] = {503, "Temporarily unavailable", false, 2},
    [CX_E_STORE] = {503, "Temporarily unavailable", false, 2},
    [CX_E_CRYPTO] = {500, "Internal error", false, 0},
    [CX_E_NOMEM] = {503, "Out of resources", false, 2},
    [CX_E_INTERNAL] = {500, "Internal error", false, 0},
};

static const char *default_detail(cx_err err)
{
    switch (err.code) {
    case CX_E_AUTH:
        return "Send a valid token: Authorization: Bearer <token>.";
    case CX_E_DENIED:
        return "The token's roles do not allow this.";
    case CX_E_NOTFOUND:
        return "There is no such object.";
    case CX_E_CONFLICT:
        return "The object's state does not allow this, or another change came first.";
    case CX_E_BUSY:
        return "The service is busy; nothing was done. Try again.";
    case CX_E_USAGE:
    case CX_E_PARSE:
    case CX_E_POLICY:
    case CX_E_LIMIT:
        return "The request was refused.";
    default:
        return "The request could not be completed. The server's log has the reason under this "
               "request id.";
    }
}

const struct api_problem_kind *api_problem_kind(cx_err err)
{
    return &kinds[(unsigned)err.code < CX_E_COUNT ? err.code : CX_E_INTERNAL];
}

/* RFC 8555 §6.3: a GET that is not allowed is 405 "malformed"; the like is true of all that HTTP names. */
static const char *acme_type(uint16_t status)
{
    if (status >= 500)
        return "serverInternal";
    return status == 429 ? "rateLimited" : "malformed";
}

const char *api_problem_content_type(enum api_problem_types types)
{
    return types == API_PROBLEM_SCIM ? "application/scim+json" : "application/problem+json";
}

uint16_t api_problem_status(cx_err err, uint16_t status, enum api_problem_types types)
{
    if (status)
        return status;
    status = api_problem_kind(err)->status;
    return status == 422 && types == API_PROBLEM_SCIM ? 400 : status;
}

/* RFC 7644 §3.12 table 9: what each rule is called there. A refusal that it has no word for has none. */
static const char *scim_type(cx_err err, const struct cx_diag *diag)
{
    static const char *const types[][2] = {
        {"scim-filter", "invalidFilter"}, {"scim-path", "invalidPath"},
        {"scim-target", "noTarget"},      {"scim-value", "invalidValue"},
        {"scim-syntax", "invalidSyntax"}, {"scim-mutability", "mutability"},
        {"scim-too-many", "tooMany"},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (cx_str_is(cx_str_from(diag->rule), types[i][0]))
            return types[i][1];
    if (err.code == CX_E_CONFLICT)
        return "uniqueness";
    return err.code == CX_E_PARSE ? "invalidSyntax" : NULL;
}

/* RFC 7644 §3.12: status is a string there. rule and request_id are ours. */
static cx_err write_scim(cx_err err, uint16_t status, const struct cx_diag *diag,
                         struct cx_id call_id, struct cx_buf *out)
{
    bool detailed = api_problem_kind(err)->detailed && diag;
    const char *type = detailed ? scim_type(err, diag) : NULL;
    struct json_writer json = json_writer(out);
    char text[8];
    snprintf(text, sizeof(text), "%u", (unsigned)status);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_begin_array(&json, "schemas"));
    CX_TRY(json_write_text(&json, NULL, "urn:ietf:params:scim:api:messages:2.0:Error"));
    CX_TRY(json_end(&json));
    CX_TRY(json_write_text(&json, "status", text));
    if (type)
        CX_TRY(json_write_text(&json, "scimType", type));
    CX_TRY(json_write_text(&json, "detail",
                           detailed && diag->text[0] ? diag->text : default_detail(err)));
    if (detailed && diag->rule[0])
        CX_TRY(json_write_text(&json, "rule", diag->rule));
    CX_TRY(json_write_id(&json, "request_id", CX_ID_CALL, call_id));
    return json_end(&json);
}

cx_err api_problem_write(cx_err err, uint16_t status, enum api_problem_types types,
                         const struct cx_diag *diag, struct cx_id call_id, struct cx_buf *out)
{
    const struct api_problem_kind *kind = api_problem_kind(err);
    bool detailed = kind->detailed && diag;
    char type[80];
    status = api_problem_status(err, status, types);
    if (types == API_PROBLEM_SCIM)
        return write_scim(err, status, diag, call_id, out);
    if (types == API_PROBLEM_ACME)
        snprintf(type, sizeof(type), "urn:ietf:params:acme:error:%s", acme_type(status));
    else
        snprintf(type, sizeof(type), "urn:certinext:problem:%s", cx_err_name(err));
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_text(&json, "type", type));
    CX_TRY(json_write_text(&json, "title", kind->title));
    CX_TRY(json_write_i64(&json, "status", status));
    CX_TRY(json_write_text(&json, "detail",
                           detailed && diag->text[0] ? diag->text : default_detail(err)));
    if (detailed && diag->field[0])
        CX_TRY(json_write_text(&json, "field", diag->field));
    if (detailed && diag->rule[0])
        CX_TRY(json_write_text(&json, "rule", diag->rule));
    CX_TRY(json_write_id(&json, "request_id", CX_ID_CALL, call_id));
    return json_end(&json);
}
