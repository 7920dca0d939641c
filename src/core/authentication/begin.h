/*
 * Beginning a session, or giving one a new secret: the rows to write, and the cookies or the bearer text to answer with.
 * Shared by the operations that prove who one is (login.c, login_passkey.c, step_up.c).
 */
#pragma once
#include "api_types.h"
#include "core/api/api.h"
#include "core/authentication/session_store.h"

struct session_grant {
    struct cx_id tenant_id, user_id;
    enum api_login_method method;
    bool bearer;
    bool device;             /* also remember this browser */
    struct cx_id session_id; /* of a session that goes on; zero: a new one */
    bool elsewhere;          /* a provider proved who it is: factor_us and provider_id say more */
    cx_time factor_us;       /* when a second factor was proved there; 0: it was not */
    struct cx_id provider_id;
    struct cx_id client_binding_id; /* of the client certificate it begins with; zero: none */
    struct cx_bytes client_sha256;
    struct row_login_session session;
    struct row_login_device remembered;
    struct cx_str text, device_text; /* the secrets, in the request's arena */
};

/* Fills the rows and texts. Not inside a closure. */
cx_err session_grant_prepare(struct api_request *request, struct session_grant *grant);
/* Inside the closure of audit_commit. */
cx_err session_grant_write(struct store_tx *tx, const struct session_grant *grant);
/* After the commit: cookies into the request, or the secret into the view. */
cx_err session_grant_answer(struct api_request *request, const struct session_grant *grant,
                            struct api_login_view *ret_view);
/* Cookies that end what is there. */
cx_err session_clear_cookie(struct api_request *request);

cx_err session_view(struct core *core, struct cx_id tenant_id, const struct session_row *session,
                    struct cx_id current_id, struct arena *arena,
                    struct api_session_view *ret_view);

/* The tenant of a login: the one named, or the only one. CX_E_PARSE, rule "tenant-needed". */
cx_err login_tenant(struct api_request *request, bool has_tenant_id, struct cx_id tenant_id,
                    struct cx_id *ret_tenant_id);
/* A login that sets cookies comes from our own page; one that asks for a bearer secret from no page but ours. */
cx_err login_check_origin(const struct api_request *request, bool bearer);
/* One answer to every wrong account, password, code and passkey. */
cx_err login_refuse(struct cx_diag *diag);
/* The entry of a login that came to nothing, and, when blocked_by is not NULL, that further ones now wait. user_id zero:
 * nobody known. */
cx_err login_record_failure(struct api_request *request, struct cx_id tenant_id,
                            struct cx_id user_id, const char *reason, const char *blocked_by);
/* As api_commit, with the person who logs in as the actor. */
cx_err login_commit(struct api_request *request, struct cx_id tenant_id, struct cx_id user_id,
                    struct cx_str details, store_fn fn, void *arg);
