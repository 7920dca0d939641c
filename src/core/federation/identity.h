/* Who is who: issuer and subject as one keyed token, and the row that ties it to a user. Not inside a store closure. */
#pragma once
#include "core/api/api.h"
#include "core/federation/provider_store.h"

/* In the request's arena. Two providers of one issuer mean the same person. */
cx_err oidc_subject_index(struct api_request *request, const struct oidc_provider *provider,
                          struct cx_str subject, struct cx_bytes *ret_index);
/* by: who says so; zero: the provider. */
cx_err oidc_identity_make(struct api_request *request, const struct oidc_provider *provider,
                          struct cx_str subject, struct cx_id user_id, struct cx_id by,
                          struct row_oidc_identity *ret_row);
