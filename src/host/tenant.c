/* Tenants, their first people and their profiles. */
#include "host/commands.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "cli/output.h"
#include "codec/hex.h"
#include "codec/pem.h"
#include "core/access/access.h"
#include "core/change/rollback.h"
#include "core/policy/profile_store.h"
#include "core/tenant/tenant.h"
#include "crypto/hash.h"
#include "host/builtin.h"
#include "os/file.h"

cx_err profile_install(struct host *host, struct cx_id tenant_id, const struct tenant_profile *add)
{
    struct cx_str name = CX_STR_NONE;
    uint32_t version = 0;
    CX_TRY(tenant_profile_check(&host->core, tenant_id, add, &host->cli->diag));
    CX_TRY(ceremony_profile_install(host->core.keys, tenant_id, add->yaml, &host->cli->arena,
                                    &host->cli->diag, &name, &version));
    return tenant_profile_add(&host->core, tenant_id, add, &host->cli->diag);
}

cx_err tenant_link(struct host *host, struct cx_id tenant_id, struct cx_str *ret_link)
{
    struct cli *cli = host->cli;
    struct tenant_invitation invitation = {.display_name = CX_STR("First Administrator")};
    struct cx_str secret = CX_STR_NONE;
    char path[OS_PATH_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(65536);
    CX_CLEANUP(cx_buf_clear) struct cx_buf pin = CX_BUF_INIT(128);
    CX_IGNORE(cli_get(cli, "display-name", &invitation.display_name) ? CX_OK : CX_ERR(NOTFOUND));
    CX_TRY(tenant_invite(&host->core, tenant_id, &invitation, &cli->arena, &cli->diag, &secret));
    CX_TRY(os_path(path, "%.*s/public/root.pem", CX_STR_ARG(host->instance.dir)));
    if (!os_file_exists(path))
        return arena_printf(&cli->arena, ret_link, "%.*s/enroll#%.*s",
                            CX_STR_ARG(host->core.options.public_url), CX_STR_ARG(secret));
    const struct pem_limits limits = {.text_max = 65536, .blocks_max = 1, .label = "CERTIFICATE"};
    struct pem_block *blocks = NULL;
    size_t count = 0;
    uint8_t hash[CRYPTO_SHA256_LEN];
    CX_TRY(os_file_read(path, 65536, &pem));
    CX_TRY(pem_parse(&cli->arena, cx_buf_view(&pem), &limits, &cli->diag, &blocks, &count));
    CX_TRY(crypto_sha256(blocks[0].der, hash));
    CX_TRY(hex_encode(CX_BYTES(hash, sizeof(hash)), &pin));
    return arena_printf(&cli->arena, ret_link, "%.*s/enroll#%.*s&ca=%.*s",
                        CX_STR_ARG(host->core.options.public_url), CX_STR_ARG(secret), (int)pin.len,
                        (const char *)pin.ptr);
}

/* A profile that an unfinished attempt installed already is left alone. */
static cx_err install_builtin(struct host *host, struct cx_id tenant_id,
                              const struct host_builtin *builtin)
{
    const struct profile_entry *present = NULL;
    cx_err err = profile_get(&host->core, tenant_id, cx_str_from(builtin->name), 0, &present);
    if (err.code != CX_E_NOTFOUND)
        return err;
    const struct tenant_profile add = {.yaml = CX_BYTES(builtin->text, builtin->len)};
    return profile_install(host, tenant_id, &add);
}

cx_err tenant_fill(struct host *host, struct cx_id tenant_id, struct cx_str name)
{
    struct cx_id present;
    cx_err err = tenant_find(&host->core, name, &present);
    if (err.code == CX_E_NOTFOUND)
        CX_TRY(tenant_create(&host->core, tenant_id, name, &host->cli->diag));
    else if (cx_failed(err))
        return err;
    else if (!cx_id_eq(present, tenant_id))
        return cx_refuse(&host->cli->diag, CX_ERR(CONFLICT), "tenant", "tenant-exists",
                         "The database has a tenant named %.*s already, of another instance or "
                         "another init.",
                         CX_STR_ARG(name));
    for (size_t i = 0; i < host_builtin_count; i++)
        CX_TRY(install_builtin(host, tenant_id, &host_builtins[i]));
    return CX_OK;
}

cx_err tenant_create_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    const struct cx_str name = cli->positionals[0];
    struct cx_id tenant_id;
    struct cx_str link = CX_STR_NONE;
    char id[CX_ID_TEXT_MAX];
    (void)command;
    CX_TRY(host_open(cli, &host));
    CX_TRY(cx_id_new(host.core.rng, &tenant_id));
    CX_TRY(tenant_fill(&host, tenant_id, name));
    CX_TRY(tenant_link(&host, tenant_id, &link));
    cx_id_format(CX_ID_TENANT, tenant_id, id);
    if (!cli->json)
        fprintf(stderr,
                "Next: its CAs, which belong to one tenant: certinext ca create-root "
                "--tenant %.*s --name NAME --subject DN (or ca request), then certinext ca "
                "create.\n",
                CX_STR_ARG(name));
    json_auto_t *document = json_pack("{s:s, s:s%, s:s%}", "id", id, "name", name.ptr, name.len,
                                      "link", link.ptr, link.len);
    return document ? output_document(cli, document, NULL, 0) : CX_ERR(NOMEM);
}

cx_err invite_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct cx_id tenant_id;
    struct cx_str link = CX_STR_NONE;
    (void)command;
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(tenant_link(&host, tenant_id, &link));
    if (!cli->json) {
        printf("%.*s\n", CX_STR_ARG(link));
        return CX_OK;
    }
    json_auto_t *document = json_pack("{s:s%}", "link", link.ptr, link.len);
    return document ? output_document(cli, document, NULL, 0) : CX_ERR(NOMEM);
}

/* --effective and --because. */
static cx_err read_terms(struct host *host, struct tenant_profile *add)
{
    struct cx_str text;
    if (host->cli->because.len)
        add->reason = host->cli->because;
    if (!cli_get(host->cli, "effective", &text))
        return CX_OK;
    if (cx_failed(cx_time_parse(text, &add->effective_us)))
        return cx_refuse(&host->cli->diag, CX_ERR(USAGE), "effective", "time",
                         "Write the time as 2030-01-31T00:00:00Z.");
    if (add->effective_us > cx_now(host->core.clock))
        return CX_OK;
    return cx_refuse(&host->cli->diag, CX_ERR(POLICY), "effective", "effective-past",
                     "A version comes into force at once, or at a time to come.");
}

cx_err profile_install_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct cx_id tenant_id;
    struct tenant_profile add = {.effective_us = 0};
    (void)command;
    CX_TRY(cli_read_file(cli, cli->positionals[0], &add.yaml));
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(read_terms(&host, &add));
    return profile_install(&host, tenant_id, &add);
}

/* The same text as a later version: its line "version:" is the only one that differs. */
static cx_err renumber(struct cli *cli, struct cx_str text, uint32_t version,
                       struct cx_bytes *ret_yaml)
{
    static const char field[] = "version:";
    struct cx_str whole = CX_STR_NONE;
    size_t start = 0;
    while (start < text.len && !cx_str_starts((struct cx_str){text.ptr + start, text.len - start},
                                              cx_str_from(field))) {
        const char *end = memchr(text.ptr + start, '\n', text.len - start);
        start = end ? (size_t)(end - text.ptr) + 1 : text.len;
    }
    if (start == text.len)
        return cx_refuse(&cli->diag, CX_ERR(POLICY), "version", "version-line",
                         "That version has no line that starts with version: and cannot be "
                         "numbered anew; install its text by hand.");
    const char *end = memchr(text.ptr + start, '\n', text.len - start);
    size_t rest = end ? (size_t)(end - text.ptr) : text.len;
    CX_TRY(arena_printf(&cli->arena, &whole, "%.*s%s %u%.*s", (int)start, text.ptr, field, version,
                        (int)(text.len - rest), text.ptr + rest));
    *ret_yaml = cx_str_bytes(whole);
    return CX_OK;
}

cx_err profile_rollback_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct tenant_profile add = {.effective_us = 0};
    json_auto_t *root = NULL;
    struct cx_str text = CX_STR_NONE, key = CX_STR_NONE, number = CX_STR("");
    struct cx_id tenant_id;
    int64_t version = 0;
    uint32_t newest = 0;
    (void)command;
    if (!cli_get(cli, "version", &number) ||
        cx_failed(cx_parse_i64(number, 1, UINT32_MAX, &version)))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "version", "number",
                         "--version is the number of a version.");
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(read_terms(&host, &add));
    CX_TRY(arena_printf(&cli->arena, &key, "%.*s/%lld", CX_STR_ARG(cli->positionals[0]),
                        (long long)version));
    CX_TRY(change_rollback_read(&host.core, tenant_id, CHANGE_PROFILE, key, 1, &cli->arena,
                                &cli->diag, &root));
    CX_TRY(change_rollback_text(root, "content", &cli->arena, &text));
    CX_TRY(tenant_profile_newest(&host.core, tenant_id, cli->positionals[0], &newest));
    CX_TRY(renumber(cli, text, newest + 1, &add.yaml));
    return profile_install(&host, tenant_id, &add);
}

/* The same reader as an installation's, without one: nothing is opened. */
cx_err profile_check_run(struct cli *cli, const struct cli_command *command)
{
    struct cx_bytes yaml;
    struct pki_profile profile;
    (void)command;
    CX_TRY(cli_read_file(cli, cli->positionals[0], &yaml));
    CX_TRY(pki_profile_parse(&cli->arena, yaml, &cli->diag, &profile));
    json_auto_t *document =
        json_pack("{s:s%, s:I, s:s}", "name", profile.name.ptr, profile.name.len, "version",
                  (json_int_t)profile.version, "kind", pki_kind_name(profile.kind));
    return document ? output_document(cli, document, NULL, 0) : CX_ERR(NOMEM);
}
