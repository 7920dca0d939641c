/* CAs whose certificate is not made here: signed by an offline root, or taken over with their key. */
#include "host/commands.h"

#include "base/cleanup.h"
#include "codec/pem.h"
#include "core/issuance/issuer.h"
#include "os/file.h"
#include "pki/certificate.h"
#include "pki/verify.h"

enum { CHAIN_DER_MAX = ISSUER_CHAIN_MAX * PKI_CERTIFICATE_MAX };

static cx_err read_pem(struct cli *cli, const char *name, size_t max, struct pem_block **ret_blocks,
                       size_t *ret_count)
{
    struct cx_str file = CX_STR_NONE;
    struct cx_bytes text = CX_BYTES_NONE;
    const struct pem_limits limits = {.text_max = 2 * CHAIN_DER_MAX,
                                      .blocks_max = max,
                                      .label = "CERTIFICATE",
                                      .skip_text = true};
    *ret_count = 0;
    if (!cli_get(cli, name, &file))
        return CX_OK;
    CX_TRY(cli_read_file(cli, file, &text));
    return pem_parse(&cli->arena, text, &limits, &cli->diag, ret_blocks, ret_count);
}

/* RFC 5280 §6.1: lower names upper as its issuer and bears its signature. */
static cx_err check_link(struct cli *cli, const struct pki_certificate *lower,
                         const struct pki_certificate *upper)
{
    if (cx_bytes_eq(lower->issuer, upper->subject) &&
        cx_is_ok(pki_signature_verify(upper->spki, lower->signature_algorithm, lower->tbs,
                                      lower->signature)))
        return CX_OK;
    return cx_refuse(
        &cli->diag, CX_ERR(POLICY), "chain", "chain-broken",
        "Each certificate of the chain must be signed by the next, the last by itself: "
        "give --chain with every CA above, root last.");
}

/* A chain that does not hold would be served to every client: it is refused here. */
cx_err ca_read_brought(struct cli *cli, struct ca_brought *ret_brought)
{
    struct pem_block *first = NULL, *above = NULL;
    size_t first_count = 0, count = 0;
    struct pki_certificate lower, upper;
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(CHAIN_DER_MAX);
    struct ca_brought brought;
    CX_TRY(read_pem(cli, "certificate", 1, &first, &first_count));
    CX_TRY(read_pem(cli, "chain", ISSUER_CHAIN_MAX, &above, &count));
    brought.certificate = first[0].der;
    CX_TRY(pki_certificate_parse(brought.certificate, &cli->diag, &lower));
    brought.not_after_us = lower.not_after_us;
    for (size_t i = 0; i < count; i++) {
        CX_TRY(pki_certificate_parse(above[i].der, &cli->diag, &upper));
        CX_TRY(check_link(cli, &lower, &upper));
        CX_TRY(cx_buf_add(&der, above[i].der));
        if (upper.not_after_us < brought.not_after_us)
            brought.not_after_us = upper.not_after_us;
        lower = upper;
    }
    CX_TRY(check_link(cli, &lower, &lower));
    CX_TRY(arena_copy(&cli->arena, cx_buf_view(&der), &brought.chain));
    *ret_brought = brought;
    return CX_OK;
}

/* The CA here that signed what was brought, if any. */
static cx_err find_parent_id(struct host *host, struct cx_id tenant_id, struct cx_bytes certificate,
                             struct cx_id *ret_parent_id)
{
    const struct issuer_entry **issuers = NULL;
    struct pki_certificate child;
    size_t count = 0;
    *ret_parent_id = (struct cx_id){{0}};
    CX_TRY(pki_certificate_parse(certificate, &host->cli->diag, &child));
    CX_TRY(issuer_each(&host->core, tenant_id, &host->cli->arena, &issuers, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_bytes_eq(issuers[i]->pki.subject_der, child.issuer) &&
            cx_is_ok(pki_signature_verify(issuers[i]->pki.spki, child.signature_algorithm,
                                          child.tbs, child.signature)))
            *ret_parent_id = issuers[i]->issuer_id;
    return CX_OK;
}

/* The issuer that ca request left in the key directory; with its certificate when an installation was cut short. */
static cx_err find_requested(struct host *host, struct cx_id tenant_id, struct cx_str name,
                             struct ceremony_issuer_row *ret_row)
{
    struct ceremony_issuer_row *rows = NULL;
    const struct ceremony_issuer_row *found = NULL;
    size_t count = 0;
    CX_TRY(ceremony_issuers(host->core.keys, &host->cli->arena, &host->cli->diag, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_id_eq(rows[i].tenant_id, tenant_id) && cx_str_eq(rows[i].name, name) &&
            (!found || !rows[i].has_certificate))
            found = &rows[i];
    if (!found)
        return CX_ERR(NOTFOUND);
    *ret_row = *found;
    return CX_OK;
}

/* A second key under the same name would leave open which one is meant. */
static cx_err refuse_requested(struct host *host, struct cx_id tenant_id, struct cx_str name)
{
    struct ceremony_issuer_row other;
    cx_err err = find_requested(host, tenant_id, name, &other);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    return cx_refuse(&host->cli->diag, CX_ERR(CONFLICT), "name", "issuer-exists",
                     "The key directory has a CA named %.*s already: install its certificate, or "
                     "take another name.",
                     CX_STR_ARG(name));
}

cx_err ca_request_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(65536);
    struct ca_plan plan;
    struct cx_id tenant_id;
    struct ceremony_issuer issuer;
    const struct pki_attribute *subject = NULL;
    size_t subject_count = 0;
    struct cx_bytes csr = CX_BYTES_NONE;
    char path[OS_PATH_MAX];
    (void)command;
    CX_TRY(ca_read_plan(cli, &plan));
    CX_TRY(os_path(path, "%.*s", CX_STR_ARG(ca_option(cli, "out", ""))));
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(ca_refuse_taken(&host, tenant_id, plan.name));
    CX_TRY(ca_describe(&host, tenant_id, &plan, false, &issuer));
    CX_TRY(refuse_requested(&host, tenant_id, plan.name));
    CX_TRY(subject_parse(cli, plan.subject, &subject, &subject_count));
    CX_TRY(ceremony_ca_request(host.core.keys, &issuer, subject, subject_count, &cli->arena,
                               &cli->diag, &csr));
    CX_TRY(pem_write("CERTIFICATE REQUEST", csr, &pem));
    CX_TRY(os_file_write(path, cx_buf_view(&pem), 0644));
    return ca_print_made(cli, plan.name, issuer.issuer_id);
}

cx_err ca_install_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct cx_id tenant_id, parent_id;
    struct ca_plan plan;
    struct ceremony_issuer issuer;
    struct ceremony_issuer_row requested;
    struct ca_brought brought;
    (void)command;
    CX_TRY(ca_read_plan(cli, &plan));
    CX_TRY(ca_read_brought(cli, &brought));
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(ca_refuse_taken(&host, tenant_id, plan.name));
    CX_TRY(ca_describe(&host, tenant_id, &plan, false, &issuer));
    cx_err err = find_requested(&host, tenant_id, plan.name, &requested);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(&cli->diag, err, "name", "", "No CA named %.*s awaits its certificate.",
                         CX_STR_ARG(plan.name));
    CX_TRY(err);
    /* What keys was told when the key was made goes into every certificate; the configuration may say otherwise now. */
    issuer.issuer_id = requested.issuer_id;
    issuer.shard_count = requested.shard_count;
    issuer.status_url = requested.status_url;
    CX_TRY(ceremony_ca_install(host.core.keys, tenant_id, issuer.issuer_id, brought.certificate,
                               &cli->diag));
    CX_TRY(find_parent_id(&host, tenant_id, brought.certificate, &parent_id));
    CX_TRY(ca_record(&host, &issuer, parent_id, brought.certificate, brought.chain));
    return ca_print_made(cli, plan.name, issuer.issuer_id);
}

static cx_err read_key(struct cli *cli, struct cx_bytes *ret_pkcs8)
{
    struct cx_bytes text = CX_BYTES_NONE;
    struct pem_block *blocks = NULL;
    size_t count = 0;
    const struct pem_limits limits = {
        .text_max = 65536, .blocks_max = 1, .label = "PRIVATE KEY", .skip_text = true};
    CX_TRY(cli_read_file(cli, ca_option(cli, "key", ""), &text));
    CX_TRY(pem_parse(&cli->arena, text, &limits, &cli->diag, &blocks, &count));
    *ret_pkcs8 = blocks[0].der;
    cx_wipe((void *)(uintptr_t)text.ptr, text.len);
    return CX_OK;
}

static cx_err import(struct cli *cli, const struct ca_brought *brought, struct cx_bytes pkcs8)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct cx_id tenant_id, parent_id;
    struct ceremony_issuer issuer;
    struct pki_certificate parsed;
    struct pki_issuer pki;
    CX_TRY(pki_certificate_parse(brought->certificate, &cli->diag, &parsed));
    CX_TRY(pki_issuer_from_certificate(&cli->arena, &parsed, &cli->diag, &pki));
    const struct ca_plan plan = {.name = ca_option(cli, "name", ""),
                                 .key_type = cx_str_from(pki_key_type_name(pki.key_type)),
                                 .backend = CX_STR("file"),
                                 .path_len = pki.path_len_set ? pki.path_len : 1};
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(ca_refuse_taken(&host, tenant_id, plan.name));
    CX_TRY(ca_describe(&host, tenant_id, &plan, false, &issuer));
    CX_TRY(ceremony_ca_import(host.core.keys, &issuer, brought->certificate, pkcs8, &cli->diag));
    CX_TRY(find_parent_id(&host, tenant_id, brought->certificate, &parent_id));
    CX_TRY(ca_record(&host, &issuer, parent_id, brought->certificate, brought->chain));
    return ca_print_made(cli, plan.name, issuer.issuer_id);
}

cx_err ca_import_run(struct cli *cli, const struct cli_command *command)
{
    struct ca_brought brought;
    struct cx_bytes pkcs8;
    (void)command;
    CX_TRY(ca_read_brought(cli, &brought));
    CX_TRY(read_key(cli, &pkcs8));
    cx_err err = import(cli, &brought, pkcs8);
    cx_wipe((void *)(uintptr_t)pkcs8.ptr, pkcs8.len);
    return err;
}
