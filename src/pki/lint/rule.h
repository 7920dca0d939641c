/*
 * What a rule file includes. A rule is a constant struct lint_rule whose name is
 * lint_<source>_<rule>, as its file's; src/pki/lint/rules.c lists it. check reports by lint_found
 * and may do so more than once.
 */
#pragma once
#include "pki/lint.h"
#include "pki/lint/view.h"

#define LINT_KIND(name) (UINT32_C(1) << PKI_KIND_##name)
#define LINT_ANY ((UINT32_C(1) << PKI_KIND_COUNT) - 1)
#define LINT_CA (LINT_KIND(SUB_CA) | LINT_KIND(ROOT_CA))
#define LINT_LEAF (LINT_ANY & ~LINT_CA)
#define LINT_TLS (LINT_KIND(SERVER_TLS) | LINT_KIND(MUTUAL_TLS)) /* BR: subscriber certificates */
#define LINT_PROFILED (LINT_TLS | LINT_CA | LINT_KIND(OCSP_SIGNER)) /* those that BR §7.1.2 lists */

struct lint_out;

struct lint_rule {
    struct pki_lint_rule about;
    uint32_t kinds; /* bit set of 1 << enum pki_kind */
    void (*check)(const struct lint_view *view, struct lint_out *out);
};

void lint_found(struct lint_out *out, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For messages: bytes as printable ASCII, cut to fit. */
enum { LINT_SHOW_MAX = 72 };
struct lint_shown {
    char text[LINT_SHOW_MAX];
};
struct lint_shown lint_show(struct cx_bytes bytes);
