/*
 * The type of an encrypted field. A sealed database column is written and read only through this type,
 * so plaintext cannot be bound to it: forgetting to encrypt does not compile. Only core/protect makes
 * one from plaintext and only core/protect opens one.
 */
#pragma once
#include "base/bytes.h"

struct cx_sealed {
    /* Always NULL. C lets an initialiser leave inner braces out, so that with envelope in this place
     * `.column = plaintext` would compile. */
    const struct cx_sealed_mark *mark;
    struct cx_bytes envelope; /* borrowed; format: docs/formats/sealed-field.md */
};
