/* The list of affected certificates as one text, for an attachment. */
#pragma once
#include "core/incident/account.h"

/* The list of the export, in the arena of the request. Refuses who may not read certificates everywhere, and a list that is
 * longer than max octets. */
cx_err certificate_list_write(struct api_request *request, const struct account *account,
                              size_t max, struct cx_bytes *ret_csv);
