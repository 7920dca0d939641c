/*
 * PKCS#11 v2.40 (OASIS): a token found by its label, one login, a fixed pool of sessions. Keys are
 * made on the token as sensitive and never extractable, and found again by label and id (the
 * issuer's id).
 *
 * The message is hashed here and the token signs the digest (CKM_ECDSA, CKM_RSA_PKCS with
 * DigestInfo): every token has these, and a CRL of megabytes need not cross to it.
 */
#include "base/checked.h"
#include "base/log.h"
#include "codec/der_write.h"
#include "crypto/hash.h"
#include "keys/backend.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SESSIONS_DEFAULT = 8,
    SESSIONS_MAX = 64,
    SLOTS_MAX = 64,
    SPKI_MAX = 1024,
    EC_POINT_MAX = 256,
    MODULUS_MAX = 512
};

struct token {
    void *library;
    CK_FUNCTION_LIST *p11;
    CK_SLOT_ID slot;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    CK_SESSION_HANDLE sessions[SESSIONS_MAX]; /* free ones first */
    unsigned free_count, session_count;
    CK_SESSION_HANDLE login; /* stays open: the login ends with the last session */
};

struct token_key {
    struct backend_key base; /* first */
    struct token *token;
    CK_OBJECT_HANDLE object;
    struct cx_buf spki;
};

/* The DER of AlgorithmIdentifier, RFC 5480 §2.1.1 and RFC 3279 §2.3.1; and curve parameters for
 * PKCS#11. */
static const uint8_t p256_oid[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384_oid[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
/* DigestInfo of SHA-256 up to the digest, RFC 8017 §9.2 note 1. */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                      0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

static cx_err refuse_rv(struct cx_diag *diag, cx_err err, const char *what, CK_RV rv)
{
    return cx_refuse(diag, err, "pkcs11", "pkcs11-failed", "%s failed: PKCS#11 error 0x%lx", what,
                     (unsigned long)rv);
}

static CK_SESSION_HANDLE take_session(struct token *token)
{
    pthread_mutex_lock(&token->lock);
    while (token->free_count == 0 && token->session_count > 0)
        pthread_cond_wait(&token->returned, &token->lock);
    CK_SESSION_HANDLE session =
        token->free_count > 0 ? token->sessions[--token->free_count] : CK_INVALID_HANDLE;
    pthread_mutex_unlock(&token->lock);
    return session;
}

/* Logging in takes the PIN, which is read before the sandbox and not kept: only a new process can. The supervisor starts
 * it; a journalled intent without a signature is what it always is after a crash. */
static void give_up(const char *why)
{
    cx_log(CX_LOG_ERROR, "the token is lost: this process ends and is started again", "why", why,
           NULL);
    _exit(EXIT_FAILURE);
}

/* What a token says once it was away: the login and the objects of the old sessions are gone. */
static bool is_login_lost(CK_RV rv)
{
    return rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_KEY_HANDLE_INVALID ||
           rv == CKR_OBJECT_HANDLE_INVALID;
}

/* A session that failed is replaced; when the token has none to give, the pool shrinks. */
static void return_session(struct token *token, CK_SESSION_HANDLE session, bool is_good)
{
    if (!is_good) {
        token->p11->C_CloseSession(session);
        session = CK_INVALID_HANDLE;
        if (token->p11->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                      &session) != CKR_OK)
            session = CK_INVALID_HANDLE;
    }
    pthread_mutex_lock(&token->lock);
    if (session != CK_INVALID_HANDLE)
        token->sessions[token->free_count++] = session;
    else if (--token->session_count == 0)
        give_up("no session is left");
    pthread_cond_broadcast(&token->returned);
    pthread_mutex_unlock(&token->lock);
}

/* r and s, each half of raw, as Ecdsa-Sig-Value (RFC 3279 §2.2.3). */
static cx_err write_ecdsa(struct cx_bytes raw, struct cx_buf *out)
{
    size_t mark = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    CX_TRY(der_write_unsigned(out, CX_BYTES(raw.ptr, raw.len / 2)));
    CX_TRY(der_write_unsigned(out, CX_BYTES(raw.ptr + raw.len / 2, raw.len / 2)));
    return der_end(out, mark);
}

static cx_err token_sign(const struct backend_key *base, struct cx_bytes message,
                         struct cx_buf *out)
{
    const struct token_key *key = (const struct token_key *)(const void *)base;
    const bool is_ec = base->type == CRYPTO_KEY_P256 || base->type == CRYPTO_KEY_P384;
    const enum crypto_hash hash = base->type == CRYPTO_KEY_P384 ? CRYPTO_SHA384 : CRYPTO_SHA256;
    uint8_t input[sizeof(sha256_info) + CRYPTO_SHA384_LEN];
    const size_t prefix_len = is_ec ? 0 : sizeof(sha256_info);
    memcpy(input, sha256_info, prefix_len);
    CX_TRY(crypto_digest(hash, &message, 1, input + prefix_len));
    const CK_ULONG input_len = prefix_len + crypto_hash_len(hash);
    CK_SESSION_HANDLE session = take_session(key->token);
    if (session == CK_INVALID_HANDLE)
        return CX_ERR(BUSY);
    CK_MECHANISM mechanism = {is_ec ? CKM_ECDSA : CKM_RSA_PKCS, NULL, 0};
    uint8_t signature[CRYPTO_SIGNATURE_MAX];
    CK_ULONG signature_len = sizeof(signature);
    CK_RV rv = key->token->p11->C_SignInit(session, &mechanism, key->object);
    if (rv == CKR_OK)
        rv = key->token->p11->C_Sign(session, input, input_len, signature, &signature_len);
    if (is_login_lost(rv))
        give_up("it wants the PIN again");
    return_session(key->token, session, rv == CKR_OK);
    if (rv != CKR_OK)
        return rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID ||
                       rv == CKR_TOKEN_NOT_PRESENT
                   ? CX_ERR(BUSY)
                   : CX_ERR(CRYPTO);
    struct cx_bytes raw = CX_BYTES(signature, signature_len);
    if (!is_ec)
        return cx_buf_add(out, raw);
    return raw.len % 2 == 0 && raw.len > 0 ? write_ecdsa(raw, out) : CX_ERR(CRYPTO);
}

static void token_key_free(struct backend_key *base)
{
    struct token_key *key = (struct token_key *)(void *)base;
    cx_buf_clear(&key->spki);
    free(key);
}

static cx_err write_ec_spki(struct cx_bytes curve, struct cx_bytes point, struct cx_buf *out)
{
    size_t whole = 0, algorithm = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &whole));
    CX_TRY(der_begin(out, DER_SEQUENCE, &algorithm));
    CX_TRY(der_write_oid_text(out, "1.2.840.10045.2.1"));
    CX_TRY(cx_buf_add(out, curve));
    CX_TRY(der_end(out, algorithm));
    CX_TRY(der_write_bit_string(out, point, 0));
    return der_end(out, whole);
}

static cx_err write_rsa_spki(struct cx_bytes modulus, struct cx_bytes exponent, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf key = CX_BUF_INIT(SPKI_MAX);
    size_t whole = 0, algorithm = 0, sequence = 0;
    CX_TRY(der_begin(&key, DER_SEQUENCE, &sequence));
    CX_TRY(der_write_unsigned(&key, modulus));
    CX_TRY(der_write_unsigned(&key, exponent));
    CX_TRY(der_end(&key, sequence));
    CX_TRY(der_begin(out, DER_SEQUENCE, &whole));
    CX_TRY(der_begin(out, DER_SEQUENCE, &algorithm));
    CX_TRY(der_write_oid_text(out, "1.2.840.113549.1.1.1"));
    CX_TRY(der_write_null(out));
    CX_TRY(der_end(out, algorithm));
    CX_TRY(der_write_bit_string(out, cx_buf_view(&key), 0));
    return der_end(out, whole);
}

static cx_err read_ec(struct token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                      struct cx_buf *out)
{
    uint8_t curve[32], point[EC_POINT_MAX];
    CK_ATTRIBUTE attributes[] = {{CKA_EC_PARAMS, curve, sizeof(curve)},
                                 {CKA_EC_POINT, point, sizeof(point)}};
    if (token->p11->C_GetAttributeValue(session, object, attributes, CX_COUNT_OF(attributes)) !=
        CKR_OK)
        return CX_ERR(CRYPTO);
    /* PKCS#11 §2.3.3: CKA_EC_POINT is the DER OCTET STRING of the point. */
    struct der_reader reader = der_reader(CX_BYTES(point, attributes[1].ulValueLen));
    struct cx_bytes octets;
    CX_TRY(der_read_octet_string(&reader, &octets));
    return write_ec_spki(CX_BYTES(curve, attributes[0].ulValueLen), octets, out);
}

static cx_err read_rsa(struct token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                       struct cx_buf *out)
{
    uint8_t modulus[MODULUS_MAX], exponent[16];
    CK_ATTRIBUTE attributes[] = {{CKA_MODULUS, modulus, sizeof(modulus)},
                                 {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
    if (token->p11->C_GetAttributeValue(session, object, attributes, CX_COUNT_OF(attributes)) !=
        CKR_OK)
        return CX_ERR(CRYPTO);
    return write_rsa_spki(CX_BYTES(modulus, attributes[0].ulValueLen),
                          CX_BYTES(exponent, attributes[1].ulValueLen), out);
}

/* Finds the one object of that class with the place's label and id. */
static cx_err find_object(struct token *token, CK_SESSION_HANDLE session,
                          const struct backend_place *place, CK_OBJECT_CLASS class,
                          CK_OBJECT_HANDLE *ret_object)
{
    uint8_t id[16], label[BACKEND_LABEL_MAX];
    if (place->label.len == 0 || place->label.len > sizeof(label))
        return CX_ERR(NOTFOUND);
    memcpy(id, place->issuer_id.b, sizeof(id));
    memcpy(label, place->label.ptr, place->label.len);
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
                               {CKA_ID, id, sizeof(id)},
                               {CKA_LABEL, label, place->label.len}};
    CK_OBJECT_HANDLE objects[2];
    CK_ULONG count = 0;
    if (token->p11->C_FindObjectsInit(session, template, CX_COUNT_OF(template)) != CKR_OK)
        return CX_ERR(CRYPTO);
    CK_RV rv = token->p11->C_FindObjects(session, objects, CX_COUNT_OF(objects), &count);
    token->p11->C_FindObjectsFinal(session);
    if (rv != CKR_OK)
        return CX_ERR(CRYPTO);
    if (count != 1)
        return count == 0 ? CX_ERR(NOTFOUND) : CX_ERR(CONFLICT);
    *ret_object = objects[0];
    return CX_OK;
}

static cx_err load_in_session(struct token *token, CK_SESSION_HANDLE session,
                              const struct backend_place *place, struct token_key *key)
{
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CX_TRY(find_object(token, session, place, CKO_PRIVATE_KEY, &key->object));
    CX_TRY(find_object(token, session, place, CKO_PUBLIC_KEY, &public_key));
    CK_KEY_TYPE kind = 0;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &kind, sizeof(kind)};
    if (token->p11->C_GetAttributeValue(session, key->object, &attribute, 1) != CKR_OK)
        return CX_ERR(CRYPTO);
    if (kind == CKK_EC)
        CX_TRY(read_ec(token, session, public_key, &key->spki));
    else if (kind == CKK_RSA)
        CX_TRY(read_rsa(token, session, public_key, &key->spki));
    else
        return CX_ERR(POLICY);
    return crypto_spki_type(cx_buf_view(&key->spki), &key->base.type);
}

static cx_err pkcs11_load(void *self, const struct backend_place *place, struct cx_diag *diag,
                          struct backend_key **ret_key)
{
    struct token *token = self;
    struct token_key *key = calloc(1, sizeof(*key));
    if (key == NULL)
        return CX_ERR(NOMEM);
    *key = (struct token_key){.base = {.sign = token_sign, .free = token_key_free},
                              .token = token,
                              .spki = CX_BUF_INIT(SPKI_MAX)};
    CK_SESSION_HANDLE session = take_session(token);
    cx_err err =
        session == CK_INVALID_HANDLE ? CX_ERR(BUSY) : load_in_session(token, session, place, key);
    if (session != CK_INVALID_HANDLE)
        return_session(token, session, cx_is_ok(err) || err.code == CX_E_NOTFOUND);
    if (cx_failed(err)) {
        token_key_free(&key->base);
        return cx_refuse(diag, err, "pkcs11", "pkcs11-key",
                         "the token has no usable key with this label and id");
    }
    key->base.spki = cx_buf_view(&key->spki);
    *ret_key = &key->base;
    return CX_OK;
}

static cx_err generate(struct token *token, CK_SESSION_HANDLE session,
                       const struct backend_place *place, enum crypto_key_type type,
                       struct cx_diag *diag)
{
    const bool is_ec = type == CRYPTO_KEY_P256 || type == CRYPTO_KEY_P384;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    uint8_t id[16], label[BACKEND_LABEL_MAX], curve[16], exponent[] = {1, 0, 1};
    const struct cx_bytes oid = type == CRYPTO_KEY_P384 ? CX_BYTES(p384_oid, sizeof(p384_oid))
                                                        : CX_BYTES(p256_oid, sizeof(p256_oid));
    memcpy(id, place->issuer_id.b, sizeof(id));
    memcpy(label, place->label.ptr, place->label.len);
    memcpy(curve, oid.ptr, oid.len);
    CK_ULONG bits = type == CRYPTO_KEY_RSA4096 ? 4096 : type == CRYPTO_KEY_RSA3072 ? 3072 : 2048;
    CK_ATTRIBUTE public_template[] = {{CKA_TOKEN, &yes, sizeof(yes)},
                                      {CKA_VERIFY, &yes, sizeof(yes)},
                                      {CKA_ID, id, sizeof(id)},
                                      {CKA_LABEL, label, place->label.len},
                                      {is_ec ? CKA_EC_PARAMS : CKA_MODULUS_BITS,
                                       is_ec ? (void *)curve : &bits,
                                       is_ec ? oid.len : sizeof(bits)},
                                      {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
    CK_ATTRIBUTE private_template[] = {
        {CKA_TOKEN, &yes, sizeof(yes)},      {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},  {CKA_EXTRACTABLE, &no, sizeof(no)},
        {CKA_SIGN, &yes, sizeof(yes)},       {CKA_ID, id, sizeof(id)},
        {CKA_LABEL, label, place->label.len}};
    CK_MECHANISM mechanism = {is_ec ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_key = 0, private_key = 0;
    CK_RV rv = token->p11->C_GenerateKeyPair(
        session, &mechanism, public_template, CX_COUNT_OF(public_template) - (is_ec ? 1 : 0),
        private_template, CX_COUNT_OF(private_template), &public_key, &private_key);
    return rv == CKR_OK ? CX_OK : refuse_rv(diag, CX_ERR(CRYPTO), "key generation", rv);
}

static cx_err pkcs11_create(void *self, const struct backend_place *place,
                            enum crypto_key_type type, struct cx_diag *diag,
                            struct backend_key **ret_key)
{
    struct token *token = self;
    if (type == CRYPTO_KEY_ED25519)
        return cx_refuse(diag, CX_ERR(POLICY), "key_type", "pkcs11-key-type",
                         "PKCS#11 keys here are P-256, P-384 or RSA");
    if (place->label.len == 0 || place->label.len > BACKEND_LABEL_MAX)
        return cx_refuse(diag, CX_ERR(USAGE), "key_label", "pkcs11-label",
                         "a PKCS#11 key needs a label of 1 to 64 characters");
    CK_SESSION_HANDLE session = take_session(token);
    if (session == CK_INVALID_HANDLE)
        return CX_ERR(BUSY);
    CK_OBJECT_HANDLE existing = CK_INVALID_HANDLE;
    cx_err err = find_object(token, session, place, CKO_PRIVATE_KEY, &existing);
    if (err.code == CX_E_NOTFOUND)
        err = generate(token, session, place, type, diag);
    else if (cx_is_ok(err))
        err = cx_refuse(diag, CX_ERR(CONFLICT), "key_label", "key-exists",
                        "the token has a key with this label and id already");
    return_session(token, session, cx_is_ok(err) || err.code == CX_E_CONFLICT);
    CX_TRY(err);
    return pkcs11_load(self, place, diag, ret_key);
}

static bool token_label_is(const CK_TOKEN_INFO *info, struct cx_str label)
{
    size_t len = sizeof(info->label); /* padded with blanks, PKCS#11 §3.2 */
    while (len > 0 && info->label[len - 1] == ' ')
        len--;
    return cx_str_eq((struct cx_str){(const char *)info->label, len}, label);
}

static cx_err find_slot(struct token *token, struct cx_str label, struct cx_diag *diag)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = CX_COUNT_OF(slots);
    CK_RV rv = token->p11->C_GetSlotList(CK_TRUE, slots, &count);
    if (rv != CKR_OK)
        return refuse_rv(diag, CX_ERR(CRYPTO), "listing the slots", rv);
    unsigned found = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (token->p11->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            (info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
            (label.len > 0 && !token_label_is(&info, label)))
            continue;
        token->slot = slots[i];
        found++;
    }
    if (found != 1)
        return cx_refuse(diag, found == 0 ? CX_ERR(NOTFOUND) : CX_ERR(CONFLICT), "pkcs11_token",
                         "pkcs11-token",
                         found == 0 ? "no initialised token has this label"
                                    : "several tokens fit: name one by its label");
    return CX_OK;
}

static cx_err open_sessions(struct token *token, const struct backend_pkcs11_options *options,
                            struct cx_diag *diag)
{
    const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    CK_RV rv = token->p11->C_OpenSession(token->slot, flags, NULL, NULL, &token->login);
    if (rv != CKR_OK)
        return refuse_rv(diag, CX_ERR(CRYPTO), "opening a session", rv);
    CX_CLEANUP(cx_secret_clear) struct cx_secret pin = CX_SECRET_INIT;
    CX_TRY(cx_secret_copy(options->pin, &pin));
    rv = token->p11->C_Login(token->login, CKU_USER, pin.ptr, pin.len);
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
        return refuse_rv(diag, CX_ERR(AUTH), "logging in to the token", rv);
    unsigned wanted = options->session_count != 0 ? options->session_count : SESSIONS_DEFAULT;
    for (unsigned i = 0; i < wanted && i < SESSIONS_MAX; i++) {
        rv = token->p11->C_OpenSession(token->slot, flags, NULL, NULL,
                                       &token->sessions[token->free_count]);
        if (rv != CKR_OK)
            break; /* a token with few sessions */
        token->free_count++;
        token->session_count++;
    }
    return token->session_count > 0 ? CX_OK
                                    : refuse_rv(diag, CX_ERR(CRYPTO), "opening a session", rv);
}

static cx_err load_module(struct token *token, const char *module, struct cx_diag *diag)
{
    token->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (token->library == NULL)
        return cx_refuse(diag, CX_ERR(IO), "pkcs11_module", "pkcs11-module",
                         "the PKCS#11 module cannot be loaded");
    CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
    *(void **)&get_list = dlsym(token->library, "C_GetFunctionList");
    if (get_list == NULL || get_list(&token->p11) != CKR_OK || token->p11 == NULL)
        return cx_refuse(diag, CX_ERR(IO), "pkcs11_module", "pkcs11-module",
                         "this file is not a PKCS#11 module");
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    CK_RV rv = token->p11->C_Initialize(&arguments);
    if (rv != CKR_OK) {
        token->p11 = NULL;
        return refuse_rv(diag, CX_ERR(CRYPTO), "initialising the module", rv);
    }
    return CX_OK;
}

void backend_pkcs11_free(struct backend *backend)
{
    struct token *token = backend->self;
    if (token == NULL)
        return;
    if (token->p11 != NULL)
        token->p11->C_Finalize(NULL);
    if (token->library != NULL)
        dlclose(token->library);
    pthread_cond_destroy(&token->returned);
    pthread_mutex_destroy(&token->lock);
    free(token);
    backend->self = NULL;
}

cx_err backend_pkcs11_new(const struct backend_pkcs11_options *options, struct cx_diag *diag,
                          struct backend *ret_backend)
{
    struct token *token = calloc(1, sizeof(*token));
    if (token == NULL)
        return CX_ERR(NOMEM);
    pthread_mutex_init(&token->lock, NULL);
    pthread_cond_init(&token->returned, NULL);
    struct backend backend = {"pkcs11", token, pkcs11_create, NULL, pkcs11_load};
    cx_err err = load_module(token, options->module, diag);
    if (cx_is_ok(err))
        err = find_slot(token, options->token, diag);
    if (cx_is_ok(err))
        err = open_sessions(token, options, diag);
    if (cx_failed(err)) {
        backend_pkcs11_free(&backend);
        return err;
    }
    *ret_backend = backend;
    return CX_OK;
}
