/* The host commands, one function each (host/host.h). */
#pragma once
#include "core/issuance/issuer.h"
#include "core/tenant/tenant.h"
#include "host/host.h"

cx_err init_run(struct cli *cli, const struct cli_command *command);
cx_err invite_run(struct cli *cli, const struct cli_command *command);
cx_err tenant_create_run(struct cli *cli, const struct cli_command *command);
cx_err profile_check_run(struct cli *cli, const struct cli_command *command);
cx_err profile_rollback_run(struct cli *cli, const struct cli_command *command);
cx_err profile_install_run(struct cli *cli, const struct cli_command *command);
cx_err ca_create_root_run(struct cli *cli, const struct cli_command *command);
cx_err ca_create_run(struct cli *cli, const struct cli_command *command);
cx_err ca_request_run(struct cli *cli, const struct cli_command *command);
cx_err ca_install_run(struct cli *cli, const struct cli_command *command);
cx_err ca_import_run(struct cli *cli, const struct cli_command *command);
cx_err ca_add_chain_run(struct cli *cli, const struct cli_command *command);
cx_err ca_remove_chain_run(struct cli *cli, const struct cli_command *command);
cx_err ca_sign_csr_run(struct cli *cli, const struct cli_command *command);
cx_err ca_show_run(struct cli *cli, const struct cli_command *command);
cx_err ca_list_run(struct cli *cli, const struct cli_command *command);
cx_err key_list_add_run(struct cli *cli, const struct cli_command *command);
cx_err key_list_remove_run(struct cli *cli, const struct cli_command *command);
cx_err key_list_list_run(struct cli *cli, const struct cli_command *command);
cx_err gate_certificate_run(struct cli *cli, const struct cli_command *command);

/* Installs one profile: in the key directory and in the database. */
cx_err profile_install(struct host *host, struct cx_id tenant_id, const struct tenant_profile *add);

/* The tenant, when it is not there yet, and the profiles it lacks. CX_E_CONFLICT: another has the name. */
cx_err tenant_fill(struct host *host, struct cx_id tenant_id, struct cx_str name);
/* A new administrator and "https://host:port/enroll#cxl_…&ca=<SHA-256 of the root>": the pin lets a client trust this
 * server and no other. */
cx_err tenant_link(struct host *host, struct cx_id tenant_id, struct cx_str *ret_link);

/* What ca create and init need to make an issuer. parent: name, "" for a root. */
struct ca_plan {
    struct cx_str name, parent, subject, key_type, backend, key_label;
    struct cx_str profile; /* "": root-ca or sub-ca */
    int path_len;
    int64_t validity_s; /* 0: the profile's default */
    const struct pki_constraint *constraints;
    size_t constraint_count;
};
cx_err ca_create(struct host *host, struct cx_id tenant_id, const struct ca_plan *plan,
                 struct cx_id *ret_issuer_id, struct cx_bytes *ret_der);
/* CX_E_NOTFOUND when the tenant has none of that name. */
cx_err ca_find(struct host *host, struct cx_id tenant_id, struct cx_str name,
               const struct issuer_entry **ret_issuer);
cx_err ca_exists(struct host *host, struct cx_id tenant_id, struct cx_str name, bool *ret_exists);
cx_err ca_refuse_taken(struct host *host, struct cx_id tenant_id, struct cx_str name);

/* The steps that every way to a CA shares: options → plan → what keys is told → row of the database. */
struct cx_str ca_option(const struct cli *cli, const char *name, const char *otherwise);
cx_err ca_read_plan(struct cli *cli, struct ca_plan *ret_plan);
cx_err ca_describe(struct host *host, struct cx_id tenant_id, const struct ca_plan *plan, bool root,
                   struct ceremony_issuer *ret_issuer);
cx_err ca_record(struct host *host, const struct ceremony_issuer *issuer, struct cx_id parent_id,
                 struct cx_bytes certificate, struct cx_bytes chain);
cx_err ca_print_made(struct cli *cli, struct cx_str name, struct cx_id issuer_id);

/* A certificate from outside and what stands above it: the options certificate and chain. */
struct ca_brought {
    struct cx_bytes certificate, chain; /* DER; the chain concatenated */
    cx_time not_after_us;               /* of the first among them to end */
};
/* A chain that does not hold would be served to every client: it is refused here. */
cx_err ca_read_brought(struct cli *cli, struct ca_brought *ret_brought);

/* "CN=Example CA,O=Example" → attributes. A comma or backslash inside a value is written with a backslash. */
cx_err subject_parse(struct cli *cli, struct cx_str text,
                     const struct pki_attribute **ret_attributes, size_t *ret_count);

/* Makes gate/tls.crt and gate/tls.key for the host of public_url, issued by the CA here. */
cx_err gate_certificate(struct host *host, struct cx_id tenant_id);
