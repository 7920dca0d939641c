/*
 * Pre-issuance lint: what RFC 5280 and the CA/B Forum TLS Baseline Requirements (2.2.6) demand of a
 * certificate, one rule a file in src/pki/lint/. docs/lint.md lists the rules.
 *
 * The keys process lints a certificate under a stand-in signature before it signs the real one,
 * `certinext lint` whatever it is given. Pure functions over a parsed certificate: no clock, no
 * allocation, no state, any thread. A rule does not trust the parser: what it reads from the DER it
 * checks again.
 *
 * Which rules run: the RFC rules always; the Baseline Requirements for public trust and, by choice
 * (baseline), for private trust. Each rule knows the kinds of certificate it is for.
 */
#pragma once
#include "base/diag.h"
#include "pki/certificate.h"

enum pki_lint_severity { PKI_LINT_NOTICE, PKI_LINT_WARN, PKI_LINT_ERROR };
enum pki_lint_source { PKI_LINT_RFC5280, PKI_LINT_BASELINE };

struct pki_lint_rule {
    const char *id; /* "rfc5280-serial-positive": also the name in a profile's lint_ignore */
    enum pki_lint_source source;
    enum pki_lint_severity severity;
    const char *citation; /* "RFC 5280 §4.1.2.2" */
    const char *title;    /* what must hold, one sentence */
};

struct pki_lint_context {
    enum pki_trust trust;
    enum pki_kind kind;
    bool baseline; /* private trust: apply the Baseline Requirements as well */
    const struct pki_certificate
        *issuer;                 /* NULL when not at hand: rules that compare are left out */
    const struct cx_str *ignore; /* ids not applied; has no effect for public trust */
    size_t ignore_count;
};

enum { PKI_LINT_FINDINGS_MAX = 64, PKI_LINT_FIELD_MAX = 48, PKI_LINT_TEXT_MAX = 160 };

struct pki_lint_finding {
    const struct pki_lint_rule *rule;
    char field[PKI_LINT_FIELD_MAX]; /* "subject", "extensions.subjectAltName" */
    char text[PKI_LINT_TEXT_MAX];   /* what was found; printable */
};

struct pki_lint_report {
    struct pki_lint_finding findings[PKI_LINT_FINDINGS_MAX];
    size_t count;                     /* findings kept */
    size_t errors, warnings, notices; /* findings made, kept or not */
};

void pki_lint(const struct pki_certificate *certificate, const struct pki_lint_context *context,
              struct pki_lint_report *ret_report);

/* CX_E_POLICY with the first error in diag when the report has one. */
cx_err pki_lint_verdict(const struct pki_lint_report *report, struct cx_diag *diag);

size_t pki_lint_rule_count(void);
const struct pki_lint_rule *pki_lint_rule_at(size_t index);
/* NULL when there is no such rule. */
const struct pki_lint_rule *pki_lint_rule_find(struct cx_str id);
const char *pki_lint_severity_name(enum pki_lint_severity severity); /* "notice", "warn", "error" */
