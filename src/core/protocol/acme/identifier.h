/* Identifiers: dns (RFC 8555 §7.1.4), ip (RFC 8738); and whether this account may have a certificate for them. */
#pragma once
#include "codec/json_write.h"
#include "core/issuance/issuer.h"
#include "core/protocol/acme/acme.h"

/* {"type":…,"value":…} of a name in normal form. */
cx_err acme_identifier_write(struct json_writer *json, const char *key, const struct pki_name *name,
                             struct arena *arena);
/* The member "identifiers": each well formed and there once. Refusals name all that are wrong (subproblems). */
cx_err acme_identifiers_read(struct acme_call *call, const struct json_node *payload,
                             const struct pki_name **ret_names, size_t *ret_count);
/* The member "identifier" of a pre-authorization. */
cx_err acme_identifier_read(struct acme_call *call, const struct json_node *payload,
                            struct pki_name *ret_name);
/* The rules of the profile, the issuer's name constraints and the account's scope. */
cx_err acme_identifiers_allowed(struct acme_call *call, const struct pki_profile *profile,
                                const struct issuer_entry *issuer, const struct pki_name *names,
                                size_t count);
/* The name lies within the domains of the scope; true when they are any. */
bool acme_scope_has(const struct acme_scope *scope, const struct pki_name *name);
/* "a b c": names in audit details. At most 4 KiB; what goes beyond is cut with "...". */
cx_err acme_join(struct arena *arena, const struct cx_str *texts, size_t count,
                 struct cx_str *ret_text);
