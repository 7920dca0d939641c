/* The doctor's check of access and configuration against the log. */
#pragma once
#include "cli/doctor.h"
#include "host/host.h"

void host_doctor_state(struct doctor *doctor, struct host *host, struct cx_id tenant_id,
                       struct cx_str name);
