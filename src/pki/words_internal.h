/* The word lists behind the names of profile.h, for the profile reader. Index = value of the
 * enumeration. */
#pragma once
#include "pki/profile.h"

enum { PKI_KEY_USAGE_COUNT = 9, PKI_EKU_WORD_COUNT = 6 };

struct pki_eku_word {
    const char *word, *dotted;
};

extern const char *const pki_kind_words[PKI_KIND_COUNT];
extern const char *const pki_trust_words[2];
extern const char *const pki_key_type_words[PKI_KEY_COUNT];
extern const char *const pki_name_kind_words[PKI_NAME_COUNT];
extern const char *const pki_attribute_words[PKI_ATTR_COUNT];
extern const char *const pki_key_usage_words[PKI_KEY_USAGE_COUNT];
extern const struct pki_eku_word pki_eku_words[PKI_EKU_WORD_COUNT];
