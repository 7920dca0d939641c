/* Rosters and pages as the API shows them. */
#pragma once
#include "api_types.h" /* generated */
#include "core/api/api.h"
#include "core/oncall/page_store.h"
#include "core/oncall/roster_store.h"

/* Inside a closure reads the people; the view is in the request's arena. */
cx_err roster_view(struct store_tx *tx, struct api_request *request,
                   const struct row_oncall_roster *row, struct api_roster_view *ret_view);
/* Refuses one that is not there. Inside a closure. */
cx_err roster_find_for(struct store_tx *tx, struct api_request *request, struct cx_id roster_id,
                       struct row_oncall_roster *ret_row);
/* Refuses, naming field, who could not be paged. Inside a closure. */
cx_err person_check(struct store_tx *tx, struct api_request *request, const char *field,
                    struct cx_id user_id);
/* Of a page without what was sent of it. */
cx_err page_view(const struct row_oncall_page *row, struct api_page_view *ret_view);
/* With it, as stored now. Not inside a closure: it opens sealed fields. */
cx_err page_show(struct api_request *request, struct cx_id page_id, struct api_page_view *ret_view);
