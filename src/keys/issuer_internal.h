/* What issuer_dir.c lends to issuer_responder.c and to the ceremonies. */
#pragma once
#include "keys/issuer_dir.h"
#include "os/file.h"

cx_err issuer_new(struct cx_id issuer_id, struct issuer **ret_issuer);
/* Fills issuer->lint_signature: a signature of the issuer's algorithm and length, made once by a key that is then
 * forgotten, over a text that is no certificate. It stands in for the real one while a certificate is linted. */
cx_err issuer_lint_signature(enum crypto_key_type type, struct issuer *issuer);
/* Parses issuer->certificate_der and fills issuer->pki. */
cx_err issuer_view_certificate(struct issuer *issuer, struct cx_diag *diag);
cx_err issuer_dir_path(const struct issuer_dir *dir, struct cx_id issuer_id,
                       char ret_path[static OS_PATH_MAX]);
cx_err issuer_dir_read_file(const char *dir, const char *name, size_t max, struct arena *arena,
                            struct cx_bytes *ret_bytes);
cx_err issuer_dir_load_key(const struct issuer_dir *dir, const struct issuer_spec *spec,
                           const char *name, struct cx_diag *diag, struct backend_key **ret_key);
cx_err issuer_dir_make_key(const struct issuer_dir *dir, const struct issuer_spec *spec,
                           const char *name, struct cx_bytes pkcs8, struct cx_diag *diag,
                           struct backend_key **ret_key);
