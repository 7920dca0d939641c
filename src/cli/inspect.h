/*
 * certinext inspect: what is in a certificate, request, CRL, OCSP response or key, PEM or DER, told from the content.
 * Every part is read strictly; a part that is malformed is an error that says where. Private keys are described, never
 * printed.
 */
#pragma once
#include "cli/cli.h"
#include "codec/der.h"
#include "codec/json.h"

cx_err inspect_run(struct cli *cli, const struct cli_command *command);

/* One object from its DER; label is the PEM label or "" to tell from the content. *ret_object: json_decref. */
cx_err inspect_object(struct cli *cli, struct cx_str label, struct cx_bytes der,
                      json_t **ret_object);

/* Kinds of object: each CX_E_PARSE when der is not one. */
cx_err inspect_certificate(struct cli *cli, struct cx_bytes der, json_t *object);
cx_err inspect_csr(struct cli *cli, struct cx_bytes der, json_t *object);
cx_err inspect_crl(struct cli *cli, struct cx_bytes der, json_t *object);
cx_err inspect_ocsp(struct cli *cli, struct cx_bytes der, json_t *object);
cx_err inspect_key(struct cli *cli, struct cx_bytes der, json_t *object);
cx_err inspect_crl_next_update(struct cx_bytes der, cx_time *ret_next_us);

/* Parts. */
cx_err inspect_set(json_t *object, const char *key,
                   json_t *value); /* takes value; NULL is CX_E_NOMEM */
cx_err inspect_text(json_t *object, const char *key, struct cx_str text);
cx_err inspect_hex(json_t *object, const char *key, struct cx_bytes bytes);
cx_err inspect_time(json_t *object, const char *key, cx_time at_us);
cx_err inspect_oid(json_t *object, const char *key, struct cx_bytes oid);
/* The name that people know it by; nothing when it has none. */
cx_err inspect_oid_name(json_t *object, const char *key, struct cx_bytes oid);
cx_err inspect_sha256(json_t *object, const char *key, struct cx_bytes bytes);
/* RFC 4514 order and look: "CN=a, O=b". */
cx_err inspect_name(struct cli *cli, json_t *object, const char *key, struct cx_bytes name);
cx_err inspect_public_key(json_t *object, struct cx_bytes spki);
cx_err inspect_signature_algorithm(json_t *object, struct cx_bytes identifier);
/* "names" from the content of a subjectAltName. */
cx_err inspect_alt_names(struct cli *cli, json_t *object, struct cx_bytes der);
