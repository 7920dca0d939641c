/* Shared by the files of this folder. */
#pragma once
#include "base/map.h"
#include "core/status/ocsp.h"
#include "core/status/status.h"
#include "os/worker.h"

struct status_service {
    struct core *core;
    struct ocsp_cache *ocsp;
    struct os_worker publisher, presigner;
    cx_time seen_us;           /* publications up to here are on this node's disk */
    cx_time responder_us;      /* when responders are looked at next */
    int64_t responder_retry_s; /* the pause after the next failure */
    struct cx_map refused; /* issuer id → struct responder_refusal: not asked again for a while */
    struct cx_map written; /* issuer ‖ shard → number of the CRL in the file; the publisher's own */
};

/* An issuer that got no certificate for its responder. Of the map that holds it. */
struct responder_refusal {
    int64_t profile_version; /* a newer one may be allowed */
    cx_time until_us;
};

/* CRLs whose file this process has seen right: a shard's newest number; beyond it files are compared each time. */
enum { STATUS_WRITTEN_MAX = 1 << 16 };

/* publish.c: signs what is due in one tenant; *ret_more when there is more than one batch. */
cx_err publish_due(struct status_service *service, struct cx_id tenant_id, bool *ret_more);
/* publish.c: writes the files that other nodes published since since_us, and drops their OCSP answers. */
cx_err publish_files_since(struct status_service *service, struct cx_id tenant_id,
                           cx_time since_us);
/* publish.c: the issuers' certificates under public_dir/issuer. */
cx_err publish_issuers(struct status_service *service, struct cx_id tenant_id);
/* responder.c: a certificate for every responder that has none or whose certificate ends soon. */
cx_err responder_renew(struct status_service *service, struct cx_id tenant_id);
