/*
 * Lint: any certificate that parses, and any bytes as a part of one, end in a report that adds up. The rules read
 * extensions themselves, so the input is also each extension, name and key of an otherwise empty certificate.
 */
#include "tests/fuzz/fuzz.h"
#include "pki/lint.h"
#include "pki/lint/oid.h"

static void lint(const struct pki_certificate *certificate)
{
    for (int kind = 0; kind < PKI_KIND_COUNT; kind++) {
        const struct pki_lint_context context = {
            .trust = PKI_TRUST_PUBLIC, .kind = (enum pki_kind)kind, .issuer = certificate};
        struct pki_lint_report report;
        pki_lint(certificate, &context, &report);
        size_t made = report.errors + report.warnings + report.notices;
        FUZZ_REQUIRE(report.count <= PKI_LINT_FINDINGS_MAX && report.count <= made);
        FUZZ_REQUIRE(report.count == made || report.count == PKI_LINT_FINDINGS_MAX);
        FUZZ_REQUIRE(cx_is_ok(pki_lint_verdict(&report, NULL)) == (report.errors == 0));
        for (size_t i = 0; i < report.count; i++)
            FUZZ_REQUIRE(report.findings[i].field[0] && report.findings[i].text[0]);
    }
}

static void lint_parts(struct cx_bytes input)
{
    const struct cx_bytes oids[] = {LINT_OID_SKI,
                                    LINT_OID_KEY_USAGE,
                                    LINT_OID_SAN,
                                    LINT_OID_BASIC_CONSTRAINTS,
                                    LINT_OID_NAME_CONSTRAINTS,
                                    LINT_OID_CRL_POINTS,
                                    LINT_OID_POLICIES,
                                    LINT_OID_AKI,
                                    LINT_OID_POLICY_CONSTRAINTS,
                                    LINT_OID_EXT_KEY_USAGE,
                                    LINT_OID_INFO_ACCESS,
                                    LINT_OID_TLS_FEATURE,
                                    LINT_OID_OCSP_NOCHECK,
                                    input};
    struct pki_certificate certificate = {.der = input,
                                          .tbs = input,
                                          .version = 3,
                                          .serial = input,
                                          .signature_algorithm = input,
                                          .tbs_signature_algorithm = input,
                                          .issuer = input,
                                          .subject = input,
                                          .spki = input};
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++)
        certificate.extensions[certificate.extension_count++] =
            (struct pki_extension){oids[i], i % 2, input};
    lint(&certificate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pki_certificate certificate;
    struct cx_bytes input = CX_BYTES(data, size);
    if (cx_is_ok(pki_certificate_parse(input, NULL, &certificate)))
        lint(&certificate);
    lint_parts(input);
    return 0;
}
