/*
 * A key directory with a root, an issuing CA and the built-in profiles, and a keys process's insides served over a socketpair to a
 * client, as in production but in one process and without the sandbox.
 */
#pragma once
#include "keys/ceremony.h"
#include "keys/handlers.h"
#include "scratch_dir.h"

struct stand {
    struct scratch_dir dir;
    struct signer signer;
    struct ipc_server *server;
    struct keys_client *client;
    struct arena arena;
    struct cx_diag diag;
    struct cx_id tenant, root, issuer;
    struct cx_bytes root_der, issuer_der;
    struct cx_rng rng;
};

/* Makes everything by ceremony, then serves online. */
void stand_make(struct stand *stand);
void stand_clear(struct stand *stand);

/* Opens signer, server and client on the existing directory. */
void stand_open(struct stand *stand, bool is_ceremony, bool is_drill);
void stand_close(struct stand *stand);

/* The text of profiles/<name>.yaml of the source tree. */
struct cx_bytes stand_profile(struct stand *stand, const char *name);

/* A complete template for server-tls: fresh P-256 key, serial, one DNS name. In the stand's arena. */
struct pki_template stand_template(struct stand *stand, const char *dns_name);
/* Issues it under a new intent id. */
cx_err stand_issue(struct stand *stand, const struct pki_template *tmpl, struct cx_id intent,
                   struct cx_bytes *ret_der);
struct cx_id stand_id(struct stand *stand);
