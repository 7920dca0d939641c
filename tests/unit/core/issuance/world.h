/*
 * A whole core over a real keys process's insides (tests/unit/keys/stand.h) and a fresh database: tenant, issuers,
 * profiles and enrolled people, driven through the handlers of the API.
 */
#pragma once
#include "api_routes.h"
#include "core/api/contract.h"
#include "core/core.h"
#include "tests/lib/database.h"
#include "tests/unit/keys/stand.h"

enum { WORLD_RIGHTS_MAX = 65536 };

struct world {
    struct stand stand;
    struct core core;
    struct cx_clock clock;
    struct cx_rng rng;
    struct arena arena;
    struct cx_diag diag;
    char public_dir[128];
    bool rights_stay; /* requests borrow their principal's rights: nothing is read for them */
    struct principal requester, approver, administrator;
    struct access_rights *kept[WORLD_RIGHTS_MAX]; /* of every principal there was */
    size_t kept_count;
};

/* Group set-up and tear-down of cmocka: the databases. */
int world_group_start(void **state);
int world_group_stop(void **state);
/* Runs test in a fresh world on SQLite and, where it can be started, on PostgreSQL. */
void world_on_both(void (*test)(struct world *world));

cx_err world_authenticate(struct world *world, struct cx_str token,
                          struct principal *ret_principal);
cx_err world_redeem(struct world *world, struct cx_str link, struct cx_str *ret_token);
/* A new person with a role, or with two ("requester,approver"), invited on the host; authenticated by the token they got. */
struct principal world_person(struct world *world, const char *roles);
/* A request as the dispatcher would hand it to a handler. Resets the diagnostic. */
struct api_request world_request(struct world *world, enum api_operation_id operation,
                                 const struct principal *principal);
/* PEM of a CSR with a fresh P-256 key for one dns name. */
struct cx_str world_csr(struct world *world, const char *dns);
/* With a subject. */
struct cx_str world_csr_of(struct world *world, const struct pki_attribute *subject,
                           size_t subject_count, const char *dns);
/* Asks as requester; the view of the request. */
cx_err world_ask(struct world *world, const struct principal *principal, const char *dns,
                 struct api_request_view *ret_view);
cx_err world_approve(struct world *world, const struct principal *principal,
                     struct cx_id request_id, struct api_request_view *ret_view);
/* Asked, approved, issued: the certificate. */
struct api_certificate_view world_issue(struct world *world, const char *dns);
struct api_certificate_view world_certificate(struct world *world, struct cx_id certificate_id);
/* How many audit entries there are. object_id zero: of any object. */
int64_t world_entries(struct world *world, const char *action, const char *outcome,
                      struct cx_id object_id);
/* Installs version 2 of server-tls, with from replaced by to in its text. */
void world_rules(struct world *world, const char *from, const char *to);
