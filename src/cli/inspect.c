#include "cli/inspect.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "codec/pem.h"
#include "crypto/key.h"

enum { INSPECT_OBJECTS_MAX = 64 };

static const struct kind {
    const char *type;
    const char *label;
    cx_err (*read)(struct cli *cli, struct cx_bytes der, json_t *object);
} kinds[] = {
    {"certificate", "CERTIFICATE", inspect_certificate},
    {"certificate request", "CERTIFICATE REQUEST", inspect_csr},
    {"crl", "X509 CRL", inspect_crl},
    {"ocsp response", "OCSP RESPONSE", inspect_ocsp},
    {"private key", "PRIVATE KEY", inspect_key},
    {"public key", "PUBLIC KEY", inspect_key},
};

/* Both halves show the same: the kind of key and the digest that certificates and requests are found by. */
cx_err inspect_key(struct cli *cli, struct cx_bytes der, json_t *object)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    (void)cli;
    if (cx_failed(crypto_key_from_pkcs8(der, &key)))
        CX_TRY(crypto_key_from_spki(der, &key));
    CX_TRY(inspect_text(object, "type",
                        crypto_key_is_private(key) ? CX_STR("private key") : CX_STR("public key")));
    return inspect_public_key(object, crypto_key_spki(key));
}

static cx_err read_as(struct cli *cli, const struct kind *kind, struct cx_bytes der,
                      json_t **ret_object)
{
    json_auto_t *object = json_object();
    if (!object)
        return CX_ERR(NOMEM);
    CX_TRY(inspect_text(object, "type", cx_str_from(kind->type)));
    CX_TRY(kind->read(cli, der, object));
    *ret_object = CX_TAKE(object);
    return CX_OK;
}

cx_err inspect_object(struct cli *cli, struct cx_str label, struct cx_bytes der,
                      json_t **ret_object)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (label.len && !cx_str_is(label, kinds[i].label))
            continue;
        struct cx_diag before = cli->diag;
        cx_err err = read_as(cli, &kinds[i], der, ret_object);
        if (cx_is_ok(err) || err.code == CX_E_NOMEM)
            return err;
        if (label.len)
            return cx_refuse(&cli->diag, CX_ERR(PARSE), "", "",
                             "The %s is malformed or of a kind that is not known here.",
                             kinds[i].type);
        cli->diag = before; /* not this kind */
    }
    return cx_refuse(
        &cli->diag, CX_ERR(PARSE), "", "",
        "This is no certificate, request, CRL, OCSP response or key that is known here%s%.*s.",
        label.len ? ": " : "", CX_STR_ARG(label));
}

static cx_err read_blocks(struct cli *cli, struct cx_bytes content, struct pem_block **ret_blocks,
                          size_t *ret_count)
{
    static const struct pem_limits limits = {
        .text_max = CLI_FILE_MAX, .blocks_max = INSPECT_OBJECTS_MAX, .skip_text = true};
    if (pem_looks_like(content))
        return pem_parse(&cli->arena, content, &limits, &cli->diag, ret_blocks, ret_count);
    CX_TRY(ARENA_NEW(&cli->arena, ret_blocks));
    (*ret_blocks)[0] = (struct pem_block){.label = CX_STR_NONE, .der = content};
    *ret_count = 1;
    return CX_OK;
}

cx_err inspect_run(struct cli *cli, const struct cli_command *command)
{
    struct cx_bytes content;
    struct pem_block *blocks = NULL;
    size_t count = 0;
    json_auto_t *all = json_array();
    (void)command;
    if (!all)
        return CX_ERR(NOMEM);
    CX_TRY(cli_read_file(cli, cli->positionals[0], &content));
    CX_TRY(read_blocks(cli, content, &blocks, &count));
    for (size_t i = 0; i < count; i++) {
        json_t *object = NULL;
        CX_TRY(inspect_object(cli, blocks[i].label, blocks[i].der, &object));
        if (json_array_append_new(all, object) != 0)
            return CX_ERR(NOMEM);
    }
    if (count == 1)
        return output_document(cli, json_array_get(all, 0), NULL, 0);
    for (size_t i = 0; !cli->json && i < count; i++) {
        printf("%s--- %zu of %zu\n", i ? "\n" : "", i + 1, count);
        CX_TRY(output_document(cli, json_array_get(all, i), NULL, 0));
    }
    return cli->json ? output_document(cli, all, NULL, 0) : CX_OK;
}
