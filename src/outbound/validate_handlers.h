/*
 * The handlers of outbound_validate and outbound_check_caa: message in, verdict out. A source (an account)
 * gets a quarter of the places at most, and validation never takes every worker: slow hosts of one
 * applicant hold up nobody else's validation, fetches or the health check. Beyond that: CX_E_BUSY at once.
 */
#pragma once
#include "base/id.h"
#include "ipc/server.h"
#include "outbound/validate.h"

#include <pthread.h>

struct mail_relay;

enum { VALIDATIONS_MAX = 48, VALIDATIONS_PER_SOURCE = 12 };

struct validator {
    struct perspective_set set;
    struct mail_relay *mail; /* of outbound.c's handler */
    pthread_mutex_t lock;    /* guards active */
    struct {
        bool taken;
        struct cx_id source_id;
    } active[VALIDATIONS_MAX];
};

/* arg is a struct validator. */
cx_err on_outbound_validate(void *arg, const struct ipc_request *request, struct ipc_reply *reply);
cx_err on_outbound_check_caa(void *arg, const struct ipc_request *request, struct ipc_reply *reply);
