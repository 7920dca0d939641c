/*
 * Making an API token, for oneself or for a service account that one owns. What is made with a token is bounded by it: it
 * ends with it, and leaves no more than it does (rights_meet.c), now and whenever that one is narrowed or revoked.
 */
#pragma once
#include "core/access/binding_store.h"
#include "core/api/api.h"

struct token_wish {
    struct cx_id user_id;             /* whose it will be */
    const struct access_rights *held; /* what they have */
    struct cx_str label;
    int64_t expires_in_days;
    bool has_roles;
    const struct cx_str *roles; /* narrow it to these, in these places */
    size_t role_count;
    const struct cx_id *groups;
    size_t group_count;
    bool has_tags;
    struct cx_str tags;
};
struct token_made {
    struct api_request *request;
    struct row_api_token row;
    struct access_grant_row grants[ACCESS_GRANTS_MAX];
    size_t grant_count;
    struct cx_str secret; /* shown once */
};

/* Refuses to narrow to what is not held ("role-not-held"), places without roles and a narrowed token that names no roles
 * ("narrowing-needs-roles"), and one narrowed to a scope ("scope-all-needed"). In the request's arena. */
cx_err token_prepare(struct api_request *request, const struct token_wish *wish,
                     struct token_made **ret_made);
/* Inside the closure. Refuses to outlive the token that it is made with ("token-outlives-parent"), and a chain of more than
 * ACCESS_TOKEN_CHAIN_MAX ("token-chain"). */
cx_err token_write(struct store_tx *tx, const struct token_made *made);
/* {"label", "roles", "tags"} and, of a service account's token, "token". */
cx_err token_details(struct api_request *request, const struct token_wish *wish,
                     struct cx_id token_id, struct cx_str *ret_details);
struct api_token_view;
/* The token as stored now. CX_E_NOTFOUND "token-unknown". */
cx_err token_show(struct api_request *request, struct cx_id token_id,
                  struct api_token_view *ret_view);
