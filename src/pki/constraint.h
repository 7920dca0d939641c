/* Name constraints: reading, syntax, and whether a name lies inside them. RFC 5280 §4.2.1.10,
 * §6.1.4 (b), (g). */
#pragma once
#include "pki/certificate.h"

/* The nameConstraints of a CA certificate; none when absent. CX_E_POLICY for a kind of subtree that
 * is not supported. */
cx_err pki_constraints_read(struct arena *arena, const struct pki_certificate *certificate,
                            struct cx_diag *diag, const struct pki_constraint **ret_constraints,
                            size_t *ret_count);
/* Refuses a subtree whose base is not well formed. */
cx_err pki_constraint_check(const struct pki_constraint *constraint, const char *field,
                            struct cx_diag *diag);
/* Refuses a name that is excluded, or outside every permitted subtree of its kind. */
cx_err pki_constraints_allow(const struct pki_constraint *constraints, size_t count,
                             const struct pki_name *name, const char *field, struct cx_diag *diag);
