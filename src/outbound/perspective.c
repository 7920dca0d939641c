#include "outbound/perspective.h"

#include "base/number.h"

static const char field[] = "validation_perspectives";

static struct cx_str take_until(struct cx_str *text, char separator)
{
    size_t len = 0;
    while (len < text->len && text->ptr[len] != separator)
        len++;
    struct cx_str piece = {text->ptr, len};
    size_t used = len < text->len ? len + 1 : len;
    *text = (struct cx_str){text->ptr + used, text->len - used};
    return piece;
}

static bool copy_text(struct cx_str text, char *ret_copy, size_t cap)
{
    if (text.len == 0 || text.len >= cap)
        return false;
    memcpy(ret_copy, text.ptr, text.len);
    ret_copy[text.len] = '\0';
    return true;
}

static bool name_valid(struct cx_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return name.len > 0;
}

/* "address" or "address@port" */
static bool server_valid(struct cx_str text)
{
    struct cx_str rest = text;
    struct cx_str host = take_until(&rest, '@');
    struct address address = {.len = 0};
    int64_t port = 0;
    return cx_is_ok(address_parse(host, 0, &address)) &&
           (host.len == text.len || cx_is_ok(cx_parse_i64(rest, 1, 65535, &port)));
}

static cx_err add_resolver(struct cx_str value, struct cx_diag *diag, struct perspective_plan *plan)
{
    if (cx_str_is(value, "root")) {
        plan->from_root = true;
        return CX_OK;
    }
    if (plan->server_count == RESOLVER_SERVERS_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), field, "count", "%s has more than %d resolvers",
                         plan->name, RESOLVER_SERVERS_MAX);
    if (!server_valid(value) ||
        !copy_text(value, plan->servers[plan->server_count], RESOLVER_TEXT_MAX))
        return cx_refuse(diag, CX_ERR(PARSE), field, "resolver",
                         "a resolver is root, address or address@port");
    plan->server_count++;
    return CX_OK;
}

static cx_err add_option(struct cx_str option, struct cx_diag *diag, struct perspective_plan *plan)
{
    struct cx_str value = option;
    struct cx_str key = take_until(&value, '=');
    struct address address = {.len = 0};
    if (cx_str_is(key, "resolver"))
        return add_resolver(value, diag, plan);
    if (!cx_str_is(key, "source"))
        return cx_refuse(diag, CX_ERR(PARSE), field, "option",
                         "%s: the options are resolver= and source=", plan->name);
    if (plan->source[0] != '\0' || cx_failed(address_parse(value, 0, &address)) ||
        !copy_text(value, plan->source, sizeof(plan->source)))
        return cx_refuse(diag, CX_ERR(PARSE), field, "source", "%s: source takes one IP address",
                         plan->name);
    return CX_OK;
}

static cx_err parse_plan(struct cx_str text, struct cx_diag *diag, struct perspective_plan *plan)
{
    bool ends_well = !cx_str_ends(text, CX_STR(","));
    struct cx_str name = take_until(&text, ',');
    if (!ends_well || !name_valid(name) || !copy_text(name, plan->name, sizeof(plan->name)))
        return cx_refuse(diag, CX_ERR(PARSE), field, "name",
                         "a perspective starts with a name of lower-case letters, digits, hyphens");
    while (text.len > 0)
        CX_TRY(add_option(take_until(&text, ','), diag, plan));
    if (plan->from_root && plan->server_count > 0)
        return cx_refuse(diag, CX_ERR(PARSE), field, "resolver", "%s: resolver=root stands alone",
                         plan->name);
    return CX_OK;
}

cx_err perspective_parse(struct cx_str text, struct cx_diag *diag,
                         struct perspective_plans *ret_plans)
{
    struct perspective_plans plans = {.count = 0};
    if (cx_str_ends(text, CX_STR("|")))
        return cx_refuse(diag, CX_ERR(PARSE), field, "name", "the last perspective has no name");
    do {
        if (plans.count == OUTBOUND_PERSPECTIVES_MAX)
            return cx_refuse(diag, CX_ERR(LIMIT), field, "count", "at most %d perspectives",
                             OUTBOUND_PERSPECTIVES_MAX);
        struct perspective_plan *plan = &plans.items[plans.count++];
        CX_TRY(parse_plan(take_until(&text, '|'), diag, plan));
        for (size_t i = 0; i + 1 < plans.count; i++)
            if (strcmp(plans.items[i].name, plan->name) == 0)
                return cx_refuse(diag, CX_ERR(PARSE), field, "name", "%s is there twice",
                                 plan->name);
    } while (text.len > 0);
    *ret_plans = plans;
    return CX_OK;
}

bool perspective_needs_bind(const struct perspective_plans *plans)
{
    for (size_t i = 0; i < plans->count; i++)
        if (plans->items[i].source[0] != '\0')
            return true;
    return false;
}

static cx_err open_one(const struct perspective_plan *plan, const struct perspective_dns *dns,
                       struct cx_diag *diag, struct perspective *perspective)
{
    struct resolver_options options = {.server_count = plan->server_count,
                                       .from_root = plan->from_root,
                                       .trust_anchor = dns->trust_anchor,
                                       .insecure = dns->insecure};
    for (size_t i = 0; i < plan->server_count; i++)
        options.servers[i] = plan->servers[i];
    memcpy(perspective->name, plan->name, sizeof(perspective->name));
    if (plan->source[0] != '\0') {
        options.source = plan->source;
        CX_TRY(address_parse(cx_str_from(plan->source), 0, &perspective->source));
    }
    return resolver_new(&options, diag, &perspective->resolver);
}

cx_err perspective_open(const struct perspective_plans *plans, const struct perspective_dns *dns,
                        struct cx_diag *diag, struct perspective_set *set)
{
    set->count = 0;
    for (size_t i = 0; i < plans->count; i++) {
        set->items[i] = (struct perspective){.resolver = NULL};
        CX_TRY(open_one(&plans->items[i], dns, diag, &set->items[i]));
        set->count++;
    }
    return CX_OK;
}

void perspective_close(struct perspective_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        resolver_free(set->items[i].resolver);
    set->count = 0;
}
