/* What the pki tests share: built-in profiles, an issuer with a key, a template that the server-tls
 * profile accepts. */
#pragma once
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "crypto/key.h"
#include "pki/certificate.h"

/* 2026-11-21T12:00:00Z */
#define FIXTURE_NOW (INT64_C(1795262400) * CX_US_PER_S)
#define FIXTURE_DAY CX_US_PER_DAY

struct fixture {
    struct arena arena;
    struct cx_diag diag;
    struct pki_profile profile;
    struct pki_issuer issuer;
    struct pki_template tmpl;
    struct crypto_key *issuer_key, *subject_key;
    uint8_t key_id[PKI_KEY_ID_LEN];
    uint8_t serial[PKI_SERIAL_LEN];
    struct cx_buf issuer_name;
    struct pki_attribute subject[4];
    struct pki_name names[4];
};

/* Reads profiles/<name>.yaml; fails the test when it cannot. */
void fixture_profile(struct arena *arena, const char *name, struct pki_profile *ret_profile);
/* Everything set so that pki_template_check passes at FIXTURE_NOW. Keys come from fixed seeds or
 * are generated. */
void fixture_init(struct fixture *f, const char *profile, enum pki_key_type issuer_key,
                  enum pki_key_type subject_key);
void fixture_clear(struct fixture *f);
/* Builds, signs and writes the certificate of f->tmpl. */
void fixture_issue(struct fixture *f, struct cx_buf *ret_der);
