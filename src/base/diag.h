/*
 * The diagnostic of one request: what a person needs to fix a refusal. Filled by the function that
 * refuses, read by the edge (problem document, CLI). The first refusal wins; later ones are kept out,
 * so that the cause nearest to the input is what the user sees. Text is copied into fixed fields and
 * cut with "..." when too long; it must hold no secret.
 */
#pragma once
#include "base/bytes.h"

enum { DIAG_FIELD_MAX = 128, DIAG_RULE_MAX = 64, DIAG_TEXT_MAX = 384 };

struct cx_diag {
    char field[DIAG_FIELD_MAX]; /* JSON pointer or option name; "" when none */
    char rule[DIAG_RULE_MAX];   /* identifier of the rule that refused; "" when none */
    char text[DIAG_TEXT_MAX];   /* one sentence, says what to do next; "" when unset */
};

#define CX_DIAG_INIT ((struct cx_diag){{0}, {0}, {0}})

/* Returns err so that a refusal is one statement. diag may be NULL. */
cx_err cx_refuse(struct cx_diag *diag, cx_err err, const char *field, const char *rule,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
