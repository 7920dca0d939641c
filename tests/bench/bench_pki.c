/*
 * What issuing costs without I/O, one core. Each line is one JSON object {name, value, unit, limit, ratio, conditions}: the
 * limit is what the same machine does for the bare cryptographic operation, measured in the same run.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/csr.h"
#include "pki/subject.h"

#include <stdio.h>

enum { RUN_US = 400000, CRL_ENTRIES = 100000 };

struct bench {
    struct pki_profile profile;
    struct pki_issuer issuer;
    struct pki_template tmpl;
    struct crypto_key *ca, *subject;
    uint8_t key_id[PKI_KEY_ID_LEN], serial[PKI_SERIAL_LEN];
    struct cx_buf name, tbs, out, der, csr, signature;
    struct cx_bytes csr_message, csr_signature;
    struct pki_revoked *revoked;
    struct cx_buf crl;
};

static const struct pki_attribute subject[] = {{PKI_ATTR_COMMON_NAME, {"www.example.org", 15}}};
static const struct pki_name names[] = {{PKI_NAME_DNS, {(const uint8_t *)"www.example.org", 15}},
                                        {PKI_NAME_DNS, {(const uint8_t *)"example.org", 11}}};
static const struct cx_str usages[] = {{"1.3.6.1.5.5.7.3.1", 17}};

static cx_err sign(struct bench *b)
{
    cx_buf_reset(&b->signature);
    return crypto_sign(b->ca, CRYPTO_SIGNATURE_ECDSA_SHA256, cx_buf_view(&b->tbs), &b->signature);
}

static cx_err verify(struct bench *b)
{
    return crypto_verify_p256(b->tmpl.spki.ptr + 26, b->csr_message, b->csr_signature);
}

static cx_err build(struct bench *b)
{
    cx_buf_reset(&b->tbs);
    return pki_tbs_write(&b->tmpl, &b->issuer, &b->tbs);
}

static cx_err check(struct bench *b)
{
    return pki_template_check(&b->tmpl, &b->issuer, b->tmpl.not_before_us, NULL);
}

static cx_err read_csr(struct bench *b)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct pki_csr csr;
    cx_err err = pki_csr_parse(&arena, cx_buf_view(&b->csr), NULL, &csr);
    arena_clear(&arena);
    return err;
}

/* The keys process's work without journal, and core's comparison of the answer. */
static cx_err issue(struct bench *b)
{
    struct pki_certificate certificate;
    CX_TRY(check(b));
    CX_TRY(build(b));
    CX_TRY(sign(b));
    cx_buf_reset(&b->out);
    CX_TRY(pki_certificate_write(cx_buf_view(&b->tbs), PKI_KEY_P256, cx_buf_view(&b->signature),
                                 &b->out));
    CX_TRY(pki_certificate_parse(cx_buf_view(&b->out), NULL, &certificate));
    return pki_certificate_matches(&certificate, &b->tmpl, &b->issuer, NULL);
}

static cx_err request_to_certificate(struct bench *b)
{
    CX_TRY(read_csr(b));
    return issue(b);
}

static cx_err open_field(struct bench *b)
{
    static const uint8_t key[CRYPTO_GCM_KEY_LEN] = {1};
    static const uint8_t text[256 + CRYPTO_GCM_TAG_LEN];
    cx_buf_reset(&b->out);
    return crypto_gcm_seal(CX_BYTES(key, sizeof(key)), CX_BYTES(text, CRYPTO_GCM_NONCE_LEN),
                           CX_BYTES(text, 64), CX_BYTES(text, 256), &b->out);
}

static cx_err write_crl(struct bench *b)
{
    const struct pki_crl crl = {&b->issuer,           0,          1,          b->tmpl.not_before_us,
                                b->tmpl.not_after_us, b->revoked, CRL_ENTRIES};
    cx_buf_reset(&b->crl);
    return pki_crl_tbs_write(&crl, NULL, &b->crl);
}

/* CPU time of this thread: what others do on the machine does not count. */
static int64_t cpu_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

/* Operations a second of CPU, or 0 after a failure. */
static double rate(struct bench *b, cx_err (*run)(struct bench *b))
{
    int64_t start = cpu_us();
    int64_t spent = 0;
    int64_t count = 0;
    for (; spent < RUN_US; spent = cpu_us() - start, count++)
        if (cx_failed(run(b)))
            return 0;
    return (double)count * 1e6 / (double)spent;
}

static bool report(const char *name, double value, double limit, const char *conditions)
{
    printf("{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"1/cpu_"
           "s\",\"limit\":%.0f,\"ratio\":%.3f,\"conditions\":\"%s\"}\n",
           name, value, limit, limit > 0 ? value / limit : 0, conditions);
    return value > 0;
}

static cx_err set_up(struct bench *b)
{
    static const uint8_t random[16] = {1};
    CX_TRY(crypto_key_generate(CRYPTO_KEY_P256, &b->ca));
    CX_TRY(crypto_key_generate(CRYPTO_KEY_P256, &b->subject));
    CX_TRY(pki_subject_write(subject, 1, &b->name));
    CX_TRY(pki_key_id(crypto_key_spki(b->ca), b->key_id));
    pki_serial_make(0, random, b->serial);
    b->profile = (struct pki_profile){.kind = PKI_KIND_SERVER_TLS,
                                      .key_types = 1u << PKI_KEY_P256,
                                      .name_kinds = 1u << PKI_NAME_DNS,
                                      .names_max = 10,
                                      .attributes = 1,
                                      .validity_max_s = 400 * 86400,
                                      .key_usage = 1,
                                      .path_len = -1,
                                      .ext_key_usage = usages,
                                      .ext_key_usage_count = 1};
    b->issuer = (struct pki_issuer){.subject_der = cx_buf_view(&b->name),
                                    .key_id = CX_BYTES(b->key_id, PKI_KEY_ID_LEN),
                                    .spki = crypto_key_spki(b->ca),
                                    .key_type = PKI_KEY_P256,
                                    .shard_count = 16,
                                    .status_url = CX_STR("http://pki.example.org"),
                                    .issuer_ref = CX_STR("iss_bench"),
                                    .not_after_us = 900 * CX_US_PER_DAY};
    b->tmpl = (struct pki_template){.profile = &b->profile,
                                    .serial = CX_BYTES(b->serial, PKI_SERIAL_LEN),
                                    .not_before_us = 300 * CX_US_PER_DAY,
                                    .not_after_us = 390 * CX_US_PER_DAY,
                                    .subject = subject,
                                    .subject_count = 1,
                                    .names = names,
                                    .name_count = 2,
                                    .spki = crypto_key_spki(b->subject)};
    CX_TRY(build(b));
    CX_TRY(pki_csr_info_write(subject, 1, names, 2, b->tmpl.spki, &b->der));
    CX_TRY(crypto_sign(b->subject, CRYPTO_SIGNATURE_ECDSA_SHA256, cx_buf_view(&b->der),
                       &b->signature));
    CX_TRY(pki_certificate_write(cx_buf_view(&b->der), PKI_KEY_P256, cx_buf_view(&b->signature),
                                 &b->csr));
    b->csr_message = cx_buf_view(&b->der);
    b->revoked = calloc(CRL_ENTRIES, sizeof(*b->revoked));
    if (!b->revoked)
        return CX_ERR(NOMEM);
    for (size_t i = 0; i < CRL_ENTRIES; i++) {
        b->revoked[i] = (struct pki_revoked){
            .serial_len = PKI_SERIAL_LEN, .reason = 4, .revoked_us = CX_US_PER_DAY};
        memcpy(b->revoked[i].serial, b->serial, PKI_SERIAL_LEN);
    }
    return CX_OK;
}

int main(void)
{
    struct bench b = {.name = CX_BUF_INIT(1024),
                      .tbs = CX_BUF_INIT(8192),
                      .out = CX_BUF_INIT(8192),
                      .der = CX_BUF_INIT(8192),
                      .csr = CX_BUF_INIT(8192),
                      .signature = CX_BUF_INIT(512),
                      .crl = CX_BUF_INIT(16 << 20)};
    uint8_t csr_signature[CRYPTO_SIGNATURE_MAX];
    if (cx_failed(set_up(&b)))
        return 1;
    memcpy(csr_signature, b.signature.ptr, b.signature.len);
    b.csr_signature = CX_BYTES(csr_signature, b.signature.len);
    double bare_sign = rate(&b, sign);
    double bare_verify = rate(&b, verify);
    double both = bare_sign > 0 && bare_verify > 0 ? 1 / (1 / bare_sign + 1 / bare_verify) : 0;
    bool ok = report("pki_sign", bare_sign, bare_sign, "ECDSA P-256, one core");
    ok &= report("pki_verify", bare_verify, bare_verify, "ECDSA P-256 from a raw point, one core");
    ok &= report("pki_tbs_build", rate(&b, build), bare_sign, "server TLS, 2 names; limit: sign");
    ok &= report("pki_template_check", rate(&b, check), bare_sign,
                 "server TLS, 2 names; limit: sign");
    ok &=
        report("pki_csr", rate(&b, read_csr), bare_verify, "parse and verify P-256; limit: verify");
    ok &= report("pki_issue", rate(&b, issue), bare_sign,
                 "check, build, sign, parse, compare; no I/O; limit: sign");
    ok &= report("pki_csr_to_certificate", rate(&b, request_to_certificate), both,
                 "no I/O; limit: verify + sign");
    ok &= report("crypto_seal_256", rate(&b, open_field), 500000,
                 "AES-256-GCM, 256 octets; limit: target");
    ok &= report("pki_crl_entries", rate(&b, write_crl) * CRL_ENTRIES, 0,
                 "100,000 entries a CRL, unsigned");
    return ok ? 0 : 1;
}
