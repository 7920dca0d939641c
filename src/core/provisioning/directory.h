/*
 * From the caller of a SCIM route to the directory that it is; and what a directory says of a user, sealed and opened.
 * The dispatcher has authenticated the token and asked for scim.provision; a directory must also be one (scim_client) and
 * hold nothing else, so that its token is worth nothing anywhere else. Not inside store closures.
 */
#pragma once
#include "core/api/api.h"
#include "core/provisioning/query.h"
#include "core/provisioning/scim_store.h"
#include "core/provisioning/user_change.h"

struct scim_call {
    struct api_request *request;
    struct scim_client client;
    struct scim_query query;
};

/* CX_E_DENIED "not-a-directory" or "directory-holds-more"; else what scim_query_read refuses. */
cx_err scim_open(struct scim_call *call, struct api_request *request);
/* An identifier in a path. CX_E_NOTFOUND: RFC 7644 §3.12 has 404 for one that nothing can have. */
cx_err scim_id_of(struct scim_call *call, enum cx_id_type type, struct cx_str text,
                  struct cx_id *ret_id);
cx_err scim_refuse_unknown(struct api_request *request);
/* The status of a refusal by one of our rules is 403: RFC 7644 §3.12. Returns err. */
cx_err scim_refused_status(struct api_request *request, cx_err err);
/* Whether err is a refusal, which the caller can read, and no failure of ours. */
bool scim_is_refusal(cx_err err);

/* What a directory says of a user. "": nothing. */
struct scim_attributes {
    struct cx_str text[SCIM_TEXT_COUNT];
};
cx_err scim_attributes_open(struct api_request *request, struct cx_id user_id,
                            struct cx_sealed sealed, struct scim_attributes *ret_attributes);
cx_err scim_attributes_seal(struct api_request *request, struct cx_id user_id,
                            const struct scim_attributes *attributes, struct cx_sealed *ret_sealed);
/* What the user is called here: never empty, at most 100 characters. */
cx_err scim_display_name(const struct scim_attributes *attributes, struct arena *arena,
                         struct cx_str *ret_name);
/* Blind indexes. User names are compared without regard to case (RFC 7643 §4.1.1), external identifiers with it. */
cx_err scim_user_name_index(struct api_request *request, struct cx_str user_name,
                            struct cx_bytes *ret_index);
/* "" gives an empty index. */
cx_err scim_external_id_index(struct api_request *request, struct cx_str external_id,
                              struct cx_bytes *ret_index);
/* ASCII letters in lower case. */
cx_err scim_lower(struct cx_str text, struct arena *arena, struct cx_str *ret_text);
