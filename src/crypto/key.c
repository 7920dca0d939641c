/*
 * Key objects. The public half is kept in its canonical encoding beside OpenSSL's object, so that
 * reading it never encodes again; EC and Ed25519 encodings are a fixed prefix and the point, taken
 * apart and built here without OpenSSL's generic decoder (about 150 us a key in 3.0).
 */
#include "crypto/key.h"
#include "base/checked.h"
#include "crypto/key_internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

struct spki_form {
    enum crypto_key_type type;
    struct cx_bytes prefix; /* DER up to the first octet of the point */
    size_t len;             /* whole encoding */
    const char *group;      /* NULL: Ed25519 */
};

static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                      0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                      0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t p384_prefix[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86,
                                      0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B,
                                      0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
static const uint8_t ed25519_prefix[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                         0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
static const struct spki_form forms[] = {
    {CRYPTO_KEY_P256, {p256_prefix, sizeof(p256_prefix)}, 91, "prime256v1"},
    {CRYPTO_KEY_P384, {p384_prefix, sizeof(p384_prefix)}, 120, "secp384r1"},
    {CRYPTO_KEY_ED25519, {ed25519_prefix, sizeof(ed25519_prefix)}, 44, NULL},
};
/* AlgorithmIdentifier { rsaEncryption, NULL } */
static const uint8_t rsa_algorithm[] = {0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                        0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};

static const struct spki_form *form_of(struct cx_bytes spki)
{
    for (size_t i = 0; i < CX_COUNT_OF(forms); i++)
        if (spki.len > forms[i].prefix.len &&
            cx_bytes_eq(CX_BYTES(spki.ptr, forms[i].prefix.len), forms[i].prefix))
            return &forms[i];
    return NULL;
}

static bool rsa_type(int bits, enum crypto_key_type *ret_type)
{
    if (bits != 2048 && bits != 3072 && bits != 4096)
        return false;
    *ret_type = bits == 2048   ? CRYPTO_KEY_RSA2048
                : bits == 3072 ? CRYPTO_KEY_RSA3072
                               : CRYPTO_KEY_RSA4096;
    return true;
}

/* Only the listed group, written by name, counts: explicit curve parameters are refused (RFC 5480
 * §2.1.1). */
static bool ec_type(const EVP_PKEY *pkey, enum crypto_key_type *ret_type)
{
    char group[32] = "";
    char encoding[32] = "";
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                       NULL) != 1 ||
        EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, encoding,
                                       sizeof(encoding), NULL) != 1 ||
        !cx_str_is(cx_str_from(encoding), OSSL_PKEY_EC_ENCODING_GROUP))
        return false;
    for (size_t i = 0; i < CX_COUNT_OF(forms); i++)
        if (forms[i].group && cx_str_is(cx_str_from(group), forms[i].group)) {
            *ret_type = forms[i].type;
            return true;
        }
    return false;
}

static bool type_of(const EVP_PKEY *pkey, enum crypto_key_type *ret_type)
{
    if (EVP_PKEY_is_a(pkey, "EC"))
        return ec_type(pkey, ret_type);
    if (EVP_PKEY_is_a(pkey, "RSA"))
        return rsa_type(EVP_PKEY_get_bits(pkey), ret_type);
    *ret_type = CRYPTO_KEY_ED25519;
    return EVP_PKEY_is_a(pkey, "ED25519");
}

static bool write_rsa_spki(struct crypto_key *key)
{
    int len = i2d_PUBKEY(key->pkey, NULL);
    if (len <= 0 || len > CRYPTO_SPKI_MAX)
        return false;
    uint8_t *at = key->spki;
    key->spki_len = (size_t)i2d_PUBKEY(key->pkey, &at);
    return key->spki_len == (size_t)len;
}

static bool write_spki(struct crypto_key *key)
{
    for (size_t i = 0; i < CX_COUNT_OF(forms); i++) {
        if (forms[i].type != key->type)
            continue;
        size_t want = forms[i].len - forms[i].prefix.len;
        size_t len = 0;
        memcpy(key->spki, forms[i].prefix.ptr, forms[i].prefix.len);
        key->spki_len = forms[i].len;
        return EVP_PKEY_get_octet_string_param(key->pkey,
                                               forms[i].group ? OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY
                                                              : OSSL_PKEY_PARAM_PUB_KEY,
                                               key->spki + forms[i].prefix.len, want, &len) == 1 &&
               len == want && (!forms[i].group || key->spki[forms[i].prefix.len] == 0x04);
    }
    return write_rsa_spki(key);
}

cx_err crypto_key_wrap(EVP_PKEY *pkey, bool is_private, struct crypto_key **ret_key)
{
    struct crypto_key *made = calloc(1, sizeof(*made));
    if (!made) {
        EVP_PKEY_free(pkey);
        return CX_ERR(NOMEM);
    }
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = made;
    key->pkey = pkey;
    key->is_private = is_private;
    if (!type_of(pkey, &key->type))
        return CX_ERR(POLICY);
    /* A PKCS#8 file may ask for compressed points; ours are uncompressed (RFC 5480 §2.2). */
    if (is_private && EVP_PKEY_is_a(pkey, "EC") &&
        EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1)
        return CX_ERR(CRYPTO);
    if (!write_spki(key))
        return CX_ERR(CRYPTO);
    *ret_key = CX_TAKE(key);
    return CX_OK;
}

void crypto_key_free(struct crypto_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

const char *crypto_key_type_name(enum crypto_key_type type)
{
    static const char *const names[] = {"p256", "p384", "rsa2048", "rsa3072", "rsa4096", "ed25519"};
    return names[type];
}

/* SEQUENCE { algorithm, BIT STRING { SEQUENCE { INTEGER modulus … } } } with two-octet lengths,
 * which every RSA key of 2048 bits or more has. */
static cx_err rsa_spki_type(struct cx_bytes spki, enum crypto_key_type *ret_type)
{
    enum { MODULUS_AT = 4 + sizeof(rsa_algorithm) + 5 + 4 + 4 };
    const uint8_t *p = spki.ptr;
    if (spki.len < MODULUS_AT + 256 || p[0] != 0x30 || p[1] != 0x82 ||
        !cx_bytes_eq(CX_BYTES(p + 4, sizeof(rsa_algorithm)),
                     CX_BYTES(rsa_algorithm, sizeof(rsa_algorithm))))
        return CX_ERR(POLICY);
    p += 4 + sizeof(rsa_algorithm);
    if (p[0] != 0x03 || p[1] != 0x82 || p[4] != 0 || p[5] != 0x30 || p[6] != 0x82 || p[9] != 0x02 ||
        p[10] != 0x82)
        return CX_ERR(POLICY);
    int octets = p[11] << 8 | p[12];
    if (p[13] == 0 && octets % 2 == 1 && (p[14] & 0x80) && rsa_type((octets - 1) * 8, ret_type))
        return CX_OK;
    return CX_ERR(POLICY);
}

cx_err crypto_spki_type(struct cx_bytes spki, enum crypto_key_type *ret_type)
{
    const struct spki_form *form = form_of(spki);
    if (!form)
        return rsa_spki_type(spki, ret_type);
    if (spki.len != form->len || (form->group && spki.ptr[form->prefix.len] != 0x04))
        return CX_ERR(PARSE);
    *ret_type = form->type;
    return CX_OK;
}

cx_err crypto_key_generate(enum crypto_key_type type, struct crypto_key **ret_key)
{
    static const size_t bits[] = {
        [CRYPTO_KEY_RSA2048] = 2048, [CRYPTO_KEY_RSA3072] = 3072, [CRYPTO_KEY_RSA4096] = 4096};
    CRYPTO_QUEUE_GUARD();
    EVP_PKEY *pkey = NULL;
    if (type == CRYPTO_KEY_P256 || type == CRYPTO_KEY_P384)
        pkey = EVP_EC_gen(type == CRYPTO_KEY_P256 ? "P-256" : "P-384");
    else if (type == CRYPTO_KEY_ED25519)
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else if (type < CRYPTO_KEY_COUNT)
        pkey = EVP_RSA_gen(bits[type]);
    if (!pkey)
        return CX_ERR(CRYPTO);
    return crypto_key_wrap(pkey, true, ret_key);
}

cx_err crypto_key_from_seed(struct cx_bytes seed, struct crypto_key **ret_key)
{
    if (seed.len != CRYPTO_ED25519_SEED_LEN)
        return CX_ERR(USAGE);
    CRYPTO_QUEUE_GUARD();
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed.ptr, seed.len);
    if (!pkey)
        return CX_ERR(CRYPTO);
    return crypto_key_wrap(pkey, true, ret_key);
}

CRYPTO_DEFINE_FREE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

static cx_err trial_signature(const struct crypto_key *key)
{
    const struct cx_bytes message = CX_BYTES("certinext key check", 19);
    enum crypto_signature algorithm = crypto_key_signature(key->type);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    CX_TRY(crypto_sign(key, algorithm, message, &signature));
    return crypto_verify(key, algorithm, message, cx_buf_view(&signature));
}

cx_err crypto_key_from_pkcs8(struct cx_bytes der, struct crypto_key **ret_key)
{
    if (der.len == 0 || der.len > CRYPTO_PKCS8_MAX)
        return CX_ERR(PARSE);
    CRYPTO_QUEUE_GUARD();
    const uint8_t *at = der.ptr;
    CX_CLEANUP(PKCS8_PRIV_KEY_INFO_free_p)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    if (!info || at != der.ptr + der.len)
        return CX_ERR(PARSE);
    EVP_PKEY *pkey = EVP_PKCS82PKEY_ex(info, NULL, NULL);
    if (!pkey)
        return CX_ERR(PARSE);
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_TRY(crypto_key_wrap(pkey, true, &key));
    CX_TRY(trial_signature(key));
    *ret_key = CX_TAKE(key);
    return CX_OK;
}

static EVP_PKEY *ec_from_point(const char *group, const uint8_t *point, size_t len)
{
    CX_CLEANUP(EVP_PKEY_CTX_free_p)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    char name[16];
    snprintf(name, sizeof(name), "%s", group);
    uint8_t copy[128]; /* OSSL_PARAM takes no const; P-384 has 97 octets */
    if (!ctx || len > sizeof(copy))
        return NULL;
    memcpy(copy, point, len);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, len),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = NULL;
    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return pkey;
}

cx_err crypto_key_from_spki(struct cx_bytes der, struct crypto_key **ret_key)
{
    enum crypto_key_type type = CRYPTO_KEY_COUNT;
    CX_TRY(crypto_spki_type(der, &type));
    CRYPTO_QUEUE_GUARD();
    const struct spki_form *form = form_of(der);
    const uint8_t *at = der.ptr;
    EVP_PKEY *pkey = NULL;
    if (!form)
        pkey = d2i_PUBKEY_ex(NULL, &at, (long)der.len, NULL, NULL);
    else if (form->group)
        pkey = ec_from_point(form->group, at + form->prefix.len, form->len - form->prefix.len);
    else
        pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, at + form->prefix.len,
                                              form->len - form->prefix.len);
    if (!pkey)
        return CX_ERR(PARSE);
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_TRY(crypto_key_wrap(pkey, false, &key));
    if (!cx_bytes_eq(crypto_key_spki(key), der)) /* another spelling, or trailing bytes */
        return CX_ERR(PARSE);
    *ret_key = CX_TAKE(key);
    return CX_OK;
}

enum crypto_key_type crypto_key_type(const struct crypto_key *key)
{
    return key->type;
}

bool crypto_key_is_private(const struct crypto_key *key)
{
    return key->is_private;
}

struct cx_bytes crypto_key_spki(const struct crypto_key *key)
{
    return CX_BYTES(key->spki, key->spki_len);
}

cx_err crypto_key_to_pkcs8(const struct crypto_key *key, struct cx_secret *ret_der)
{
    if (!key->is_private)
        return CX_ERR(USAGE);
    CRYPTO_QUEUE_GUARD();
    CX_CLEANUP(PKCS8_PRIV_KEY_INFO_free_p) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
    if (len <= 0 || len > CRYPTO_PKCS8_MAX)
        return CX_ERR(CRYPTO);
    struct cx_secret der = CX_SECRET_INIT;
    CX_TRY(cx_secret_new((size_t)len, &der));
    uint8_t *at = der.ptr;
    if (i2d_PKCS8_PRIV_KEY_INFO(info, &at) != len) {
        cx_secret_clear(&der);
        return CX_ERR(CRYPTO);
    }
    *ret_der = der;
    return CX_OK;
}
