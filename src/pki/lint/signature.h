/* Signature algorithms as the rules class them. */
#pragma once
#include "base/bytes.h"

enum lint_signature_kind {
    LINT_SIGNATURE_ALLOWED,  /* by TLS BR §7.1.3.2, byte for byte */
    LINT_SIGNATURE_OTHER,    /* another algorithm, or another encoding of an allowed one */
    LINT_SIGNATURE_MALFORMED /* not an AlgorithmIdentifier, or with parameters its RFC forbids */
};

/* algorithm: AlgorithmIdentifier DER. */
enum lint_signature_kind lint_signature_kind(struct cx_bytes algorithm);
