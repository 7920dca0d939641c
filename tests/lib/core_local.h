/*
 * A struct core for tests of its parts: a fresh database on one engine, keys_local behind it, protect, and one
 * tenant with its data key. No sequencer: tests that want it call audit_start.
 */
#pragma once
#include "core/core.h"
#include "tests/lib/database.h"
#include "tests/lib/keys_local.h"

struct core_local {
    struct core core;
    struct cx_clock clock;
    struct cx_rng rng;
    struct keys_local *control;
    struct cx_id tenant_id;
    char url[TEST_URL_MAX];
};

void core_local_start(struct core_local *local, struct test_databases *databases,
                      enum store_engine engine);
void core_local_stop(struct core_local *local);
/* Another tenant with a data key. */
struct cx_id core_local_tenant(struct core_local *local, const char *name);
