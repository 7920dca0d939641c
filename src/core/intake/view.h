/* Sources and deliveries as the contract shows them. Not inside a store closure. */
#pragma once
#include "api_types.h" /* generated */
#include "core/api/api.h"
#include "core/intake/source_store.h"

cx_err intake_source_view(struct api_request *request, const struct row_alert_source *row,
                          struct api_alert_source_view *ret_view);
cx_err intake_delivery_view(struct api_request *request, const struct row_alert_delivery *row,
                            struct api_alert_delivery_view *ret_view);
/* The mapping of a source: its own, or the built-in one of its kind. Texts are in arena. */
cx_err intake_source_mapping(const struct row_alert_source *row, struct arena *arena,
                             struct api_alert_mapping *ret_mapping);
cx_err intake_refuse_unknown_source(struct cx_diag *diag);
