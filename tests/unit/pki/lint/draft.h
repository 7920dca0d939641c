/*
 * Certificates for the lint tests, right and wrong, written from text. A draft holds the DER of each field; edits
 * replace fields before it is put together. Lint is also shown what the strict parser refuses, so the parsed
 * structure is filled from the draft's own fields.
 *
 * The text: NAME{…} is a value with that tag (SEQ SET INT BITS OCT NULL BOOL UTF8 PRT T61 IA5 UTC GEN BMP, Cn
 * constructed context tag n, Pn primitive context tag n), '…' its text, `…` its hexadecimal octets, 1.2.3 an OID.
 */
#pragma once
#include "tests/lib/test.h"
#include "pki/lint.h"

enum field {
    NO_EDIT,
    VERSION, /* text: one digit */
    SERIAL,  /* content octets */
    ALGORITHM_TBS,
    ALGORITHM_OUTER,
    ISSUER,
    NOT_BEFORE,
    NOT_AFTER,
    SUBJECT,
    SPKI,
    UNIQUE_ID, /* between the key and the extensions */
    EXT,       /* replaces or adds; value text starts with '!' when critical */
    REPEAT,    /* adds whether or not it is there */
    DROP,
    FIELD_COUNT
};

struct edit {
    enum field field;
    const char *text;  /* the value; for extensions its OID */
    const char *value; /* extensions only */
};

enum { DRAFT_TEXT_MAX = 4096, DRAFT_EXTS_MAX = 20 };

struct draft {
    int version;
    cx_time not_before_us, not_after_us;
    struct cx_bytes fields[FIELD_COUNT];
    struct pki_extension extensions[DRAFT_EXTS_MAX];
    size_t extension_count;
    struct arena arena;
};

/* DER of the text; fails the test when it is no such text. */
struct cx_bytes draft_der(struct arena *arena, const char *text);

/* The base of that kind: a certificate that no rule minds. */
void draft_init(struct draft *draft, enum pki_kind kind);
void draft_edit(struct draft *draft, const struct edit *edit);
void draft_finish(struct draft *draft, struct pki_certificate *ret_certificate);
void draft_clear(struct draft *draft);

#define KEY_EC                                                                                     \
    "SEQ{SEQ{1.2.840.10045.2.1 1.2.840.10045.3.1.7}BITS{`0004`"                                    \
    "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}}"

/* The kinds that the cases use. */
enum {
    TLS = PKI_KIND_SERVER_TLS,
    CLIENT = PKI_KIND_CLIENT_TLS, /* without a profile in the Baseline Requirements */
    MUTUAL = PKI_KIND_MUTUAL_TLS,
    CA = PKI_KIND_SUB_CA,
    ROOT = PKI_KIND_ROOT_CA,
    OCSP = PKI_KIND_OCSP_SIGNER
};

/* One case: a base of that kind, edited, is found by exactly these rules (in any order, separated by spaces). */
enum { EDITS_MAX = 4 };
struct lint_case {
    const char *rules;
    int kind; /* one of these */
    struct edit edits[EDITS_MAX];
    bool without_baseline; /* the rule steps back where the Baseline Requirements apply */
    bool only_baseline;    /* without them another rule says it */
};

/* More cases for the Baseline Requirements: profile_cases.c. */
extern const struct lint_case PROFILE_CASES[];
extern const size_t PROFILE_CASE_COUNT;

/* Runs the cases for public trust and, where the RFC rules remain alone, for private trust. */
void check_cases(const struct lint_case *cases, size_t count);
/* Every rule of that source is expected by one of the cases at least. */
void check_coverage(const struct lint_case *cases, size_t count, enum pki_lint_source source);
