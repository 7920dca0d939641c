/*
 * Fails the Nth allocation of the project's own code: of the heap, and of arenas (most of their allocations come out of a block
 * that is there, but each may be the one that needs a new block). In a test
 * that links starve_dep the linker wraps these functions (-Wl,--wrap): nothing in src/ knows of it. What shared libraries
 * allocate for themselves is not counted; jansson's is, since it asks through codec/json_parse.c, unless
 * starve_spare_jansson is called.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum starve_scope {
    STARVE_THREAD, /* allocations of the calling thread */
    STARVE_PROCESS /* of all threads: deterministic as far as they wait for each other */
};

/* From now on the at-th allocation (1 = the next) returns NULL, once. */
void starve_begin(enum starve_scope scope, int64_t at);
/* Ends it. True when an allocation was refused. */
bool starve_end(void);
/* A pause: what the test itself does between two calls of what it tests. */
void starve_pause(bool paused);
/* jansson ends the process when an allocation of its scanner fails (codec/json_parse.c): tests that parse JSON spare it. */
void starve_spare_jansson(void);
