/* Shared by name.c and name_text.c. */
#pragma once
#include "pki/name.h"

struct pki_name_place {
    const char *field;
    struct cx_diag *diag;
};

cx_err pki_refuse_name(const struct pki_name_place *place, const char *rule, const char *text);
cx_err pki_dns_check(const struct pki_name_place *place, struct cx_str dns, bool allow_wildcard);
cx_err pki_email_check(const struct pki_name_place *place, struct cx_str email);
cx_err pki_uri_check(const struct pki_name_place *place, struct cx_str uri);
/* Scheme and authority in lower case, the rest as it is. */
cx_err pki_uri_normalise(struct arena *arena, struct cx_str uri, struct cx_bytes *ret_uri);
