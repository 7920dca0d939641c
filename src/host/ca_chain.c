/* Other chains of a CA: a cross-certificate from another root, so that clients which know only that one can use it too. */
#include "host/commands.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "cli/output.h"
#include "core/audit/audit.h"
#include "core/field.h"
#include "core/issuance/chain_store.h"
#include "pki/certificate.h"

struct chaining {
    struct host *host;
    struct cx_id tenant_id;
    const struct issuer_entry *issuer;
    struct cx_bytes certificates; /* to add */
    int64_t position;
};

static cx_err open_issuer(struct cli *cli, struct host *host, struct chaining *c)
{
    CX_TRY(host_open(cli, host));
    CX_TRY(host_tenant(host, &c->tenant_id));
    c->host = host;
    cx_err err = ca_find(host, c->tenant_id, ca_option(cli, "name", ""), &c->issuer);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(&cli->diag, err, "name", "", "There is no CA named %.*s.",
                         CX_STR_ARG(ca_option(cli, "name", "")));
    return err;
}

/* It must be a way from this CA's key and name to another root: what it issued must verify by it. */
static cx_err check_brought(struct chaining *c, const struct ca_brought *brought)
{
    struct cx_diag *diag = &c->host->cli->diag;
    struct pki_certificate certificate;
    struct pki_issuer pki;
    CX_TRY(pki_certificate_parse(brought->certificate, diag, &certificate));
    CX_TRY(pki_issuer_from_certificate(&c->host->cli->arena, &certificate, diag, &pki));
    if (!cx_bytes_eq(certificate.subject, c->issuer->pki.subject_der) ||
        !cx_bytes_eq(certificate.spki, c->issuer->pki.spki))
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "chain-other-ca",
                         "The first certificate must have the name and the key of the CA %.*s.",
                         CX_STR_ARG(c->issuer->name));
    /* RFC 5280 §4.2.1.1: what the CA issued names the key by this, and verifiers look for it. */
    if (!cx_bytes_eq(pki.key_id, c->issuer->pki.key_id))
        return cx_refuse(
            diag, CX_ERR(POLICY), "certificate", "chain-key-id",
            "The first certificate must have the subject key identifier of the CA %.*s.",
            CX_STR_ARG(c->issuer->name));
    if (brought->chain.len == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "chain", "chain-no-root",
                         "Give --chain with every CA above it, root last.");
    if (brought->not_after_us <= cx_now(c->host->core.clock))
        return cx_refuse(diag, CX_ERR(POLICY), "chain", "chain-expired",
                         "A certificate of the chain has expired.");
    return CX_OK;
}

static bool is_same(const struct issuer_chain *chain, struct cx_bytes certificates)
{
    size_t at = 0;
    for (size_t i = 0; i < chain->count; i++) {
        struct cx_bytes one = chain->certificates[i];
        if (certificates.len - at < one.len ||
            !cx_bytes_eq(one, CX_BYTES(certificates.ptr + at, one.len)))
            return false;
        at += one.len;
    }
    return at == certificates.len;
}

static cx_err refuse_known(struct chaining *c, struct store_tx *tx)
{
    struct issuer_chain chains[ISSUER_CHAIN_LAST + 1] = {{.count = 0}};
    struct issuer_chain *own = &chains[ISSUER_CHAIN_LAST];
    size_t count = 0;
    own->certificates[own->count++] = c->issuer->certificate_der;
    for (size_t i = 0; i < c->issuer->chain_count; i++)
        own->certificates[own->count++] = c->issuer->chain[i];
    bool known = is_same(own, c->certificates);
    CX_TRY(issuer_chains_read(tx, c->tenant_id, c->issuer->issuer_id, &c->host->cli->arena, chains,
                              &count));
    for (size_t i = 0; i < count; i++)
        known |= is_same(&chains[i], c->certificates);
    if (!known)
        return CX_OK;
    return cx_refuse(&c->host->cli->diag, CX_ERR(CONFLICT), "certificate", "chain-known",
                     "The CA has this chain already.");
}

static cx_err write_added(struct store_tx *tx, void *arg)
{
    struct chaining *c = arg;
    CX_TRY(refuse_known(c, tx));
    cx_err err = issuer_chain_add(tx, c->tenant_id, c->issuer->issuer_id, c->certificates,
                                  cx_now(c->host->core.clock), &c->position);
    if (err.code == CX_E_LIMIT)
        return cx_refuse(&c->host->cli->diag, err, "name", "chains-max",
                         "A CA has at most %d other chains, removed ones counted.",
                         ISSUER_CHAIN_LAST - ISSUER_CHAIN_FIRST + 1);
    return err;
}

static cx_err write_removed(struct store_tx *tx, void *arg)
{
    struct chaining *c = arg;
    cx_err err = issuer_chain_remove(tx, c->tenant_id, c->issuer->issuer_id, c->position,
                                     cx_now(c->host->core.clock));
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(&c->host->cli->diag, err, "position", "chain-unknown",
                         "The CA has no other chain at this position.");
    return err;
}

static cx_err commit(struct chaining *c, const char *action, store_fn write)
{
    struct field_detail details[] = {{"name", c->issuer->name}};
    struct audit_event event = {.action = action,
                                .tenant_id = c->tenant_id,
                                .object_type = CX_ID_ISSUER,
                                .object_id = c->issuer->issuer_id};
    CX_TRY(field_details(&c->host->cli->arena, details, 1, &event.details));
    return audit_commit(&c->host->core, &event, write, c);
}

static cx_err print_chain(struct chaining *c)
{
    json_auto_t *document = json_pack("{s:s%, s:I}", "name", c->issuer->name.ptr,
                                      c->issuer->name.len, "position", (json_int_t)c->position);
    return document ? output_document(c->host->cli, document, NULL, 0) : CX_ERR(NOMEM);
}

cx_err ca_add_chain_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf all = CX_BUF_INIT((ISSUER_CHAIN_MAX + 1) * PKI_CERTIFICATE_MAX);
    struct chaining c = {.position = 0};
    struct ca_brought brought;
    (void)command;
    CX_TRY(ca_read_brought(cli, &brought));
    CX_TRY(open_issuer(cli, &host, &c));
    CX_TRY(check_brought(&c, &brought));
    CX_TRY(cx_buf_add(&all, brought.certificate));
    CX_TRY(cx_buf_add(&all, brought.chain));
    c.certificates = cx_buf_view(&all);
    CX_TRY(commit(&c, "system.ca.chain-add", write_added));
    return print_chain(&c);
}

cx_err ca_remove_chain_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct chaining c = {.position = 0};
    (void)command;
    if (cx_failed(
            cx_parse_i64(cli->positionals[0], ISSUER_CHAIN_FIRST, ISSUER_CHAIN_LAST, &c.position)))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "position", "", "A number from %d to %d.",
                         ISSUER_CHAIN_FIRST, ISSUER_CHAIN_LAST);
    CX_TRY(open_issuer(cli, &host, &c));
    CX_TRY(commit(&c, "system.ca.chain-remove", write_removed));
    return print_chain(&c);
}
