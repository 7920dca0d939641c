/*
 * Golden bytes: for each built-in profile one certificate, and one CRL and one OCSP response, from fixed keys (Ed25519
 * signs deterministically), fixed names and a fixed time. A difference is a change of format that somebody must want:
 * tools/gen-golden writes the files anew.
 */
#include "tests/unit/pki/fixture.h"

#include <stdio.h>

#include "pki/crl.h"
#include "pki/ocsp.h"
#include "tests/lib/hex.h"

enum { GOLDEN_MAX = 32768 };

static const char *write_folder; /* set by --write */

/* RFC 6979 A.2.5: a subject key for profiles that do not take Ed25519. */
static const char p256_spki[] =
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d"
    "68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177"
    "a3c294d4462299";

static const char *const profiles[] = {
    "server-tls", "server-tls-auto", "server-tls-public", "client-tls", "mutual-tls",
    "smime",      "code-signing",    "ocsp-signer",       "sub-ca",     "root-ca"};

static void to_hex(struct cx_bytes der, char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < der.len; i++) {
        text[at++] = digits[der.ptr[i] >> 4];
        text[at++] = digits[der.ptr[i] & 15];
        if (i % 32 == 31 || i + 1 == der.len)
            text[at++] = '\n';
    }
    text[at] = 0;
}

static void compare(const char *name, struct cx_bytes der)
{
    char path[512];
    static char text[GOLDEN_MAX];
    static char want[GOLDEN_MAX];
    assert_true(der.len * 2 + der.len / 32 + 2 < GOLDEN_MAX);
    to_hex(der, text);
    snprintf(path, sizeof(path), "%s/%s.hex", write_folder ? write_folder : GOLDEN_DIR, name);
    FILE *file = fopen(path, write_folder ? "w" : "r");
    if (!file)
        fail_msg("%s: missing", path);
    if (write_folder) {
        fputs(text, file);
    } else {
        want[fread(want, 1, sizeof(want) - 1, file)] = 0;
        if (strcmp(text, want) != 0)
            fail_msg(
                "%s: the bytes differ from tests/golden; if that is wanted, run tools/gen-golden",
                name);
    }
    fclose(file);
}

static void init(struct fixture *f, const char *profile)
{
    struct test_hex store;
    fixture_init(f, profile, PKI_KEY_ED25519, PKI_KEY_ED25519);
    if (f->profile.kind == PKI_KIND_ROOT_CA || f->profile.key_types & 1u << PKI_KEY_ED25519)
        return;
    assert_ok(arena_copy(&f->arena, test_hex(p256_spki, &store), &f->tmpl.spki));
}

static void test_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        struct fixture f;
        init(&f, profiles[i]);
        assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
        CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
        fixture_issue(&f, &der);
        compare(profiles[i], cx_buf_view(&der));
        fixture_clear(&f);
    }
}

static void sign_and_close(struct fixture *f, struct cx_bytes tbs, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    assert_ok(crypto_sign(f->issuer_key, CRYPTO_SIGNATURE_ED25519, tbs, &signature));
    assert_ok(pki_certificate_write(tbs, PKI_KEY_ED25519, cx_buf_view(&signature), out));
}

static void test_crl(void **state)
{
    (void)state;
    static const struct pki_revoked entries[] = {
        {{0x40, 0x07, 1}, 3, PKI_REASON_KEY_COMPROMISE, FIXTURE_NOW - FIXTURE_DAY},
        {{0x40, 0x07, 2}, 3, PKI_REASON_UNSPECIFIED, FIXTURE_NOW},
    };
    struct fixture f;
    init(&f, "server-tls");
    const struct pki_crl crl = {&f.issuer, 7, 42, FIXTURE_NOW, FIXTURE_NOW + FIXTURE_DAY,
                                entries,   2};
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(GOLDEN_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(GOLDEN_MAX);
    assert_ok(pki_crl_tbs_write(&crl, &f.diag, &tbs));
    sign_and_close(&f, cx_buf_view(&tbs), &der);
    compare("crl", cx_buf_view(&der));
    fixture_clear(&f);
}

static void test_ocsp(void **state)
{
    (void)state;
    struct fixture f;
    struct pki_ocsp_issuer hashes;
    init(&f, "server-tls");
    assert_ok(pki_ocsp_issuer_hash(&f.issuer, PKI_OCSP_SHA256, &hashes));
    const struct pki_ocsp_id id = {PKI_OCSP_SHA256, CX_BYTES(hashes.name_hash, hashes.len),
                                   CX_BYTES(hashes.key_hash, hashes.len), f.tmpl.serial};
    const struct pki_ocsp_single singles[] = {
        {id, PKI_OCSP_GOOD, 0, 0, FIXTURE_NOW, FIXTURE_NOW + FIXTURE_DAY},
        {id, PKI_OCSP_REVOKED, FIXTURE_NOW, 4, FIXTURE_NOW, FIXTURE_NOW + FIXTURE_DAY},
        {id, PKI_OCSP_UNKNOWN, 0, 0, FIXTURE_NOW, FIXTURE_NOW + FIXTURE_DAY},
    };
    const struct pki_ocsp_response response = {f.issuer.spki, FIXTURE_NOW, singles, 3,
                                               CX_BYTES("0123456789abcdef", 16)};
    CX_CLEANUP(cx_buf_clear) struct cx_buf data = CX_BUF_INIT(GOLDEN_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(GOLDEN_MAX);
    assert_ok(pki_ocsp_data_write(&response, &data));
    assert_ok(crypto_sign(f.issuer_key, CRYPTO_SIGNATURE_ED25519, cx_buf_view(&data), &signature));
    assert_ok(pki_ocsp_response_write(cx_buf_view(&data), PKI_KEY_ED25519, cx_buf_view(&signature),
                                      CX_BYTES_NONE, &out));
    compare("ocsp", cx_buf_view(&out));
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_certificates),
                                       cmocka_unit_test(test_crl), cmocka_unit_test(test_ocsp)};
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        write_folder = argv[2];
    return cmocka_run_group_tests_name("pki/golden", tests, NULL, NULL);
}
