/* The doctor's check that problem reports by mail arrive. */
#pragma once
#include "cli/doctor.h"
#include "host/host.h"

/* Nothing is said of a tenant without a mailbox. */
void host_doctor_mailbox(struct doctor *doctor, struct host *host, struct cx_id tenant_id,
                         struct cx_str name);
