/* The words that profiles, JSON and the command line use for the enumerations of profile.h. */
#include "base/checked.h"
#include "crypto/key.h"
#include "pki/profile.h"
#include "pki/words_internal.h"

_Static_assert((int)PKI_KEY_P256 == (int)CRYPTO_KEY_P256 &&
                   (int)PKI_KEY_P384 == (int)CRYPTO_KEY_P384 &&
                   (int)PKI_KEY_RSA2048 == (int)CRYPTO_KEY_RSA2048 &&
                   (int)PKI_KEY_RSA3072 == (int)CRYPTO_KEY_RSA3072 &&
                   (int)PKI_KEY_RSA4096 == (int)CRYPTO_KEY_RSA4096 &&
                   (int)PKI_KEY_ED25519 == (int)CRYPTO_KEY_ED25519 &&
                   (int)PKI_KEY_COUNT == (int)CRYPTO_KEY_COUNT,
               "pki and crypto name the same keys by the same numbers");

const char *const pki_kind_words[PKI_KIND_COUNT] = {"server-tls", "client-tls",   "mutual-tls",
                                                    "smime",      "code-signing", "ocsp-signer",
                                                    "sub-ca",     "root-ca"};
const char *const pki_trust_words[2] = {"private", "public"};
const char *const pki_key_type_words[PKI_KEY_COUNT] = {"p256",    "p384",    "rsa2048",
                                                       "rsa3072", "rsa4096", "ed25519"};
const char *const pki_name_kind_words[PKI_NAME_COUNT] = {"dns", "ip", "email", "uri"};
const char *const pki_attribute_words[PKI_ATTR_COUNT] = {
    "common_name",         "country",       "state", "locality", "organization",
    "organizational_unit", "serial_number", "email"};
const char *const pki_key_usage_words[PKI_KEY_USAGE_COUNT] = {
    "digital_signature", "content_commitment", "key_encipherment",
    "data_encipherment", "key_agreement",      "key_cert_sign",
    "crl_sign",          "encipher_only",      "decipher_only"};
const struct pki_eku_word pki_eku_words[PKI_EKU_WORD_COUNT] = {
    {"server_auth", "1.3.6.1.5.5.7.3.1"},   {"client_auth", "1.3.6.1.5.5.7.3.2"},
    {"code_signing", "1.3.6.1.5.5.7.3.3"},  {"email_protection", "1.3.6.1.5.5.7.3.4"},
    {"time_stamping", "1.3.6.1.5.5.7.3.8"}, {"ocsp_signing", "1.3.6.1.5.5.7.3.9"},
};

const char *pki_kind_name(enum pki_kind kind)
{
    return pki_kind_words[kind];
}

const char *pki_key_type_name(enum pki_key_type type)
{
    return pki_key_type_words[type];
}

const char *pki_name_kind_name(enum pki_name_kind kind)
{
    return pki_name_kind_words[kind];
}

const char *pki_attribute_name(enum pki_attribute_type type)
{
    return pki_attribute_words[type];
}

const char *pki_key_usage_name(unsigned bit)
{
    return bit < PKI_KEY_USAGE_COUNT ? pki_key_usage_words[bit] : "";
}

const char *pki_ext_key_usage_name(struct cx_str dotted)
{
    for (size_t i = 0; i < PKI_EKU_WORD_COUNT; i++)
        if (cx_str_is(dotted, pki_eku_words[i].dotted))
            return pki_eku_words[i].word;
    return NULL;
}

static cx_err word_index(struct cx_str word, const char *const *words, size_t count,
                         size_t *ret_index)
{
    for (size_t i = 0; i < count; i++)
        if (cx_str_is(word, words[i])) {
            *ret_index = i;
            return CX_OK;
        }
    return CX_ERR(PARSE);
}

cx_err pki_key_type_from_name(struct cx_str name, enum pki_key_type *ret_type)
{
    size_t index = 0;
    CX_TRY(word_index(name, pki_key_type_words, PKI_KEY_COUNT, &index));
    *ret_type = (enum pki_key_type)index;
    return CX_OK;
}

cx_err pki_name_kind_from_name(struct cx_str name, enum pki_name_kind *ret_kind)
{
    size_t index = 0;
    CX_TRY(word_index(name, pki_name_kind_words, PKI_NAME_COUNT, &index));
    *ret_kind = (enum pki_name_kind)index;
    return CX_OK;
}
