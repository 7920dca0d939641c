/* Playbooks as the API shows them. Everything is in the request's arena. */
#pragma once
#include "api_types.h" /* generated */
#include "core/api/api.h"
#include "core/playbook/playbook.h"
#include "core/playbook/playbook_store.h"

/* A version read and parsed, outside a closure. version 0: the newest. Refuses one that is not there (field name or
 * version) by playbook-unknown. */
struct playbook_read {
    struct playbook_row row;
    struct playbook playbook;
    bool in_force;
    cx_time first_us; /* when its first version came */
};
cx_err playbook_read(struct api_request *request, struct cx_str name, int64_t version,
                     struct playbook_read *ret_read);
cx_err playbook_view(struct api_request *request, const struct playbook_read *read,
                     struct api_playbook_view *ret_view);
cx_err playbook_summary(struct api_request *request, const struct playbook_row *row, bool in_force,
                        struct api_playbook_summary *ret_summary);
