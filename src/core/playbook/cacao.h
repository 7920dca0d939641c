/*
 * Playbooks as CACAO documents (OASIS Security Playbooks Version 2.0, Committee Specification 01, 27 November 2023).
 *
 * Written: one manual command a step, the steps in their order between start and end, one group agent a role. What CACAO has no
 * property for (kind, time, evidence, condition) stands in an extension of ours, at the playbook and at each step, so that
 * writing and reading again gives the same playbook.
 *
 * Read strictly: a chain of action steps with manual commands. Whatever would be lost or done otherwise than the document says
 * (branches, loops, other commands, variables, targets, delays, signatures, markings, other extensions) is refused with its
 * pointer. Of the metadata only name and description are kept; identifiers, creator, times and vocabularies of the
 * document are checked for their form and belong to it alone. Pure.
 */
#pragma once
#include "base/clock.h"
#include "base/id.h"
#include "core/playbook/playbook.h"

enum { CACAO_MAX = 512 * 1024 };

struct cacao_origin {
    struct cx_id
        tenant_id;       /* goes into the identifiers: the same playbook elsewhere is another one */
    cx_time created_us;  /* of the first version */
    cx_time modified_us; /* of this one */
};
cx_err cacao_write(const struct playbook *playbook, const struct cacao_origin *origin,
                   struct cx_buf *out);

/* What a document without our extension does not say. */
struct cacao_defaults {
    struct cx_str name;            /* of the playbook; empty: the document says it */
    struct playbook_scope applies; /* types 0: the document says it */
    bool has_role;
    enum incident_role role; /* of steps whose agent has no name of a role */
};
/* CX_E_PARSE, CX_E_LIMIT. */
cx_err cacao_read(struct arena *arena, struct cx_bytes text, const struct cacao_defaults *defaults,
                  struct cx_diag *diag, struct playbook *ret_playbook);

/* The extension definition that both sides mean. */
extern const char cacao_extension_id[];
