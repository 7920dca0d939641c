#include "core/protocol/acme/identifier.h"
#include "base/cleanup.h"
#include "pki/lint/text.h"
#include "pki/name.h"

#include <stdio.h>

cx_err acme_identifier_write(struct json_writer *json, const char *key, const struct pki_name *name,
                             struct arena *arena)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(pki_name_to_text(arena, name, &text));
    CX_TRY(json_begin_object(json, key));
    CX_TRY(json_write_text(json, "type", name->kind == PKI_NAME_IP ? "ip" : "dns"));
    CX_TRY(json_write_str(json, "value", text));
    return json_end(json);
}

/* RFC 8738 §3: the value is the textual form of RFC 1123 §2.1 or RFC 5952 §4, so nothing but the form that comes back. */
static cx_err check_ip_form(struct arena *arena, struct cx_str text, const struct pki_name *name,
                            struct cx_diag *diag)
{
    struct cx_str canonical = CX_STR_NONE;
    CX_TRY(pki_name_to_text(arena, name, &canonical));
    if (cx_str_eq(text, canonical))
        return CX_OK;
    return cx_refuse(diag, CX_ERR(PARSE), "", "identifier-ip-form", "Write the address as %.*s.",
                     CX_STR_ARG(canonical));
}

/* RFC 8555 §7.1.4: what begins with "xn--" must be properly encoded. */
static cx_err check_a_labels(const struct pki_name *name, struct cx_diag *diag)
{
    if (lint_dns_punycode_valid(name->value))
        return CX_OK;
    return cx_refuse(diag, CX_ERR(PARSE), "", "identifier-a-label",
                     "A label that begins with xn-- must be Punycode of an international name.");
}

/* *ret_error says what kind of refusal a failure is. */
static cx_err read_one(struct arena *arena, const struct json_node *node, struct cx_diag *diag,
                       enum acme_error *ret_error, struct pki_name *ret_name)
{
    struct cx_str type = CX_STR_NONE, value = CX_STR_NONE;
    *ret_error = ACME_MALFORMED;
    CX_TRY(json_as_object(node, diag));
    CX_TRY(json_read_str(node, "type", 64, diag, &type));
    CX_TRY(json_read_str(node, "value", PKI_DNS_MAX + 2, diag, &value));
    bool ip = cx_str_is(type, "ip");
    bool device = cx_str_is(type, "permanent-identifier") || cx_str_is(type, "hardware-module");
    if (device) {
        *ret_error = ACME_UNSUPPORTED_IDENTIFIER;
        return cx_refuse(diag, CX_ERR(POLICY), "", "identifier-device",
                         "Devices are proven by device-attest-01, which is not offered: "
                         "identifiers are of type dns or ip.");
    }
    if (!ip && !cx_str_is(type, "dns")) {
        *ret_error = ACME_UNSUPPORTED_IDENTIFIER;
        return cx_refuse(diag, CX_ERR(POLICY), "", "identifier-type",
                         "Identifiers are of type dns or ip.");
    }
    CX_TRY(pki_name_parse(arena, ip ? PKI_NAME_IP : PKI_NAME_DNS, value, "", diag, ret_name));
    return ip ? check_ip_form(arena, value, ret_name, diag) : check_a_labels(ret_name, diag);
}

cx_err acme_identifier_read(struct acme_call *call, const struct json_node *payload,
                            struct pki_name *ret_name)
{
    struct json_node node = json_member(payload, "identifier");
    struct cx_diag *diag = call->request->diag;
    enum acme_error error = ACME_MALFORMED;
    cx_err err = read_one(call->request->arena, &node, diag, &error, ret_name);
    CX_TRY(acme_refuse_as(call, error, err));
    /* RFC 8555 §7.4.1: no wildcards here. */
    if (ret_name->kind == PKI_NAME_DNS && pki_dns_is_wildcard(ret_name->value))
        return acme_refuse(call, ACME_MALFORMED, "identifier-wildcard",
                           "A wildcard is authorized by an order only.");
    return CX_OK;
}

/* The first refusal gives the problem its type; each one is a subproblem. */
struct refusals {
    struct acme_call *call;
    struct acme_subproblem *list;
    size_t count;
};

static void add_refusal(struct refusals *refusals, enum acme_error error,
                        const struct pki_name *name, const struct cx_diag *diag)
{
    struct acme_subproblem *sub = &refusals->list[refusals->count++];
    sub->error = error;
    sub->name = *name;
    snprintf(sub->text, sizeof(sub->text), "%s", diag->text);
}

static cx_err conclude(struct refusals *refusals, const char *rule)
{
    struct acme_call *call = refusals->call;
    if (refusals->count == 0)
        return CX_OK;
    call->subproblems = refusals->list;
    call->subproblem_count = refusals->count;
    return acme_refuse(call, refusals->list[0].error, rule, "%s", refusals->list[0].text);
}

static bool is_twice(const struct pki_name *names, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (pki_name_eq(&names[i], &names[index]))
            return true;
    return false;
}

cx_err acme_identifiers_read(struct acme_call *call, const struct json_node *payload,
                             const struct pki_name **ret_names, size_t *ret_count)
{
    struct arena *arena = call->request->arena;
    struct json_node list;
    struct pki_name *names = NULL;
    size_t count = 0;
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED,
                          json_read_array(payload, "identifiers", ACME_IDENTIFIERS_MAX,
                                          call->request->diag, &list, &count)));
    if (count == 0)
        return acme_refuse(call, ACME_MALFORMED, "identifiers-empty",
                           "An order needs an identifier.");
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &names));
    for (size_t i = 0; i < count; i++) {
        struct json_node node = json_item(&list, i);
        struct cx_diag diag = CX_DIAG_INIT;
        enum acme_error error = ACME_MALFORMED;
        cx_err err = read_one(arena, &node, &diag, &error, &names[i]);
        if (cx_failed(err) && err.code == CX_E_NOMEM)
            return err;
        if (cx_failed(err))
            return acme_refuse(call, error, diag.rule, "Identifier %zu: %s", i + 1, diag.text);
        if (is_twice(names, i))
            return acme_refuse(call, ACME_MALFORMED, "identifier-duplicate",
                               "Identifier %zu is there twice.", i + 1);
    }
    *ret_names = names;
    *ret_count = count;
    return CX_OK;
}

bool acme_scope_has(const struct acme_scope *scope, const struct pki_name *name)
{
    struct arena arena = ARENA_INIT(512);
    struct cx_str text = CX_STR_NONE;
    bool within = scope->domain_count == 0;
    if (name->kind == PKI_NAME_IP && cx_failed(pki_name_to_text(&arena, name, &text)))
        return false;
    for (size_t i = 0; i < scope->domain_count && !within; i++)
        within = name->kind == PKI_NAME_IP ? cx_str_eq(text, scope->domains[i])
                                           : pki_dns_within(name->value, scope->domains[i]);
    arena_clear(&arena);
    return within;
}

static cx_err one_allowed(struct acme_call *call, const struct pki_profile *profile,
                          const struct issuer_entry *issuer, const struct pki_name *name,
                          struct cx_diag *diag)
{
    CX_TRY(pki_name_allowed(profile, &issuer->pki, name, "", diag));
    if (!acme_scope_has(&call->account.scope, name))
        return cx_refuse(diag, CX_ERR(POLICY), "", "identifier-out-of-scope",
                         "The name is outside the domains of the account's external binding.");
    return CX_OK;
}

cx_err acme_identifiers_allowed(struct acme_call *call, const struct pki_profile *profile,
                                const struct issuer_entry *issuer, const struct pki_name *names,
                                size_t count)
{
    struct refusals refusals = {.call = call};
    char rule[DIAG_RULE_MAX] = "";
    if (count > profile->names_max)
        return acme_refuse(call, ACME_REJECTED_IDENTIFIER, "names-max",
                           "This certificate profile allows at most %u names.", profile->names_max);
    for (size_t i = 0; i < count; i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        cx_err err = one_allowed(call, profile, issuer, &names[i], &diag);
        if (cx_is_ok(err))
            continue;
        if (err.code != CX_E_POLICY && err.code != CX_E_PARSE)
            return err;
        if (!refusals.list) { /* the common case is that there is none */
            CX_TRY(ARENA_NEW_ARRAY(call->request->arena, count, &refusals.list));
            snprintf(rule, sizeof(rule), "%s", diag.rule);
        }
        add_refusal(&refusals, ACME_REJECTED_IDENTIFIER, &names[i], &diag);
    }
    return conclude(&refusals, rule);
}

enum { JOIN_MAX = 4096 };

cx_err acme_join(struct arena *arena, const struct cx_str *texts, size_t count,
                 struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(JOIN_MAX + PKI_DNS_MAX + 8);
    for (size_t i = 0; i < count; i++) {
        if (out.len > JOIN_MAX) {
            CX_TRY(cx_buf_add_str(&out, CX_STR(" ...")));
            break;
        }
        if (i)
            CX_TRY(cx_buf_add_u8(&out, ' '));
        CX_TRY(cx_buf_add_str(&out, texts[i]));
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}
