/* The filters of the contract → a typed search. The same for list and export. */
#pragma once
#include "api_types.h"
#include "core/inventory/search_store.h"

struct api_request;

/* CX_E_PARSE with the filter's name as the field. Views are in the request's arena. */
cx_err search_from_query(struct api_request *request, const struct api_certificate_list_in *in,
                         struct search *ret_search);
