/* Taking a page on: by the API, or by the link as the person whom it was sent to. */
#pragma once
#include "core/api/api.h"
#include "core/oncall/page_store.h"

/* One transaction: the page, its entry in the incident's timeline, the audit entry. CX_E_CONFLICT when it is not open any more. details: of the
 * audit entry. */
cx_err page_take_on(struct api_request *request, const struct row_oncall_page *page,
                    struct cx_id user_id, struct cx_str how, struct cx_str details);
