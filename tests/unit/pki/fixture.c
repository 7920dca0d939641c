#include "tests/unit/pki/fixture.h"

#include <stdio.h>

#include "pki/subject.h"

void fixture_profile(struct arena *arena, const char *name, struct pki_profile *ret_profile)
{
    char path[512];
    char text[16384];
    struct cx_diag diag = CX_DIAG_INIT;
    snprintf(path, sizeof(path), "%s/%s.yaml", PROFILES_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    cx_err err = pki_profile_parse(arena, CX_BYTES(text, len), &diag, ret_profile);
    if (cx_failed(err))
        fail_msg("%s: %s: %s %s: %s", name, cx_err_name(err), diag.field, diag.rule, diag.text);
}

/* Ed25519 keys are fixed, so that what they sign is the same in every run. */
static void make_key(enum pki_key_type type, uint8_t seed, struct crypto_key **ret_key)
{
    uint8_t bytes[CRYPTO_ED25519_SEED_LEN];
    memset(bytes, seed, sizeof(bytes));
    if (type == PKI_KEY_ED25519)
        assert_ok(crypto_key_from_seed(CX_BYTES(bytes, sizeof(bytes)), ret_key));
    else
        assert_ok(crypto_key_generate((enum crypto_key_type)type, ret_key));
}

static void set_issuer(struct fixture *f, enum pki_key_type type)
{
    static const struct pki_attribute name[] = {
        {PKI_ATTR_COUNTRY, {"CH", 2}},
        {PKI_ATTR_COMMON_NAME, {"Test Issuing CA", 15}},
    };
    f->issuer_name = CX_BUF_INIT(1024);
    assert_ok(pki_subject_write(name, 2, &f->issuer_name));
    assert_ok(pki_key_id(crypto_key_spki(f->issuer_key), f->key_id));
    f->issuer = (struct pki_issuer){.subject_der = cx_buf_view(&f->issuer_name),
                                    .key_id = CX_BYTES(f->key_id, sizeof(f->key_id)),
                                    .spki = crypto_key_spki(f->issuer_key),
                                    .key_type = type,
                                    .status_url = CX_STR("http://pki.example.org"),
                                    .issuer_ref = CX_STR("iss_0123456789abcdefghjkmnpqrs"),
                                    .shard_count = 256,
                                    .not_after_us = FIXTURE_NOW + 8000 * FIXTURE_DAY};
}

static void set_names(struct fixture *f)
{
    const struct pki_name all[] = {
        {PKI_NAME_DNS, CX_BYTES("www.example.org", 15)},
        {PKI_NAME_IP, CX_BYTES("\xc0\x00\x02\x01", 4)},
        {PKI_NAME_EMAIL, CX_BYTES("user@example.org", 16)},
        {PKI_NAME_URI, CX_BYTES("spiffe://example.org/web", 24)},
    };
    for (size_t i = 0; i < PKI_NAME_COUNT; i++)
        if (f->profile.name_kinds & 1u << i && f->tmpl.name_count < f->profile.names_max)
            f->names[f->tmpl.name_count++] = all[i];
}

void fixture_init(struct fixture *f, const char *profile, enum pki_key_type issuer_key,
                  enum pki_key_type subject_key)
{
    static const uint8_t random[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    memset(f, 0, sizeof(*f));
    f->arena = ARENA_INIT(1 << 20);
    fixture_profile(&f->arena, profile, &f->profile);
    bool root = f->profile.kind == PKI_KIND_ROOT_CA;
    make_key(issuer_key, 0x11, &f->issuer_key);
    if (!root)
        make_key(subject_key, 0x22, &f->subject_key);
    set_issuer(f, issuer_key);
    pki_serial_make(7, random, f->serial);
    f->subject[0] = (struct pki_attribute){PKI_ATTR_COMMON_NAME, CX_STR("www.example.org")};
    f->tmpl = (struct pki_template){.profile = &f->profile,
                                    .serial = CX_BYTES(f->serial, sizeof(f->serial)),
                                    .not_before_us = FIXTURE_NOW - 60 * CX_US_PER_S,
                                    .not_after_us = FIXTURE_NOW + 30 * FIXTURE_DAY,
                                    .subject = f->subject,
                                    .subject_count = 1,
                                    .names = f->names,
                                    .spki = crypto_key_spki(root ? f->issuer_key : f->subject_key)};
    set_names(f);
}

void fixture_clear(struct fixture *f)
{
    crypto_key_free(f->issuer_key);
    crypto_key_free(f->subject_key);
    cx_buf_clear(&f->issuer_name);
    arena_clear(&f->arena);
}

void fixture_issue(struct fixture *f, struct cx_buf *ret_der)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    assert_ok(pki_tbs_write(&f->tmpl, &f->issuer, &tbs));
    assert_ok(crypto_sign(f->issuer_key,
                          crypto_key_signature((enum crypto_key_type)f->issuer.key_type),
                          cx_buf_view(&tbs), &signature));
    assert_ok(pki_certificate_write(cx_buf_view(&tbs), f->issuer.key_type, cx_buf_view(&signature),
                                    ret_der));
}
