/*
 * What commands print: one JSON document with --json, else a table (a list's items) or "key: value" lines. Control
 * characters in values are shown as '?': what a server sends must not steer a terminal.
 */
#pragma once
#include "cli/cli.h"

#include "codec/json.h"

/* columns are members of each item of root's "items"; NULL: key and value lines. */
cx_err output_document(struct cli *cli, const json_t *root, const char *const *columns,
                       size_t column_count);
/* One scalar, list or object as a person reads it, cut at max octets. */
cx_err output_value(const json_t *value, size_t max, struct cx_buf *out);
