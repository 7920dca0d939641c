/* From request rows to what the contract shows, and from the contract's names and subject to typed ones. */
#pragma once
#include "api_types.h"
#include "core/issuance/body.h"
#include "core/issuance/request_store.h"

struct api_request;

/* The request as stored now; CX_E_NOTFOUND with field "request_id". */
cx_err request_show(struct api_request *request, struct cx_id request_id,
                    struct api_request_view *ret_view);
/* A row read already. */
cx_err request_view(struct api_request *request, const struct request_row *row,
                    struct api_request_view *ret_view);

/* A request that the caller has just stored: without approvals, and shown without reading and opening it again. */
struct request_open {
    const struct request_row *row; /* its sealed fields are not looked at */
    const struct issuance_body *body;
    struct cx_str comment;
    const struct access_tag *tags; /* in the order in which they are read: by name */
    size_t tag_count;
};
cx_err request_view_open(struct api_request *request, const struct request_open *open,
                         struct api_request_view *ret_view);

cx_err request_names_view(const struct pki_name *names, size_t count, struct arena *arena,
                          const struct api_name **ret_names);
/* CX_E_PARSE or CX_E_LIMIT with field "names/<n>". */
cx_err request_names_read(const struct api_name *names, size_t count, struct arena *arena,
                          struct cx_diag *diag, const struct pki_name **ret_names);
/* attributes has room for PKI_ATTR_COUNT. */
void request_subject_read(const struct api_subject *subject, struct pki_attribute *attributes,
                          size_t *ret_count);
