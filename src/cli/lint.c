#include "cli/lint.h"

#include "base/cleanup.h"
#include "cli/inspect.h"
#include "cli/output.h"
#include "codec/pem.h"
#include "pki/algorithm.h"
#include "pki/lint.h"
#include "pki/oid.h"

enum { LINT_CERTIFICATES_MAX = 32 };

struct linting {
    struct cli *cli;
    struct pki_lint_context context;
    bool kind_given;
    json_t *findings;
    size_t errors;
};

static bool has_usage(struct cx_bytes list, const char *dotted)
{
    struct der_reader reader;
    struct cx_bytes oid;
    char text[DER_OID_TEXT_MAX];
    if (cx_failed(der_enter_only(list, DER_SEQUENCE, &reader)))
        return false;
    while (cx_is_ok(der_read_oid(&reader, &oid)))
        if (cx_is_ok(der_oid_to_text(oid, text)) && strcmp(text, dotted) == 0)
            return true;
    return false;
}

static bool is_ca(struct cx_bytes constraints)
{
    struct der_reader reader;
    bool ca = false;
    return cx_is_ok(der_enter_only(constraints, DER_SEQUENCE, &reader)) &&
           cx_is_ok(der_read_bool(&reader, &ca)) && ca;
}

enum pki_kind lint_kind(const struct pki_certificate *certificate)
{
    struct cx_bytes usages = CX_BYTES_NONE;
    for (size_t i = 0; i < certificate->extension_count; i++) {
        const struct pki_extension *extension = &certificate->extensions[i];
        if (pki_oid_is(extension->oid, PKI_OID_EXT_KEY_USAGE))
            usages = extension->value;
        if (pki_oid_is(extension->oid, PKI_OID_BASIC_CONSTRAINTS) && is_ca(extension->value))
            return cx_bytes_eq(certificate->issuer, certificate->subject) ? PKI_KIND_ROOT_CA
                                                                          : PKI_KIND_SUB_CA;
    }
    if (has_usage(usages, "1.3.6.1.5.5.7.3.9"))
        return PKI_KIND_OCSP_SIGNER;
    if (has_usage(usages, "1.3.6.1.5.5.7.3.3"))
        return PKI_KIND_CODE_SIGNING;
    if (has_usage(usages, "1.3.6.1.5.5.7.3.4"))
        return PKI_KIND_SMIME;
    bool server = has_usage(usages, "1.3.6.1.5.5.7.3.1"),
         client = has_usage(usages, "1.3.6.1.5.5.7.3.2");
    if (client)
        return server ? PKI_KIND_MUTUAL_TLS : PKI_KIND_CLIENT_TLS;
    return PKI_KIND_SERVER_TLS;
}

static cx_err add(struct linting *linting, size_t certificate, const char *severity,
                  const char *rule, const char *citation, const char *field, const char *text)
{
    json_t *row = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "certificate",
                            (json_int_t)certificate + 1, "severity", severity, "rule", rule,
                            "source", citation, "field", field, "found", text);
    return row && json_array_append_new(linting->findings, row) == 0 ? CX_OK : CX_ERR(NOMEM);
}

/* Key kinds and signatures that this product neither issues nor verifies are broken by today's judgement, whatever the
 * encoding rules say: RSA below 2048 bits, SHA-1. */
static cx_err check_strength(struct linting *linting, const struct pki_certificate *certificate,
                             size_t index)
{
    enum pki_key_type type;
    enum crypto_signature algorithm;
    if (cx_failed(pki_spki_key_type(certificate->spki, &type))) {
        linting->errors++;
        CX_TRY(add(linting, index, "error", "key-supported", "BR §6.1.5", "subjectPublicKeyInfo",
                   "the key is of a kind or size that is not accepted"));
    }
    if (cx_failed(pki_algorithm_parse(certificate->signature_algorithm, &algorithm))) {
        linting->errors++;
        CX_TRY(add(linting, index, "error", "signature-supported", "BR §7.1.3.2",
                   "signatureAlgorithm", "the signature algorithm is not accepted"));
    }
    return CX_OK;
}

static cx_err lint_one(struct linting *linting, const struct pki_certificate *certificate,
                       const struct pki_certificate *issuer, size_t index)
{
    static struct pki_lint_report report; /* large; one command a process */
    struct pki_lint_context context = linting->context;
    if (!linting->kind_given)
        context.kind = lint_kind(certificate);
    context.issuer = issuer;
    pki_lint(certificate, &context, &report);
    linting->errors += report.errors;
    for (size_t i = 0; i < report.count; i++) {
        const struct pki_lint_finding *finding = &report.findings[i];
        CX_TRY(add(linting, index, pki_lint_severity_name(finding->rule->severity),
                   finding->rule->id, finding->rule->citation, finding->field, finding->text));
    }
    return check_strength(linting, certificate, index);
}

static cx_err read_options(struct linting *linting)
{
    struct cli *cli = linting->cli;
    struct cx_str word;
    linting->context.baseline = cli_has(cli, "baseline");
    if (cli_get(cli, "trust", &word)) {
        if (!cx_str_is(word, "public") && !cx_str_is(word, "private"))
            return cx_refuse(&cli->diag, CX_ERR(USAGE), "trust", "",
                             "--trust is public or private.");
        linting->context.trust = cx_str_is(word, "public") ? PKI_TRUST_PUBLIC : PKI_TRUST_PRIVATE;
    }
    linting->kind_given = cli_get(cli, "kind", &word);
    if (!linting->kind_given)
        return CX_OK;
    for (int kind = 0; kind < PKI_KIND_COUNT; kind++)
        if (cx_str_is(word, pki_kind_name((enum pki_kind)kind))) {
            linting->context.kind = (enum pki_kind)kind;
            return CX_OK;
        }
    return cx_refuse(&cli->diag, CX_ERR(USAGE), "kind", "",
                     "--kind is a profile kind such as server-tls or sub-ca.");
}

static cx_err read_certificates(struct cli *cli, struct pki_certificate **ret_certificates,
                                size_t *ret_count)
{
    static const struct pem_limits limits = {.text_max = CLI_FILE_MAX,
                                             .blocks_max = LINT_CERTIFICATES_MAX,
                                             .label = "CERTIFICATE",
                                             .skip_text = true};
    struct cx_bytes content;
    struct pem_block *blocks = NULL;
    struct pki_certificate *certificates = NULL;
    size_t count = 1;
    CX_TRY(cli_read_file(cli, cli->positionals[0], &content));
    if (pem_looks_like(content))
        CX_TRY(pem_parse(&cli->arena, content, &limits, &cli->diag, &blocks, &count));
    CX_TRY(ARENA_NEW_ARRAY(&cli->arena, count, &certificates));
    for (size_t i = 0; i < count; i++)
        CX_TRY(
            pki_certificate_parse(blocks ? blocks[i].der : content, &cli->diag, &certificates[i]));
    *ret_certificates = certificates;
    *ret_count = count;
    return CX_OK;
}

cx_err lint_run(struct cli *cli, const struct cli_command *command)
{
    static const char *const columns[] = {"certificate", "severity", "rule",
                                          "field",       "found",    "source"};
    json_auto_t *answer = json_pack("{s:[]}", "items");
    struct linting linting = {.cli = cli, .findings = json_object_get(answer, "items")};
    struct pki_certificate *certificates = NULL;
    size_t count = 0;
    (void)command;
    if (!answer)
        return CX_ERR(NOMEM);
    CX_TRY(read_options(&linting));
    CX_TRY(read_certificates(cli, &certificates, &count));
    for (size_t i = 0; i < count; i++) {
        bool issued =
            i + 1 < count && cx_bytes_eq(certificates[i].issuer, certificates[i + 1].subject);
        CX_TRY(lint_one(&linting, &certificates[i], issued ? &certificates[i + 1] : NULL, i));
    }
    if (cli->json || json_array_size(linting.findings))
        CX_TRY(output_document(cli, answer, columns, sizeof(columns) / sizeof(columns[0])));
    else
        printf("no findings in %zu certificate%s\n", count, count == 1 ? "" : "s");
    if (linting.errors)
        return cx_refuse(&cli->diag, CX_ERR(POLICY), "", "", "%zu rules are broken.",
                         linting.errors);
    return CX_OK;
}
