/*
 * The whole cycle (ask, approve, revoke; ask for a key of the server's, approve, collect) as something that may fail anywhere,
 * and what must hold afterwards: journal = rows = audit.
 */
#pragma once
#include "world.h"

struct faulty {
    struct world *world;
    struct cx_buf csr; /* PEM, made beforehand */
};

void faulty_make(struct world *world, struct faulty *ret_faulty);
void faulty_clear(struct faulty *faulty);
/* The first error that a handler returned. What the world allocated for the run before is gone. */
cx_err faulty_cycle(struct faulty *faulty);
/* Lets leases run out, makes one pass of recovery and compares journal, rows and audit entries. what and at say in a failure
 * which fault led here. */
void faulty_check(struct faulty *faulty, const char *what, int64_t at);
