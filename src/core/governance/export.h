/*
 * An incident in the forms that other tools read. The texts of the source were gone over: one that names a reporter who did
 * not agree is replaced as a whole (EXPORT_WITHHELD), so that no form has to know of it. Pure.
 *
 *   ocsf   OCSF 1.3.0, class Incident Finding (2005), JSON
 *   iodef  IODEF 2, RFC 7970, XML
 *   veris  VERIS 1.4.1, JSON
 *
 * What a form asks for and an incident does not say is "Unknown" there and never made up.
 */
#pragma once
#include "core/incident/account.h"

#define EXPORT_WITHHELD "[withheld: it names a reporter who did not agree to be named]"
enum { EXPORT_MAX = 8 * 1024 * 1024 };

struct export_source {
    const struct account *account;
    struct cx_str id, title, summary; /* id: "inc_…" */
    struct cx_str *details;           /* of each entry of the timeline */
    struct cx_str ca_name, host;      /* who exports */
    bool may_name; /* the caller may see reporters: those who agreed are in the export */
};

cx_err export_source_make(const struct account *account, struct arena *arena,
                          struct export_source *ret_source);

cx_err export_ocsf(const struct export_source *source, struct cx_buf *out);
cx_err export_iodef(const struct export_source *source, struct cx_buf *out);
cx_err export_veris(const struct export_source *source, struct cx_buf *out);

/* It was found to be one: confirmed, whatever came after. */
bool export_is_confirmed(const struct account *account);
/* The last time the incident was moved to the state; false: never. */
bool export_reached(const struct account *account, enum incident_state state, cx_time *ret_us);
