/* Incidents, entries and duties as the API shows them. Not inside a store closure: they open sealed fields. */
#pragma once
#include "api_types.h" /* generated */
#include "core/api/api.h"
#include "core/incident/record.h"

cx_err incident_view(struct api_request *request, const struct incident *incident,
                     struct api_incident_view *ret_view);
/* Reads the incident as stored now. */
cx_err incident_show(struct api_request *request, struct cx_id incident_id,
                     struct api_incident_view *ret_view);
cx_err incident_entry_view(struct api_request *request, const struct incident_entry *entry,
                           struct api_incident_entry_view *ret_view);
cx_err incident_duty_view(struct api_request *request, struct cx_id incident_id,
                          const struct duty *duty, struct api_duty_view *ret_view);
struct step;
cx_err incident_step_view(struct api_request *request, const struct step *step,
                          struct api_step_view *ret_view);
/* A step in the queue, in the shape of a duty. */
cx_err incident_step_due_view(struct api_request *request, struct cx_id incident_id,
                              const struct step *step, struct api_duty_view *ret_view);
/* What else there was: related.c. */
cx_err incident_related_show(struct api_request *request, struct cx_id incident_id,
                             struct api_related_list *ret_list);
cx_err incident_refuse_unknown(struct cx_diag *diag);
/* Reads one incident; refuses one that is not there. */
cx_err incident_read(struct api_request *request, struct cx_id incident_id,
                     struct incident *ret_incident);
