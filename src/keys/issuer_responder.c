/*
 * The delegated OCSP responder of an issuer (RFC 6960 §2.6, §4.2.2.2). Its key is made here at first use; its certificate comes
 * through the ordinary cycle and is checked against issuer and key each time it is read, so that the file needs
 * no mac.
 */
#include "codec/der.h"
#include "keys/issuer_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { CERTIFICATE_MAX = 16 * 1024 };

/* The responder's token object has a label of its own; the id is the issuer's. */
static cx_err responder_spec(struct issuer *issuer, struct issuer_spec *ret_spec)
{
    *ret_spec = issuer->spec;
    if (issuer->spec.key_label.len == 0)
        return CX_OK;
    return arena_printf(&issuer->arena, &ret_spec->key_label, "%.*s-ocsp",
                        (int)(BACKEND_LABEL_MAX - 5 < issuer->spec.key_label.len
                                  ? BACKEND_LABEL_MAX - 5
                                  : issuer->spec.key_label.len),
                        issuer->spec.key_label.ptr);
}

static bool has_ocsp_signing(const struct pki_certificate *certificate)
{
    for (size_t i = 0; i < certificate->extension_count; i++) {
        struct der_reader list;
        if (!der_oid_is(certificate->extensions[i].oid, "2.5.29.37") ||
            cx_failed(der_enter_only(certificate->extensions[i].value, DER_SEQUENCE, &list)))
            continue;
        struct cx_bytes oid;
        while (cx_is_ok(der_read_oid(&list, &oid)))
            if (der_oid_is(oid, "1.3.6.1.5.5.7.3.9"))
                return true;
    }
    return false;
}

static cx_err check_certificate(const struct issuer *issuer, const struct backend_key *key,
                                const struct pki_certificate *certificate, struct cx_diag *diag)
{
    if (!cx_bytes_eq(certificate->spki, key->spki))
        return cx_refuse(diag, CX_ERR(POLICY), "/certificate", "responder-key",
                         "the certificate is not for the responder's key");
    if (!cx_bytes_eq(certificate->issuer, issuer->certificate.subject))
        return cx_refuse(diag, CX_ERR(POLICY), "/certificate", "responder-issuer",
                         "the certificate is of another issuer");
    if (!has_ocsp_signing(certificate))
        return cx_refuse(diag, CX_ERR(POLICY), "/certificate", "responder-usage",
                         "the certificate lacks the OCSP signing usage");
    CX_CLEANUP(crypto_key_freep) struct crypto_key *public_key = NULL;
    CX_TRY(crypto_key_from_spki(issuer->pki.spki, &public_key));
    cx_err err = crypto_verify(public_key, crypto_key_signature(issuer->spec.key_type),
                               certificate->tbs, certificate->signature);
    if (cx_failed(err))
        return cx_refuse(diag, CX_ERR(POLICY), "/certificate", "responder-signature",
                         "the certificate's signature is not the issuer's");
    return CX_OK;
}

/* Makes der (in the issuer's arena) the newest responder certificate. */
static cx_err push(struct issuer *issuer, struct backend_key *key, struct cx_bytes der,
                   struct cx_diag *diag)
{
    struct responder *responder = calloc(1, sizeof(*responder));
    if (responder == NULL)
        return CX_ERR(NOMEM);
    responder->key = key;
    responder->previous = issuer->responder;
    responder->certificate_der = der;
    cx_err err = CX_OK;
    if (der.len > 0)
        err = pki_certificate_parse(der, diag, &responder->certificate);
    if (der.len > 0 && cx_is_ok(err))
        err = check_certificate(issuer, key, &responder->certificate, diag);
    if (cx_failed(err)) {
        free(responder);
        return err;
    }
    issuer->responder = responder;
    return CX_OK;
}

static cx_err load(struct issuer_dir *dir, struct issuer *issuer, struct cx_diag *diag)
{
    struct issuer_spec spec;
    char path[OS_PATH_MAX];
    CX_CLEANUP(backend_key_freep) struct backend_key *key = NULL;
    CX_TRY(responder_spec(issuer, &spec));
    cx_err err = issuer_dir_load_key(dir, &spec, "responder.key", NULL, &key);
    if (err.code == CX_E_NOTFOUND)
        err = issuer_dir_make_key(dir, &spec, "responder.key", CX_BYTES_NONE, diag, &key);
    CX_TRY(err);
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(issuer_dir_path(dir, spec.issuer_id, path));
    err = issuer_dir_read_file(path, "responder.der", CERTIFICATE_MAX, &issuer->arena, &der);
    if (cx_failed(err) && err.code != CX_E_NOTFOUND)
        return err;
    /* A certificate that no longer fits is like none: core issues another. */
    if (der.len == 0 || cx_failed(push(issuer, key, der, NULL)))
        CX_TRY(push(issuer, key, CX_BYTES_NONE, diag));
    key = NULL;
    return CX_OK;
}

cx_err issuer_responder(struct issuer_dir *dir, struct issuer *issuer, struct cx_diag *diag,
                        const struct responder **ret_responder)
{
    pthread_mutex_lock(&issuer->responder_lock);
    cx_err err = issuer->responder != NULL ? CX_OK : load(dir, issuer, diag);
    const struct responder *responder = issuer->responder;
    pthread_mutex_unlock(&issuer->responder_lock);
    CX_TRY(err);
    *ret_responder = responder;
    return CX_OK;
}

static cx_err install(struct issuer_dir *dir, struct issuer *issuer, struct cx_bytes der,
                      struct cx_diag *diag)
{
    struct cx_bytes copy;
    char base[OS_PATH_MAX], path[OS_PATH_MAX];
    struct backend_key *key = issuer->responder->key;
    CX_TRY(arena_copy(&issuer->arena, der, &copy));
    CX_TRY(push(issuer, key, copy, diag));
    CX_TRY(issuer_dir_path(dir, issuer->spec.issuer_id, base));
    CX_TRY(os_path(path, "%s/responder.der", base));
    return os_file_write(path, copy, 0600);
}

cx_err issuer_responder_install(struct issuer_dir *dir, struct issuer *issuer,
                                struct cx_bytes certificate_der, struct cx_diag *diag)
{
    const struct responder *responder = NULL;
    CX_TRY(issuer_responder(dir, issuer, diag, &responder));
    pthread_mutex_lock(&issuer->responder_lock);
    cx_err err = install(dir, issuer, certificate_der, diag);
    pthread_mutex_unlock(&issuer->responder_lock);
    return err;
}

/* The certificate's file stays: it does not fit the new key and is read as none. */
static cx_err rotate(struct issuer_dir *dir, struct issuer *issuer, struct cx_diag *diag)
{
    struct issuer_spec spec;
    char base[OS_PATH_MAX], path[OS_PATH_MAX];
    CX_CLEANUP(backend_key_freep) struct backend_key *key = NULL;
    if (issuer->spec.key_label.len > 0)
        return cx_refuse(diag, CX_ERR(POLICY), "/issuer_id", "responder-token",
                         "the responder's key is in a token: an operator replaces it there");
    CX_TRY(responder_spec(issuer, &spec));
    CX_TRY(issuer_dir_path(dir, spec.issuer_id, base));
    CX_TRY(os_path(path, "%s/responder.key", base));
    if (unlink(path) != 0 && errno != ENOENT) /* a crash here: the next use makes a key */
        return CX_ERR(IO);
    CX_TRY(issuer_dir_make_key(dir, &spec, "responder.key", CX_BYTES_NONE, diag, &key));
    CX_TRY(push(issuer, key, CX_BYTES_NONE, diag));
    key = NULL;
    return CX_OK;
}

cx_err issuer_responder_rotate(struct issuer_dir *dir, struct issuer *issuer, struct cx_bytes spki,
                               struct cx_diag *diag)
{
    const struct responder *responder = NULL;
    CX_TRY(issuer_responder(dir, issuer, diag, &responder));
    pthread_mutex_lock(&issuer->responder_lock);
    cx_err err =
        cx_bytes_eq(issuer->responder->key->spki, spki) ? rotate(dir, issuer, diag) : CX_OK;
    pthread_mutex_unlock(&issuer->responder_lock);
    return err;
}
