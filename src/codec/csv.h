/* Comma-separated values, RFC 4180 §2. */
#pragma once
#include "base/bytes.h"

/* One quoted cell, after a comma unless it is the first of its row. A cell that a spreadsheet would run as a formula gets a
 * leading apostrophe: names and tags come from whoever asked for the certificate. */
cx_err csv_cell(struct cx_buf *out, struct cx_str text, bool first);
