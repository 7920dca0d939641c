/*
 * YAML reading into the same tree as JSON, so that codec/json.h's typed readers serve both. The
 * subset is what a person writes by hand into a configuration file or profile: mappings, sequences
 * and scalars of one document. Refused: anchors, aliases, tags, merge keys, directives, duplicate
 * keys, keys that are not text, depth over 16, a second document.
 *
 * Plain scalars: true and false are booleans, integers without leading zeros are integers (64
 * bits), null, ~ and nothing are null; everything else, and whatever is quoted, is text. "yes",
 * "on", "1.5" are text. Refusals name the line and column. CX_E_LIMIT above max bytes, CX_E_PARSE
 * otherwise.
 */
#pragma once
#include "codec/json.h"

/* The root is a mapping or a sequence; release with json_decref. */
cx_err yaml_parse(struct cx_bytes text, size_t max, struct cx_diag *diag, json_t **ret_root);
