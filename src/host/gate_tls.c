/*
 * The gate's own certificate comes out of the ordinary issuance cycle, so that it is in the journal, the database and
 * the log like any other. Its key is made here and given to the gate's user.
 */
#include "host/commands.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "codec/pem.h"
#include "core/field.h"
#include "core/issuance/submit.h"
#include "core/policy/profile_store.h"
#include "core/tenant/tenant.h"
#include "crypto/key.h"
#include "os/file.h"

#include <arpa/inet.h>

enum { GATE_NAMES_MAX = 5, GATE_PEM_MAX = 256 * 1024, GATE_DAYS = 397 };

struct commit_context {
    struct host *host;
    struct cx_id tenant_id;
};

static cx_err commit_system(void *arg, struct audit_event *event, store_fn fn, void *fn_arg)
{
    const struct commit_context *context = arg;
    event->action = "system.gate.certificate";
    event->tenant_id = context->tenant_id;
    return audit_commit(&context->host->core, event, fn, fn_arg);
}

/* "https://host:port" → host; brackets of an IPv6 address are dropped. */
static struct cx_str host_of(struct cx_str url)
{
    struct cx_str host = {url.ptr + strlen("https://"), url.len - strlen("https://")};
    const char *end = memchr(host.ptr, host.ptr[0] == '[' ? ']' : ':', host.len);
    if (end)
        host.len = (size_t)(end - host.ptr);
    if (host.len > 0 && host.ptr[0] == '[')
        host = (struct cx_str){host.ptr + 1, host.len - 1};
    return host;
}

/* An address or a DNS name, unless it is there already. */
static cx_err add_name(struct arena *arena, struct cx_str text, struct pki_name *names,
                       size_t *count)
{
    char copy[256];
    uint8_t address[16];
    struct pki_name name = {PKI_NAME_DNS, cx_str_bytes(text)};
    (void)snprintf(copy, sizeof(copy), "%.*s", CX_STR_ARG(text));
    size_t len = inet_pton(AF_INET, copy, address) == 1    ? 4
                 : inet_pton(AF_INET6, copy, address) == 1 ? 16
                                                           : 0;
    if (len > 0) {
        name.kind = PKI_NAME_IP;
        CX_TRY(arena_copy(arena, CX_BYTES(address, len), &name.value));
    }
    for (size_t i = 0; i < *count; i++)
        if (names[i].kind == name.kind && cx_bytes_eq(names[i].value, name.value))
            return CX_OK;
    names[(*count)++] = name;
    return CX_OK;
}

static cx_err issue(struct host *host, struct cx_id tenant_id, const struct issuer_entry *issuer,
                    struct cx_bytes spki, struct cx_bytes *ret_der)
{
    struct arena *arena = &host->cli->arena;
    const struct profile_entry *profile = NULL;
    struct pki_name names[GATE_NAMES_MAX];
    size_t name_count = 0;
    struct policy_decision decision;
    const cx_time now_us = cx_now(host->core.clock);
    CX_TRY(profile_get(&host->core, tenant_id, CX_STR("server-tls"), 0, &profile));
    CX_TRY(add_name(arena, host_of(host->core.options.public_url), names, &name_count));
    CX_TRY(add_name(arena, CX_STR("localhost"), names, &name_count));
    CX_TRY(add_name(arena, CX_STR("127.0.0.1"), names, &name_count));
    CX_TRY(add_name(arena, CX_STR("::1"), names, &name_count));
    const struct policy_ask ask = {.profile = &profile->profile,
                                   .issuer = &issuer->pki,
                                   .now_us = now_us,
                                   .by_system = true,
                                   .has_csr = true,
                                   .csr = {.names = names, .name_count = name_count, .spki = spki},
                                   .validity_s = GATE_DAYS * INT64_C(86400)};
    CX_TRY(policy_decide(&ask, &host->cli->diag, &decision));
    struct issuance run = {.core = &host->core,
                           .arena = arena,
                           .diag = &host->cli->diag,
                           .tenant_id = tenant_id,
                           .now_us = now_us};
    const struct submission submission = {.kind = REQUEST_ISSUE,
                                          .profile = &profile->profile,
                                          .issuer = issuer,
                                          .decision = &decision};
    struct commit_context context = {host, tenant_id};
    CX_TRY(request_submit(&run, &submission, commit_system, &context, ret_der));
    if (ret_der->len == 0)
        return cx_refuse(&host->cli->diag, CX_ERR(BUSY), "", "",
                         "The keys process did not issue the gate's certificate.");
    return CX_OK;
}

static cx_err write_file(struct host *host, const char *name, struct cx_bytes content, mode_t mode)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/%s", CX_STR_ARG(host->instance.dir), name));
    return os_file_write(path, content, mode);
}

static cx_err add_chain(const struct issuer_entry *issuer, struct cx_buf *pem)
{
    CX_TRY(pem_write("CERTIFICATE", issuer->certificate_der, pem));
    for (size_t i = 0; i < issuer->chain_count; i++)
        CX_TRY(pem_write("CERTIFICATE", issuer->chain[i], pem));
    return CX_OK;
}

static cx_err write_all(struct host *host, const struct issuer_entry *issuer, struct cx_bytes leaf,
                        const struct crypto_key *key)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret pkcs8 = CX_SECRET_INIT;
    CX_CLEANUP(cx_buf_clear) struct cx_buf chain = CX_BUF_INIT(GATE_PEM_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf root = CX_BUF_INIT(GATE_PEM_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf secret = CX_BUF_INIT(GATE_PEM_MAX);
    /* The root goes along, so that a client that was given its hash can pick it up (cli/enroll.h). */
    CX_TRY(pem_write("CERTIFICATE", leaf, &chain));
    CX_TRY(add_chain(issuer, &chain));
    CX_TRY(pem_write("CERTIFICATE",
                     issuer->chain_count > 0 ? issuer->chain[issuer->chain_count - 1]
                                             : issuer->certificate_der,
                     &root));
    CX_TRY(crypto_key_to_pkcs8(key, &pkcs8));
    CX_TRY(pem_write("PRIVATE KEY", cx_secret_view(&pkcs8), &secret));
    cx_err err = write_file(host, "gate/tls.key", cx_buf_view(&secret), 0400);
    cx_wipe(secret.ptr, secret.len);
    CX_TRY(err);
    CX_TRY(write_file(host, "gate/tls.crt", cx_buf_view(&chain), 0444));
    return write_file(host, "public/root.pem", cx_buf_view(&root), 0444);
}

cx_err gate_certificate(struct host *host, struct cx_id tenant_id)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    const struct issuer_entry *issuer = NULL;
    struct cx_bytes leaf = CX_BYTES_NONE;
    CX_TRY(issuer_default(&host->core, tenant_id, &host->cli->arena, &host->cli->diag, &issuer));
    CX_TRY(crypto_key_generate(CRYPTO_KEY_P256, &key));
    CX_TRY(issue(host, tenant_id, issuer, crypto_key_spki(key), &leaf));
    return write_all(host, issuer, leaf, key);
}

cx_err gate_certificate_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct cx_id tenant_id;
    (void)command;
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(gate_certificate(&host, tenant_id));
    if (!cli->json) {
        printf("The gate has a new certificate; it is used from the next start of the gate on.\n");
        return CX_OK;
    }
    json_auto_t *document = json_pack("{s:b}", "restart_needed", 1);
    return document ? output_document(cli, document, NULL, 0) : CX_ERR(NOMEM);
}
