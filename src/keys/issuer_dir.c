/* Loading verifies the mac before anything is parsed; a loaded issuer stays until the process ends. */
#include "base/checked.h"
#include "base/map.h"
#include "crypto/hash.h"
#include "keys/issuer_internal.h"
#include "keys/issuer_yaml.h"
#include "os/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

enum { CERTIFICATE_MAX = 16 * 1024, ARENA_MAX = 256 * 1024 };

struct issuer_dir {
    char dir[OS_PATH_MAX];
    struct kek *kek;
    const struct backend *backends;
    size_t backend_count;
    pthread_mutex_t lock;
    struct cx_map issuers; /* id → struct issuer with a certificate and a key */
};

_Static_assert((int)CRYPTO_KEY_COUNT == (int)PKI_KEY_COUNT,
               "key types are the same list in crypto and pki");

cx_err issuer_dir_new(const struct issuer_dir_options *options, struct issuer_dir **ret_dir)
{
    struct issuer_dir *dir = calloc(1, sizeof(*dir));
    if (dir == NULL)
        return CX_ERR(NOMEM);
    cx_err err = os_path(dir->dir, "%s/issuer", options->dir);
    if (cx_failed(err)) {
        free(dir);
        return err;
    }
    dir->kek = options->kek;
    dir->backends = options->backends;
    dir->backend_count = options->backend_count;
    dir->issuers = CX_MAP_INIT(ISSUERS_MAX);
    pthread_mutex_init(&dir->lock, NULL);
    *ret_dir = dir;
    return CX_OK;
}

#define NEXT "next" /* folder of a set of files that is being put in place */

static void responder_free_all(struct responder *responder)
{
    while (responder != NULL) {
        struct responder *previous = responder->previous;
        if (previous == NULL || previous->key != responder->key)
            backend_key_free(responder->key); /* shared by those that followed it */
        free(responder);
        responder = previous;
    }
}

void issuer_free(struct issuer *issuer)
{
    if (issuer == NULL)
        return;
    responder_free_all(issuer->responder);
    backend_key_free(issuer->key);
    arena_clear(&issuer->arena);
    pthread_mutex_destroy(&issuer->responder_lock);
    free(issuer);
}

static void free_value(void *value)
{
    issuer_free(value);
}

void issuer_dir_free(struct issuer_dir *dir)
{
    if (dir == NULL)
        return;
    cx_map_clear(&dir->issuers, free_value);
    pthread_mutex_destroy(&dir->lock);
    free(dir);
}

uint32_t issuer_dir_count(struct issuer_dir *dir)
{
    pthread_mutex_lock(&dir->lock);
    uint32_t count = (uint32_t)dir->issuers.count;
    pthread_mutex_unlock(&dir->lock);
    return count;
}

cx_err issuer_dir_path(const struct issuer_dir *dir, struct cx_id issuer_id,
                       char ret_path[static OS_PATH_MAX])
{
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ISSUER, issuer_id, id);
    return os_path(ret_path, "%s/%s", dir->dir, id);
}

cx_err issuer_dir_read_file(const char *dir, const char *name, size_t max, struct arena *arena,
                            struct cx_bytes *ret_bytes)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s/%s", dir, name));
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(max);
    CX_TRY(os_file_read(path, max, &file));
    return arena_copy(arena, cx_buf_view(&file), ret_bytes);
}

static cx_err find_backend(const struct issuer_dir *dir, struct cx_str name, struct cx_diag *diag,
                           const struct backend **ret_backend)
{
    for (size_t i = 0; i < dir->backend_count; i++)
        if (cx_str_is(name, dir->backends[i].name)) {
            *ret_backend = &dir->backends[i];
            return CX_OK;
        }
    return cx_refuse(
        diag, CX_ERR(NOTFOUND), "backend", "issuer-backend",
        "the back end \"%.*s\" is not configured: set pkcs11_module and pkcs11_pin_file",
        CX_STR_ARG(name));
}

static cx_err altered(struct cx_diag *diag, const char *id)
{
    return cx_refuse(diag, CX_ERR(CRYPTO), "", "issuer-altered",
                     "the files of issuer %s were altered: restore keys/issuer/%s from a backup",
                     id, id);
}

static cx_err compute_mac(const struct issuer_dir *dir, struct cx_id issuer_id,
                          struct cx_bytes yaml, struct cx_bytes certificate,
                          uint8_t ret_mac[static KEK_LEN])
{
    const struct cx_bytes pieces[] = {yaml, certificate};
    return kek_mac(dir->kek, KEK_ISSUER_MAC, issuer_id, pieces, CX_COUNT_OF(pieces), ret_mac);
}

/* The three files as they lie in path. CX_E_CRYPTO: they do not belong together. */
static cx_err read_set(const struct issuer_dir *dir, const char *path, struct cx_id issuer_id,
                       struct issuer *issuer, struct cx_diag *diag)
{
    struct cx_bytes yaml, mac;
    issuer->certificate_der = CX_BYTES_NONE;
    cx_err err = issuer_dir_read_file(path, "mac", KEK_LEN, &issuer->arena, &mac);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(diag, err, "/issuer_id", "issuer-unknown",
                         "this instance has no such issuer");
    if (cx_failed(err) && err.code != CX_E_LIMIT)
        return err;
    CX_TRY(issuer_dir_read_file(path, "issuer.yaml", ISSUER_YAML_MAX, &issuer->arena, &yaml));
    cx_err certificate_err = issuer_dir_read_file(path, "cert.der", CERTIFICATE_MAX, &issuer->arena,
                                                  &issuer->certificate_der);
    if (cx_failed(certificate_err) && certificate_err.code != CX_E_NOTFOUND)
        return certificate_err;
    uint8_t expected[KEK_LEN];
    CX_TRY(compute_mac(dir, issuer_id, yaml, issuer->certificate_der, expected));
    if (cx_failed(err) || !crypto_ct_equal(CX_BYTES(expected, sizeof(expected)), mac))
        return altered(diag, issuer->ref);
    CX_TRY(issuer_yaml_parse(&issuer->arena, yaml, diag, &issuer->spec));
    return cx_id_eq(issuer->spec.issuer_id, issuer_id) ? CX_OK : altered(diag, issuer->ref);
}

static cx_err read_files(const struct issuer_dir *dir, struct cx_id issuer_id,
                         struct issuer *issuer, struct cx_diag *diag)
{
    char path[OS_PATH_MAX], next[OS_PATH_MAX];
    CX_TRY(issuer_dir_path(dir, issuer_id, path));
    cx_err err = read_set(dir, path, issuer_id, issuer, diag);
    if (err.code != CX_E_CRYPTO)
        return err;
    /* A ceremony may have died while it replaced them: what it was about to put in place is whole in NEXT. */
    CX_TRY(os_path(next, "%s/" NEXT, path));
    return cx_is_ok(read_set(dir, next, issuer_id, issuer, NULL)) ? CX_OK : err;
}

cx_err issuer_view_certificate(struct issuer *issuer, struct cx_diag *diag)
{
    struct pki_issuer *pki = &issuer->pki;
    CX_TRY(pki_certificate_parse(issuer->certificate_der, diag, &issuer->certificate));
    CX_TRY(pki_issuer_from_certificate(&issuer->arena, &issuer->certificate, diag, pki));
    pki->status_url = issuer->spec.status_url;
    pki->issuer_ref = cx_str_from(issuer->ref);
    pki->shard_count = issuer->spec.shard_count;
    CX_TRY(pki_ocsp_issuer_hash(pki, PKI_OCSP_SHA1, &issuer->ocsp[PKI_OCSP_SHA1]));
    return pki_ocsp_issuer_hash(pki, PKI_OCSP_SHA256, &issuer->ocsp[PKI_OCSP_SHA256]);
}

cx_err issuer_new(struct cx_id issuer_id, struct issuer **ret_issuer)
{
    struct issuer *issuer = calloc(1, sizeof(*issuer));
    if (issuer == NULL)
        return CX_ERR(NOMEM);
    issuer->arena = ARENA_INIT(ARENA_MAX);
    pthread_mutex_init(&issuer->responder_lock, NULL);
    cx_id_format(CX_ID_ISSUER, issuer_id, issuer->ref);
    *ret_issuer = issuer;
    return CX_OK;
}

cx_err issuer_lint_signature(enum crypto_key_type type, struct issuer *issuer)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    CX_TRY(crypto_key_generate(type, &key));
    CX_TRY(crypto_sign(key, crypto_key_signature(type), cx_str_bytes(CX_STR("lint specimen")),
                       &signature));
    return arena_copy(&issuer->arena, cx_buf_view(&signature), &issuer->lint_signature);
}

cx_err issuer_dir_read(struct issuer_dir *dir, struct cx_id issuer_id, struct cx_diag *diag,
                       struct issuer **ret_issuer)
{
    CX_CLEANUP(issuer_freep) struct issuer *issuer = NULL;
    CX_TRY(issuer_new(issuer_id, &issuer));
    CX_TRY(read_files(dir, issuer_id, issuer, diag));
    if (issuer->certificate_der.len > 0)
        CX_TRY(issuer_view_certificate(issuer, diag));
    *ret_issuer = CX_TAKE(issuer);
    return CX_OK;
}

cx_err issuer_dir_load_key(const struct issuer_dir *dir, const struct issuer_spec *spec,
                           const char *name, struct cx_diag *diag, struct backend_key **ret_key)
{
    char path[OS_PATH_MAX];
    const struct backend *backend = NULL;
    CX_TRY(issuer_dir_path(dir, spec->issuer_id, path));
    CX_TRY(find_backend(dir, spec->backend, diag, &backend));
    const struct backend_place place = {path, spec->issuer_id, name, spec->key_label};
    return backend->load(backend->self, &place, diag, ret_key);
}

static cx_err load_keys(const struct issuer_dir *dir, struct issuer *issuer, struct cx_diag *diag)
{
    CX_TRY(issuer_dir_load_key(dir, &issuer->spec, "key", diag, &issuer->key));
    if (!cx_bytes_eq(issuer->key->spki, issuer->certificate.spki) ||
        issuer->key->type != issuer->spec.key_type)
        return altered(diag, issuer->ref);
    return issuer_lint_signature(issuer->spec.key_type, issuer);
}

static cx_err get_locked(struct issuer_dir *dir, struct cx_id issuer_id, struct cx_diag *diag,
                         struct issuer **ret_issuer)
{
    *ret_issuer = cx_map_get(&dir->issuers, cx_id_bytes(&issuer_id));
    if (*ret_issuer != NULL)
        return CX_OK;
    CX_CLEANUP(issuer_freep) struct issuer *issuer = NULL;
    CX_TRY(issuer_dir_read(dir, issuer_id, diag, &issuer));
    if (issuer->certificate_der.len == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "/issuer_id", "issuer-pending",
                         "this issuer waits for its certificate: install it first");
    CX_TRY(load_keys(dir, issuer, diag));
    CX_TRY(cx_map_put(&dir->issuers, cx_id_bytes(&issuer_id), issuer, NULL));
    *ret_issuer = CX_TAKE(issuer);
    return CX_OK;
}

cx_err issuer_dir_get(struct issuer_dir *dir, struct cx_id tenant_id, struct cx_id issuer_id,
                      struct cx_diag *diag, struct issuer **ret_issuer)
{
    struct issuer *issuer = NULL;
    pthread_mutex_lock(&dir->lock);
    cx_err err = get_locked(dir, issuer_id, diag, &issuer);
    pthread_mutex_unlock(&dir->lock);
    CX_TRY(err);
    if (!cx_id_eq(issuer->spec.tenant_id, tenant_id))
        return cx_refuse(diag, CX_ERR(NOTFOUND), "/issuer_id", "issuer-unknown",
                         "this instance has no such issuer");
    *ret_issuer = issuer;
    return CX_OK;
}

cx_err issuer_dir_make_key(const struct issuer_dir *dir, const struct issuer_spec *spec,
                           const char *name, struct cx_bytes pkcs8, struct cx_diag *diag,
                           struct backend_key **ret_key)
{
    char path[OS_PATH_MAX];
    const struct backend *backend = NULL;
    CX_TRY(issuer_dir_path(dir, spec->issuer_id, path));
    CX_TRY(find_backend(dir, spec->backend, diag, &backend));
    const struct backend_place place = {path, spec->issuer_id, name, spec->key_label};
    if (pkcs8.len == 0)
        return backend->create(backend->self, &place, spec->key_type, diag, ret_key);
    if (backend->import == NULL)
        return cx_refuse(diag, CX_ERR(POLICY), "backend", "issuer-backend",
                         "this back end takes no keys from outside");
    return backend->import(backend->self, &place, pkcs8, diag, ret_key);
}

cx_err issuer_dir_add(struct issuer_dir *dir, const struct issuer_spec *spec, struct cx_bytes pkcs8,
                      struct cx_diag *diag, struct backend_key **ret_key)
{
    char path[OS_PATH_MAX];
    CX_TRY(issuer_spec_check(spec, diag));
    CX_TRY(os_mkdir(dir->dir, 0700, (uid_t)-1, (gid_t)-1));
    CX_TRY(issuer_dir_path(dir, spec->issuer_id, path));
    if (os_file_exists(path))
        return cx_refuse(diag, CX_ERR(CONFLICT), "/issuer_id", "issuer-exists",
                         "there is an issuer with this id already");
    CX_TRY(os_mkdir(path, 0700, (uid_t)-1, (gid_t)-1));
    return issuer_dir_make_key(dir, spec, "key", pkcs8, diag, ret_key);
}

struct set {
    struct cx_bytes yaml, certificate, mac;
};

static cx_err write_set(const char *base, const struct set *set)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s/issuer.yaml", base));
    CX_TRY(os_file_write(path, set->yaml, 0400));
    if (set->certificate.len > 0) {
        CX_TRY(os_path(path, "%s/cert.der", base));
        CX_TRY(os_file_write(path, set->certificate, 0400));
    }
    CX_TRY(os_path(path, "%s/mac", base));
    return os_file_write(path, set->mac, 0400);
}

static void remove_set(const char *base)
{
    static const char *const names[] = {"mac", "cert.der", "issuer.yaml"};
    char path[OS_PATH_MAX];
    for (size_t i = 0; i < CX_COUNT_OF(names); i++)
        if (cx_is_ok(os_path(path, "%s/%s", base, names[i])))
            (void)unlink(path);
    (void)rmdir(base); /* what stays is not read while the set in place is whole */
}

/* Three files cannot be replaced at once. A set that exists already is therefore first written beside itself. */
static cx_err replace_set(const char *base, const struct set *set)
{
    char mac[OS_PATH_MAX], next[OS_PATH_MAX];
    CX_TRY(os_path(mac, "%s/mac", base));
    if (!os_file_exists(mac)) /* new: without a mac there is no issuer */
        return write_set(base, set);
    CX_TRY(os_path(next, "%s/" NEXT, base));
    CX_TRY(os_mkdir(next, 0700, (uid_t)-1, (gid_t)-1));
    CX_TRY(write_set(next, set));
    CX_TRY(write_set(base, set));
    remove_set(next);
    return CX_OK;
}

cx_err issuer_dir_seal(struct issuer_dir *dir, const struct issuer_spec *spec,
                       struct cx_bytes certificate_der, struct cx_diag *diag)
{
    char base[OS_PATH_MAX];
    uint8_t mac[KEK_LEN];
    CX_CLEANUP(cx_buf_clear) struct cx_buf yaml = CX_BUF_INIT(ISSUER_YAML_MAX);
    CX_TRY(issuer_spec_check(spec, diag));
    CX_TRY(issuer_yaml_write(spec, &yaml));
    CX_TRY(compute_mac(dir, spec->issuer_id, cx_buf_view(&yaml), certificate_der, mac));
    CX_TRY(issuer_dir_path(dir, spec->issuer_id, base));
    const struct set set = {cx_buf_view(&yaml), certificate_der, CX_BYTES(mac, sizeof(mac))};
    return replace_set(base, &set);
}

cx_err issuer_dir_list(struct issuer_dir *dir, struct arena *arena, struct cx_id **ret_ids,
                       size_t *ret_count)
{
    struct cx_id *ids = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, ISSUERS_MAX, &ids));
    DIR *stream = opendir(dir->dir);
    const struct dirent *entry;
    while (stream != NULL && count < ISSUERS_MAX && (entry = readdir(stream)) != NULL) {
        char path[OS_PATH_MAX];
        if (cx_is_ok(cx_id_parse(CX_ID_ISSUER, cx_str_from(entry->d_name), &ids[count])) &&
            cx_is_ok(os_path(path, "%s/%s/mac", dir->dir, entry->d_name)) && os_file_exists(path))
            count++;
    }
    if (stream != NULL)
        closedir(stream);
    *ret_ids = ids;
    *ret_count = count;
    return CX_OK;
}
