/*
 * CAs. The key directory is written first, then the database: an issuer that only keys knows is harmless (nothing asks for
 * it), the other way round a request would fail. A name that is taken is refused before anything is made.
 */
#include "host/commands.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "cli/output.h"
#include "codec/pem.h"
#include "core/issuance/adopt.h"
#include "core/issuance/issuer.h"
#include "core/policy/block.h"
#include "core/policy/profile_store.h"
#include "core/tenant/tenant.h"
#include "os/file.h"
#include "pki/certificate.h"
#include "pki/csr.h"

enum {
    SHARDS_ROOT = 1,
    SHARDS_ISSUING = 64,
    BACKDATE_S = 3000,
    CHAIN_DER_MAX = ISSUER_CHAIN_MAX * PKI_CERTIFICATE_MAX
};

static const uint32_t LEAF_KINDS = 1u << PKI_KIND_SERVER_TLS | 1u << PKI_KIND_CLIENT_TLS |
                                   1u << PKI_KIND_MUTUAL_TLS | 1u << PKI_KIND_SMIME |
                                   1u << PKI_KIND_CODE_SIGNING | 1u << PKI_KIND_OCSP_SIGNER;
static const uint32_t ROOT_KINDS = 1u << PKI_KIND_SUB_CA | 1u << PKI_KIND_OCSP_SIGNER;

struct cx_str ca_option(const struct cli *cli, const char *name, const char *otherwise)
{
    struct cx_str text = cx_str_from(otherwise);
    return cli_get(cli, name, &text) ? text : cx_str_from(otherwise);
}

cx_err ca_find(struct host *host, struct cx_id tenant_id, struct cx_str name,
               const struct issuer_entry **ret_issuer)
{
    const struct issuer_entry **issuers = NULL;
    size_t count = 0;
    CX_TRY(issuer_each(&host->core, tenant_id, &host->cli->arena, &issuers, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(issuers[i]->name, name)) {
            *ret_issuer = issuers[i];
            return CX_OK;
        }
    return CX_ERR(NOTFOUND);
}

cx_err ca_exists(struct host *host, struct cx_id tenant_id, struct cx_str name, bool *ret_exists)
{
    const struct issuer_entry *issuer = NULL;
    cx_err err = ca_find(host, tenant_id, name, &issuer);
    if (cx_failed(err) && err.code != CX_E_NOTFOUND)
        return err;
    *ret_exists = cx_is_ok(err);
    return CX_OK;
}

cx_err ca_refuse_taken(struct host *host, struct cx_id tenant_id, struct cx_str name)
{
    bool taken = false;
    CX_TRY(ca_exists(host, tenant_id, name, &taken));
    if (!taken)
        return CX_OK;
    return cx_refuse(&host->cli->diag, CX_ERR(CONFLICT), "name", "issuer-exists",
                     "There is a CA named %.*s already.", CX_STR_ARG(name));
}

/* A parent's certificate and everything above it. */
static cx_err chain_of(struct host *host, const struct issuer_entry *parent,
                       struct cx_bytes *ret_chain)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf chain = CX_BUF_INIT(CHAIN_DER_MAX);
    CX_TRY(cx_buf_add(&chain, parent->certificate_der));
    for (size_t i = 0; i < parent->chain_count; i++)
        CX_TRY(cx_buf_add(&chain, parent->chain[i]));
    return arena_copy(&host->cli->arena, cx_buf_view(&chain), ret_chain);
}

cx_err ca_describe(struct host *host, struct cx_id tenant_id, const struct ca_plan *plan, bool root,
                   struct ceremony_issuer *ret_issuer)
{
    enum pki_key_type key_type = PKI_KEY_P256;
    if (cx_failed(pki_key_type_from_name(plan->key_type, &key_type)))
        return cx_refuse(&host->cli->diag, CX_ERR(USAGE), "key-type", "",
                         "There is no key type %.*s.", CX_STR_ARG(plan->key_type));
    struct ceremony_issuer issuer = {
        .tenant_id = tenant_id,
        .name = plan->name,
        .backend = plan->backend,
        .key_label = plan->key_label.len > 0 ? plan->key_label : plan->name,
        .key_type = (enum crypto_key_type)key_type, /* the same list, in the same order */
        .kinds = root ? ROOT_KINDS : LEAF_KINDS,
        .shard_count = root ? SHARDS_ROOT : SHARDS_ISSUING,
        .status_url = host->core.options.status_url};
    if (!root && plan->path_len > 0) /* CAs may stand below it */
        issuer.kinds |= 1u << PKI_KIND_SUB_CA;
    CX_TRY(cx_id_new(host->core.rng, &issuer.issuer_id));
    *ret_issuer = issuer;
    return CX_OK;
}
_Static_assert((int)PKI_KEY_ED25519 == (int)CRYPTO_KEY_ED25519 &&
                   (int)PKI_KEY_COUNT == (int)CRYPTO_KEY_COUNT,
               "key types differ");

cx_err ca_record(struct host *host, const struct ceremony_issuer *issuer, struct cx_id parent_id,
                 struct cx_bytes certificate, struct cx_bytes chain)
{
    const struct tenant_issuer row = {.issuer_id = issuer->issuer_id,
                                      .name = issuer->name,
                                      .certificate_der = certificate,
                                      .chain_der = chain,
                                      .parent_id = parent_id,
                                      .shard_count = issuer->shard_count,
                                      .status_url = issuer->status_url};
    return tenant_issuer_add(&host->core, issuer->tenant_id, &row, &host->cli->diag);
}

static cx_err find_parent(struct host *host, struct cx_id tenant_id, struct cx_str name,
                          const struct issuer_entry **ret_parent)
{
    cx_err err = ca_find(host, tenant_id, name, ret_parent);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(&host->cli->diag, err, "parent", "", "There is no CA named %.*s.",
                         CX_STR_ARG(name));
    return err;
}

/* What the plan says of the certificate; subject apart. parent NULL: a root. */
static cx_err certify(struct host *host, struct cx_id tenant_id, const struct ca_plan *plan,
                      const struct issuer_entry *parent, const struct profile_entry **ret_profile,
                      struct ceremony_certificate *ret_certificate)
{
    const struct profile_entry *profile = NULL;
    struct ceremony_certificate certificate = {.profile = plan->profile,
                                               .path_len = plan->path_len,
                                               .constraints = plan->constraints,
                                               .constraint_count = plan->constraint_count};
    if (certificate.profile.len == 0)
        certificate.profile = parent ? CX_STR("sub-ca") : CX_STR("root-ca");
    if (parent)
        certificate.parent_id = parent->issuer_id;
    cx_err err = profile_get(&host->core, tenant_id, certificate.profile, 0, &profile);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(&host->cli->diag, err, "profile", "", "There is no profile named %.*s.",
                         CX_STR_ARG(certificate.profile));
    CX_TRY(err);
    certificate.version = profile->profile.version;
    /* Before everything that it will issue, whose start is backdated against clock skew; within the hour that the
     * profile allows, since making an RSA key takes its time. */
    certificate.not_before_us =
        cx_now(host->core.clock) / CX_US_PER_S * CX_US_PER_S - BACKDATE_S * CX_US_PER_S;
    if (parent && certificate.not_before_us < parent->not_before_us)
        certificate.not_before_us = parent->not_before_us;
    /* RFC 5280 §4.1.2.5: the last second is inside the validity. */
    if (plan->validity_s > 0)
        certificate.not_after_us = certificate.not_before_us + (plan->validity_s - 1) * CX_US_PER_S;
    *ret_certificate = certificate;
    *ret_profile = profile;
    return CX_OK;
}

struct block_question {
    struct block_ask ask;
    struct cx_diag *diag;
};

static cx_err ask_blocks(struct store_tx *tx, void *arg)
{
    struct block_question *question = arg;
    return block_check(tx, &question->ask, question->diag);
}

/* What an incident has stopped stays stopped for ceremonies too. spki: of the new key, where it is known beforehand. */
static cx_err refuse_blocked(struct host *host, struct cx_id tenant_id,
                             const struct issuer_entry *parent, const struct profile_entry *profile,
                             struct cx_bytes spki)
{
    const struct issuance_body body = {.spki = spki};
    struct block_question question = {
        .ask = {.tenant_id = tenant_id, .profile = &profile->profile, .body = &body},
        .diag = &host->cli->diag};
    if (parent)
        question.ask.issuer_id = parent->issuer_id;
    return store_read(host->core.store, ask_blocks, &question);
}

/* What a CA here signed belongs to the inventory, where it has a status and can be revoked. */
static cx_err adopt(struct host *host, const struct issuer_entry *parent,
                    const struct profile_entry *profile,
                    const struct ceremony_certificate *certificate, struct cx_bytes der)
{
    const struct ca_adoption adoption = {.issuer = parent,
                                         .profile = &profile->profile,
                                         .subject = certificate->subject,
                                         .subject_count = certificate->subject_count,
                                         .der = der};
    return ca_certificate_adopt(&host->core, &adoption, &host->cli->arena, &host->cli->diag);
}

cx_err ca_create(struct host *host, struct cx_id tenant_id, const struct ca_plan *plan,
                 struct cx_id *ret_issuer_id, struct cx_bytes *ret_der)
{
    struct cli *cli = host->cli;
    const struct issuer_entry *parent = NULL;
    const struct profile_entry *profile = NULL;
    struct ceremony_issuer issuer;
    struct ceremony_certificate certificate;
    struct cx_bytes chain = CX_BYTES_NONE, der = CX_BYTES_NONE;
    CX_TRY(ca_refuse_taken(host, tenant_id, plan->name));
    if (plan->parent.len > 0) {
        CX_TRY(find_parent(host, tenant_id, plan->parent, &parent));
        CX_TRY(chain_of(host, parent, &chain));
    }
    CX_TRY(certify(host, tenant_id, plan, parent, &profile, &certificate));
    CX_TRY(refuse_blocked(host, tenant_id, parent, profile, CX_BYTES_NONE));
    CX_TRY(subject_parse(cli, plan->subject, &certificate.subject, &certificate.subject_count));
    CX_TRY(ca_describe(host, tenant_id, plan, parent == NULL, &issuer));
    CX_TRY(
        ceremony_ca_create(host->core.keys, &issuer, &certificate, &cli->arena, &cli->diag, &der));
    if (parent)
        CX_TRY(adopt(host, parent, profile, &certificate, der));
    CX_TRY(ca_record(host, &issuer, certificate.parent_id, der, chain));
    *ret_issuer_id = issuer.issuer_id;
    *ret_der = der;
    return CX_OK;
}

static cx_err read_constraints(struct cli *cli, struct ca_plan *plan)
{
    struct pki_constraint *constraints = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(&cli->arena, PKI_CONSTRAINTS_MAX, &constraints));
    for (size_t i = 0; i < cli->value_count; i++) {
        bool excluded = strcmp(cli->values[i].option->name, "exclude-dns") == 0;
        if (!excluded && strcmp(cli->values[i].option->name, "permit-dns") != 0)
            continue;
        if (count == PKI_CONSTRAINTS_MAX)
            return cx_refuse(&cli->diag, CX_ERR(LIMIT), "permit-dns", "",
                             "At most %d name constraints.", PKI_CONSTRAINTS_MAX);
        constraints[count++] =
            (struct pki_constraint){PKI_NAME_DNS, excluded, cx_str_bytes(cli->values[i].text)};
    }
    plan->constraints = constraints;
    plan->constraint_count = count;
    return CX_OK;
}

cx_err ca_read_plan(struct cli *cli, struct ca_plan *ret_plan)
{
    int64_t path_len = CEREMONY_PATH_LEN_PROFILE, days = 0;
    struct cx_str text = CX_STR_NONE;
    struct ca_plan plan = {.name = ca_option(cli, "name", ""),
                           .parent = ca_option(cli, "parent", ""),
                           .subject = ca_option(cli, "subject", ""),
                           .profile = ca_option(cli, "profile", ""),
                           .key_type = ca_option(cli, "key-type", "p256"),
                           .backend = ca_option(cli, "backend", "file"),
                           .key_label = ca_option(cli, "key-label", "")};
    if (cli_get(cli, "path-length", &text) && cx_failed(cx_parse_i64(text, 0, 20, &path_len)))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "path-length", "", "A number from 0 to 20.");
    if (cli_get(cli, "validity-days", &text) && cx_failed(cx_parse_i64(text, 1, 36600, &days)))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "validity-days", "",
                         "A number from 1 to 36600.");
    plan.path_len = (int)path_len;
    plan.validity_s = days * 86400;
    CX_TRY(read_constraints(cli, &plan));
    *ret_plan = plan;
    return CX_OK;
}

cx_err ca_print_made(struct cli *cli, struct cx_str name, struct cx_id issuer_id)
{
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ISSUER, issuer_id, id);
    json_auto_t *document = json_pack("{s:s, s:s%}", "id", id, "name", name.ptr, name.len);
    return document ? output_document(cli, document, NULL, 0) : CX_ERR(NOMEM);
}

static cx_err create(struct cli *cli)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct ca_plan plan;
    struct cx_id tenant_id, issuer_id;
    struct cx_bytes der;
    CX_TRY(ca_read_plan(cli, &plan));
    CX_TRY(host_open(cli, &host));
    CX_TRY(host_tenant(&host, &tenant_id));
    CX_TRY(ca_create(&host, tenant_id, &plan, &issuer_id, &der));
    return ca_print_made(cli, plan.name, issuer_id);
}

cx_err ca_create_root_run(struct cli *cli, const struct cli_command *command)
{
    (void)command;
    return create(cli);
}

cx_err ca_create_run(struct cli *cli, const struct cli_command *command)
{
    (void)command;
    return create(cli);
}

/* The certificate for what a file asks, from a CA here. */
static cx_err sign_csr(struct host *host, const struct ca_plan *plan, struct cx_bytes request,
                       struct cx_bytes *ret_der)
{
    struct cli *cli = host->cli;
    struct cx_id tenant_id;
    const struct issuer_entry *parent = NULL;
    const struct profile_entry *profile = NULL;
    struct ceremony_certificate certificate;
    struct pki_csr csr;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(pki_csr_parse(&cli->arena, request, &cli->diag, &csr));
    CX_TRY(host_tenant(host, &tenant_id));
    CX_TRY(find_parent(host, tenant_id, plan->parent, &parent));
    CX_TRY(certify(host, tenant_id, plan, parent, &profile, &certificate));
    CX_TRY(refuse_blocked(host, tenant_id, parent, profile, csr.spki));
    CX_TRY(ceremony_ca_sign(host->core.keys, tenant_id, request, &certificate, &cli->arena,
                            &cli->diag, &der));
    certificate.subject = csr.subject;
    certificate.subject_count = csr.subject_count;
    CX_TRY(adopt(host, parent, profile, &certificate, der));
    *ret_der = der;
    return CX_OK;
}

/* The CA's key is elsewhere: no issuer comes of it here. */
cx_err ca_sign_csr_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(65536);
    const struct pem_limits limits = {.text_max = 65536, .blocks_max = 1, .skip_text = true};
    struct ca_plan plan;
    struct pem_block *blocks = NULL;
    size_t count = 0;
    struct cx_bytes text = CX_BYTES_NONE, der = CX_BYTES_NONE;
    char path[OS_PATH_MAX];
    (void)command;
    CX_TRY(ca_read_plan(cli, &plan));
    CX_TRY(os_path(path, "%.*s", CX_STR_ARG(ca_option(cli, "out", ""))));
    CX_TRY(cli_read_file(cli, cli->positionals[0], &text));
    CX_TRY(pem_parse(&cli->arena, text, &limits, &cli->diag, &blocks, &count));
    CX_TRY(host_open(cli, &host));
    CX_TRY(sign_csr(&host, &plan, blocks[0].der, &der));
    CX_TRY(pem_write("CERTIFICATE", der, &pem));
    return os_file_write(path, cx_buf_view(&pem), 0644);
}
