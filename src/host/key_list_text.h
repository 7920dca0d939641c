/*
 * What an operator writes down as compromised keys: a line a key, the SHA-256 of its SubjectPublicKeyInfo as 64 hexadecimal
 * digits, then, after a space, whatever tells people why. Empty lines and lines that start with '#' say nothing. Strict: a line
 * that is anything else refuses the whole text, since a key that is dropped silently would be certified.
 */
#pragma once
#include "base/diag.h"

enum { KEY_LIST_LINE_MAX = 1024 };

/* Appends the list as crypto/key_list.h describes it: sorted, each key once. CX_E_PARSE (rule "key-list-line") names
 * the line and what is wrong with it. */
cx_err key_list_compile(struct cx_bytes text, struct cx_diag *diag, struct cx_buf *out);
