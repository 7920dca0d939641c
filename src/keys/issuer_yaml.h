/* The description of an issuer as text: issuer.yaml. Strict both ways: what is written is read back alike. */
#pragma once
#include "keys/issuer_dir.h"

enum { ISSUER_YAML_MAX = 64 * 1024 };

cx_err issuer_yaml_write(const struct issuer_spec *spec, struct cx_buf *out);
/* Everything is allocated in arena. */
cx_err issuer_yaml_parse(struct arena *arena, struct cx_bytes text, struct cx_diag *diag,
                         struct issuer_spec *ret_spec);
/* Bounds of every field: what a ceremony asks for, and what a file says. */
cx_err issuer_spec_check(const struct issuer_spec *spec, struct cx_diag *diag);
