#include "cli/newkey.h"

#include "base/cleanup.h"
#include "codec/der_write.h"
#include "codec/pem.h"
#include "os/file.h"
#include "pki/algorithm.h"
#include "pki/profile.h"

enum { CSR_MAX = 8192, KEY_PEM_MAX = 16384 };

/* CertificationRequestInfo ::= SEQUENCE { version 0, subject Name, subjectPKInfo, attributes [0] } */
static cx_err write_info(const struct crypto_key *key, struct cx_buf *out)
{
    size_t info = 0, mark = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &info));
    CX_TRY(der_write_i64(out, 0));
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    CX_TRY(der_end(out, mark));
    CX_TRY(cx_buf_add(out, crypto_key_spki(key)));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &mark));
    CX_TRY(der_end(out, mark));
    return der_end(out, info);
}

cx_err newkey_csr_write(const struct crypto_key *key, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf info = CX_BUF_INIT(CSR_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    enum crypto_key_type type = crypto_key_type(key);
    size_t mark = 0;
    CX_TRY(write_info(key, &info));
    CX_TRY(crypto_sign(key, crypto_key_signature(type), cx_buf_view(&info), &signature));
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    CX_TRY(cx_buf_add(out, cx_buf_view(&info)));
    CX_TRY(cx_buf_add(out, pki_algorithm_of((enum pki_key_type)type)));
    CX_TRY(der_write_bit_string(out, cx_buf_view(&signature), 0));
    return der_end(out, mark);
}

static cx_err store_key(struct cli *cli, const struct crypto_key *key, struct cx_str path)
{
    char name[OS_PATH_MAX];
    CX_CLEANUP(cx_secret_clear) struct cx_secret der = CX_SECRET_INIT;
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(KEY_PEM_MAX); /* wiped when cleared */
    CX_TRY(os_path(name, "%.*s", CX_STR_ARG(path)));
    CX_TRY(crypto_key_to_pkcs8(key, &der));
    CX_TRY(pem_write("PRIVATE KEY", cx_secret_view(&der), &pem));
    cx_err err = os_file_create(name, cx_buf_view(&pem), 0600);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(&cli->diag, err, "new-key", "",
                         "%s exists already; it is not overwritten.", name);
    return cx_failed(err) ? cx_refuse(&cli->diag, err, "new-key", "", "%s cannot be written.", name)
                          : CX_OK;
}

cx_err newkey_make(struct cli *cli, struct cx_str path, struct cx_str key_type,
                   struct cx_str *ret_csr)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(CSR_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(2 * CSR_MAX);
    enum pki_key_type type = PKI_KEY_P256;
    if (cx_failed(pki_key_type_from_name(key_type, &type)))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "key-type", "",
                         "Key types: p256, p384, rsa2048, rsa3072, rsa4096, ed25519.");
    CX_TRY(crypto_key_generate((enum crypto_key_type)type, &key));
    CX_TRY(newkey_csr_write(key, &der));
    CX_TRY(pem_write("CERTIFICATE REQUEST", cx_buf_view(&der), &pem));
    CX_TRY(store_key(cli, key, path));
    return arena_copy_str(&cli->arena, (struct cx_str){(const char *)pem.ptr, pem.len}, ret_csr);
}
