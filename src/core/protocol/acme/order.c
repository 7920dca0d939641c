#include "core/protocol/acme/order.h"
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "core/protocol/acme/identifier.h"
#include "core/protocol/acme/renewal.h"

static const char *const CHALLENGES[ACME_CHALLENGE_COUNT] = {
    [ACME_HTTP_01] = "http-01",
    [ACME_DNS_01] = "dns-01",
    [ACME_DNS_ACCOUNT_01] = "dns-account-01",
    [ACME_TLS_ALPN_01] = "tls-alpn-01",
};

const char *acme_challenge_name(enum acme_challenge challenge)
{
    return CHALLENGES[challenge];
}

bool acme_challenge_from_name(struct cx_str name, enum acme_challenge *ret_challenge)
{
    for (int i = 0; i < ACME_CHALLENGE_COUNT; i++) {
        if (cx_str_is(name, CHALLENGES[i])) {
            *ret_challenge = (enum acme_challenge)i;
            return true;
        }
    }
    return false;
}

/* ---- status ---- */

bool acme_authorization_is_valid(const struct acme_authorization *authorization, cx_time now_us)
{
    return authorization->state == ACME_AUTHORIZATION_VALID && now_us < authorization->expires_us;
}

static bool may_become_valid(const struct acme_authorization *authorization, cx_time now_us)
{
    return (authorization->state == ACME_AUTHORIZATION_PENDING ||
            authorization->state == ACME_AUTHORIZATION_PROCESSING) &&
           now_us < authorization->expires_us;
}

static enum acme_order_status status_of_request(const struct acme_order *order)
{
    switch (order->request_state) {
    case REQUEST_DONE:
        return ACME_ORDER_VALID;
    case REQUEST_FAILED:
    case REQUEST_REJECTED:
    case REQUEST_CANCELLED:
        return ACME_ORDER_INVALID;
    default:
        return ACME_ORDER_PROCESSING;
    }
}

enum acme_order_status acme_order_status(const struct acme_order *order, cx_time now_us)
{
    size_t valid = 0;
    if (!cx_id_is_zero(order->request_id))
        return status_of_request(order);
    if (now_us >= order->expires_us)
        return ACME_ORDER_INVALID;
    for (size_t i = 0; i < order->authorization_count; i++) {
        bool good = acme_authorization_is_valid(&order->authorizations[i], now_us);
        if (!good && !may_become_valid(&order->authorizations[i], now_us))
            return ACME_ORDER_INVALID;
        valid += good;
    }
    return valid == order->authorization_count ? ACME_ORDER_READY : ACME_ORDER_PENDING;
}

static const char *order_status_name(enum acme_order_status status)
{
    static const char *const names[] = {
        [ACME_ORDER_PENDING] = "pending",       [ACME_ORDER_READY] = "ready",
        [ACME_ORDER_PROCESSING] = "processing", [ACME_ORDER_VALID] = "valid",
        [ACME_ORDER_INVALID] = "invalid",
    };
    return names[status];
}

static const char *authorization_status_name(const struct acme_authorization *authorization,
                                             cx_time now_us)
{
    if (authorization->state == ACME_AUTHORIZATION_INVALID)
        return "invalid";
    if (authorization->state == ACME_AUTHORIZATION_DEACTIVATED)
        return "deactivated";
    if (now_us >= authorization->expires_us)
        return "expired";
    return authorization->state == ACME_AUTHORIZATION_VALID ? "valid" : "pending";
}

/* ---- names and challenges ---- */

static cx_err full_name(const struct acme_authorization *authorization, struct arena *arena,
                        struct pki_name *ret_name)
{
    struct cx_str text = CX_STR_NONE;
    *ret_name = authorization->name;
    if (!authorization->wildcard)
        return CX_OK;
    CX_TRY(arena_printf(arena, &text, "*.%.*s", CX_STR_ARG(authorization->value)));
    ret_name->value = cx_str_bytes(text);
    return CX_OK;
}

cx_err acme_order_names(const struct acme_order *order, struct arena *arena,
                        const struct pki_name **ret_names)
{
    struct pki_name *names = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, order->authorization_count, &names));
    for (size_t i = 0; i < order->authorization_count; i++)
        CX_TRY(full_name(&order->authorizations[i], arena, &names[i]));
    *ret_names = names;
    return CX_OK;
}

uint32_t acme_challenges_for(const struct acme_directory *directory,
                             const struct acme_authorization *authorization)
{
    const uint32_t dns = 1u << ACME_DNS_01 | 1u << ACME_DNS_ACCOUNT_01;
    /* RFC 8738 §7: dns-01 MUST NOT be used for ip; RFC 8555 §8.3, RFC 8737 §3: only DNS proves a wildcard. */
    if (authorization->name.kind == PKI_NAME_IP)
        return directory->challenges & ~dns;
    return authorization->wildcard ? directory->challenges & dns : directory->challenges;
}

/* ---- answers ---- */

static cx_err write_request_error(struct json_writer *json, const struct acme_order *order)
{
    const char *text = order->request_state == REQUEST_REJECTED ? "A person rejected the request."
                       : order->request_state == REQUEST_CANCELLED ? "The request was cancelled."
                                                                   : "The request was refused.";
    CX_TRY(json_begin_object(json, "error"));
    CX_TRY(json_write_text(json, "type", "urn:ietf:params:acme:error:unauthorized"));
    CX_TRY(json_write_text(json, "detail", text));
    CX_TRY(json_write_i64(json, "status", 403));
    if (order->failure_rule.len)
        CX_TRY(json_write_str(json, "rule", order->failure_rule));
    return json_end(json);
}

/* What made an order invalid: its request, or the first challenge that failed. */
static cx_err write_error(struct json_writer *json, const struct acme_order *order)
{
    if (!cx_id_is_zero(order->request_id))
        return write_request_error(json, order);
    for (size_t i = 0; i < order->authorization_count; i++)
        if (order->authorizations[i].error.len)
            return json_write_raw(json, "error", cx_str_bytes(order->authorizations[i].error));
    return CX_OK;
}

static cx_err url_of(const struct acme_call *call, const char *what, enum cx_id_type type,
                     struct cx_id id, struct cx_str *ret_url)
{
    char text[CX_ID_TEXT_MAX];
    cx_id_format(type, id, text);
    return acme_url(call, ret_url, "%s/%s", what, text);
}

static cx_err write_links(struct acme_call *call, struct json_writer *json,
                          const struct acme_order *order, enum acme_order_status status)
{
    struct cx_str url = CX_STR_NONE;
    CX_TRY(json_begin_array(json, "authorizations"));
    for (size_t i = 0; i < order->authorization_count; i++) {
        CX_TRY(url_of(call, "authorization", CX_ID_ACME_AUTHORIZATION,
                      order->authorizations[i].authorization_id, &url));
        CX_TRY(json_write_str(json, NULL, url));
    }
    CX_TRY(json_end(json));
    CX_TRY(url_of(call, "finalize", CX_ID_ACME_ORDER, order->order_id, &url));
    CX_TRY(json_write_str(json, "finalize", url));
    if (status != ACME_ORDER_VALID)
        return CX_OK;
    CX_TRY(url_of(call, "certificate", CX_ID_ACME_ORDER, order->order_id, &url));
    return json_write_str(json, "certificate", url);
}

static cx_err write_order(struct acme_call *call, struct json_writer *json,
                          const struct acme_order *order, enum acme_order_status status)
{
    const struct pki_name *names = NULL;
    struct arena *arena = call->request->arena;
    CX_TRY(acme_order_names(order, arena, &names));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_text(json, "status", order_status_name(status)));
    CX_TRY(json_write_time(json, "expires", order->expires_us));
    CX_TRY(json_begin_array(json, "identifiers"));
    for (size_t i = 0; i < order->authorization_count; i++)
        CX_TRY(acme_identifier_write(json, NULL, &names[i], arena));
    CX_TRY(json_end(json));
    /* Clients send and expect this name (draft-ietf-acme-profiles); it is not in the contract. */
    CX_TRY(json_write_str(json, "profile", order->profile_name));
    if (!cx_id_is_zero(order->replaces_id)) /* RFC 9773 §5 */
        CX_TRY(acme_certificate_ref_write(call, json, "replaces", order->replaces_serial));
    CX_TRY(write_links(call, json, order, status));
    if (status == ACME_ORDER_INVALID)
        CX_TRY(write_error(json, order));
    return json_end(json);
}

static cx_err add_poll(struct acme_call *call, const struct acme_order *order,
                       enum acme_order_status status)
{
    bool by_people = order->request_state == REQUEST_AWAITING_APPROVAL;
    if (status != ACME_ORDER_PROCESSING)
        return CX_OK;
    return acme_retry_after(call, by_people ? ACME_APPROVAL_POLL_S : ACME_POLL_S);
}

cx_err acme_answer_order(struct acme_call *call, uint16_t status, const struct acme_order *order)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_ANSWER_MAX);
    enum acme_order_status now = acme_order_status(order, call->request->now_us);
    struct json_writer json = json_writer(&out);
    struct cx_str url = CX_STR_NONE;
    CX_TRY(write_order(call, &json, order, now));
    CX_TRY(acme_answer_json(call, status, &out));
    CX_TRY(url_of(call, "order", CX_ID_ACME_ORDER, order->order_id, &url));
    CX_TRY(acme_header(call, "Location", url));
    return add_poll(call, order, now);
}

static bool is_tried(const struct acme_authorization *authorization, enum acme_challenge challenge)
{
    return cx_str_is(authorization->challenge, CHALLENGES[challenge]);
}

static const char *challenge_status(const struct acme_authorization *authorization,
                                    enum acme_challenge challenge)
{
    if (!is_tried(authorization, challenge))
        return "pending";
    if (authorization->state == ACME_AUTHORIZATION_PROCESSING)
        return "processing";
    if (authorization->error.len)
        return "invalid";
    return authorization->validated_us ? "valid" : "pending";
}

static cx_err write_challenge(struct acme_call *call, struct json_writer *json,
                              const struct acme_authorization *authorization,
                              enum acme_challenge challenge, struct cx_str *ret_url)
{
    char text[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ACME_AUTHORIZATION, authorization->authorization_id, text);
    CX_TRY(acme_url(call, ret_url, "challenge/%s/%s", text, CHALLENGES[challenge]));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_text(json, "type", CHALLENGES[challenge]));
    CX_TRY(json_write_str(json, "url", *ret_url));
    CX_TRY(json_write_text(json, "status", challenge_status(authorization, challenge)));
    CX_TRY(json_write_str(json, "token", authorization->token));
    if (is_tried(authorization, challenge) && authorization->validated_us &&
        !authorization->error.len)
        CX_TRY(json_write_time(json, "validated", authorization->validated_us));
    if (is_tried(authorization, challenge) && authorization->error.len)
        CX_TRY(json_write_raw(json, "error", cx_str_bytes(authorization->error)));
    return json_end(json);
}

/* RFC 8555 §7.1.4: in a final state only the challenge that decided is listed. */
static bool is_listed(const struct acme_call *call, const struct acme_authorization *authorization,
                      enum acme_challenge challenge)
{
    if (authorization->state == ACME_AUTHORIZATION_VALID ||
        authorization->state == ACME_AUTHORIZATION_INVALID)
        return is_tried(authorization, challenge);
    return acme_challenges_for(&call->directory, authorization) & 1u << challenge;
}

cx_err acme_answer_authorization(struct acme_call *call, uint16_t status,
                                 const struct acme_authorization *authorization)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    struct cx_str url = CX_STR_NONE;
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_text(&json, "status",
                           authorization_status_name(authorization, call->request->now_us)));
    CX_TRY(json_write_time(&json, "expires", authorization->expires_us));
    CX_TRY(acme_identifier_write(&json, "identifier", &authorization->name, call->request->arena));
    CX_TRY(json_begin_array(&json, "challenges"));
    for (int i = 0; i < ACME_CHALLENGE_COUNT; i++)
        if (is_listed(call, authorization, (enum acme_challenge)i))
            CX_TRY(write_challenge(call, &json, authorization, (enum acme_challenge)i, &url));
    CX_TRY(json_end(&json));
    if (authorization->wildcard) /* §7.1.4: true, or absent */
        CX_TRY(json_write_bool(&json, "wildcard", true));
    CX_TRY(json_end(&json));
    CX_TRY(acme_answer_json(call, status, &out));
    if (status == 201) {
        CX_TRY(url_of(call, "authorization", CX_ID_ACME_AUTHORIZATION,
                      authorization->authorization_id, &url));
        CX_TRY(acme_header(call, "Location", url));
    }
    return authorization->state == ACME_AUTHORIZATION_PROCESSING
               ? acme_retry_after(call, ACME_POLL_S)
               : CX_OK;
}

cx_err acme_answer_challenge(struct acme_call *call, const struct acme_authorization *authorization,
                             enum acme_challenge challenge)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    struct cx_str url = CX_STR_NONE, up = CX_STR_NONE;
    CX_TRY(write_challenge(call, &json, authorization, challenge, &url));
    CX_TRY(acme_answer_json(call, 0, &out));
    CX_TRY(url_of(call, "authorization", CX_ID_ACME_AUTHORIZATION, authorization->authorization_id,
                  &up));
    CX_TRY(acme_link(call, up, "up")); /* §7.5.1 */
    return authorization->state == ACME_AUTHORIZATION_PROCESSING
               ? acme_retry_after(call, ACME_POLL_S)
               : CX_OK;
}
