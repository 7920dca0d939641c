/*
 * Fresh databases for tests, on both engines. A test calls test_databases in its group setup:
 *
 *   static struct test_databases databases;
 *   static int setup(void **state) { (void)state; return test_databases_start(&databases); }
 *   static int teardown(void **state) { (void)state; test_databases_stop(&databases); return 0; }
 *
 * and opens as many stores as it wants with test_store_open; each is empty, migrated and its own.
 * PostgreSQL runs as long as the test process (tools/pg-test run). Where it is not installed the
 * reason is printed once and test_engine_available says so: the test then calls skip().
 */
#pragma once
#include "store/store.h"

#include <sys/types.h>

struct test_databases {
    char folder[64];
    char postgres_url[160]; /* "" when PostgreSQL is not installed */
    pid_t pid;
    int stop_fd; /* closing it stops the server */
    unsigned count;
};

int test_databases_start(struct test_databases *databases); /* 0, or -1 with a message */
void test_databases_stop(struct test_databases *databases);
bool test_engine_available(const struct test_databases *databases, enum store_engine engine);

enum { TEST_URL_MAX = 256 };
/* The URL of a new, empty database (not migrated). Aborts the test when that fails. */
void test_database_url(struct test_databases *databases, enum store_engine engine,
                       char ret_url[static TEST_URL_MAX]);
/* A new database, migrated and open. ret_url may be NULL. */
struct store *test_store_open(struct test_databases *databases, enum store_engine engine,
                              char *ret_url);
