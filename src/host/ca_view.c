/* What CAs there are. */
#include "host/commands.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "codec/hex.h"
#include "codec/pem.h"
#include "core/issuance/issuer.h"
#include "pki/certificate.h"

enum { CHAIN_PEM_MAX = 2 * (ISSUER_CHAIN_MAX + 1) * PKI_CERTIFICATE_MAX };

cx_err ca_list_run(struct cli *cli, const struct cli_command *command)
{
    static const char *const columns[] = {"id",      "name",     "kind",
                                          "backend", "key_type", "certificate"};
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct ceremony_issuer_row *rows = NULL;
    size_t count = 0;
    struct cx_id tenant_id;
    json_auto_t *items = json_array();
    (void)command;
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(ceremony_issuers(host.core.keys, &cli->arena, &cli->diag, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        char id[CX_ID_TEXT_MAX];
        if (!cx_id_eq(rows[i].tenant_id, tenant_id))
            continue;
        cx_id_format(CX_ID_ISSUER, rows[i].issuer_id, id);
        json_t *item = json_pack(
            "{s:s, s:s%, s:s, s:s%, s:s, s:b}", "id", id, "name", rows[i].name.ptr,
            rows[i].name.len, "kind", rows[i].root ? "root" : "intermediate", "backend",
            rows[i].backend.ptr, rows[i].backend.len, "key_type",
            crypto_key_type_name(rows[i].key_type), "certificate", rows[i].has_certificate);
        if (!item || json_array_append_new(items, item) != 0)
            return CX_ERR(NOMEM);
    }
    json_auto_t *document = json_pack("{s:O}", "items", items);
    return document ? output_document(cli, document, columns, sizeof(columns) / sizeof(columns[0]))
                    : CX_ERR(NOMEM);
}

static cx_err describe_issuer(const struct issuer_entry *issuer, json_t **ret_document)
{
    char id[CX_ID_TEXT_MAX], parent[CX_ID_TEXT_MAX] = "", from[CX_TIME_TEXT_MAX],
                             until[CX_TIME_TEXT_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf hash = CX_BUF_INIT(64), serial = CX_BUF_INIT(64);
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(CHAIN_PEM_MAX);
    cx_id_format(CX_ID_ISSUER, issuer->issuer_id, id);
    if (!cx_id_is_zero(issuer->parent_id))
        cx_id_format(CX_ID_ISSUER, issuer->parent_id, parent);
    CX_TRY(cx_time_format(issuer->not_before_us, from));
    CX_TRY(cx_time_format(issuer->pki.not_after_us, until));
    CX_TRY(hex_encode(CX_BYTES(issuer->sha256, sizeof(issuer->sha256)), &hash));
    CX_TRY(hex_encode(issuer->serial, &serial));
    CX_TRY(pem_write("CERTIFICATE", issuer->certificate_der, &pem));
    for (size_t i = 0; i < issuer->chain_count; i++)
        CX_TRY(pem_write("CERTIFICATE", issuer->chain[i], &pem));
    json_t *document =
        json_pack("{s:s, s:s%, s:s, s:s%, s:s, s:s*, s:s, s:s, s:s%, s:s%, s:I, s:s%, s:s%}", "id",
                  id, "name", issuer->name.ptr, issuer->name.len, "kind",
                  issuer->is_root ? "root" : "intermediate", "subject", issuer->subject_text.ptr,
                  issuer->subject_text.len, "key_type", pki_key_type_name(issuer->pki.key_type),
                  "parent_id", parent[0] ? parent : NULL, "not_before", from, "not_after", until,
                  "serial", (const char *)serial.ptr, serial.len, "sha256", (const char *)hash.ptr,
                  hash.len, "shard_count", (json_int_t)issuer->pki.shard_count, "status_url",
                  issuer->pki.status_url.ptr, issuer->pki.status_url.len, "pem",
                  (const char *)pem.ptr, pem.len);
    if (!document)
        return CX_ERR(NOMEM);
    *ret_document = document;
    return CX_OK;
}

cx_err ca_show_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    const struct issuer_entry *issuer = NULL;
    struct cx_id tenant_id;
    json_auto_t *document = NULL;
    (void)command;
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    cx_err err = ca_find(&host, tenant_id, cli->positionals[0], &issuer);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(&cli->diag, err, "name", "", "There is no CA named %.*s.",
                         CX_STR_ARG(cli->positionals[0]));
    CX_TRY(err);
    CX_TRY(describe_issuer(issuer, &document));
    return output_document(cli, document, NULL, 0);
}
