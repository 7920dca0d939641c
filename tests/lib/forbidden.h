/*
 * Things that a sandboxed role must not do, tried inside its real sandbox by a child process. Each test says which layer
 * of the sandbox refuses the attempt; where the kernel lacks just that layer (Landlock grew by versions: files 1, TCP ports
 * 4, signals and abstract sockets 6), that attempt alone is skipped.
 */
#pragma once
#include "tests/lib/test.h"

#include "os/file.h"
#include "os/sandbox.h"

enum forbidden_layer {
    LAYER_BASE,  /* user id, capabilities, rlimits or seccomp: every kernel has them */
    LAYER_FILES, /* Landlock 1 */
    LAYER_TCP,   /* Landlock 4 */
    LAYER_SCOPE, /* Landlock 6 */
};
enum {
    FORBIDDEN_ALLOWED = 10,
    FORBIDDEN_REFUSED = 11,
    FORBIDDEN_BROKEN = 12,
    FORBIDDEN_NO_LAYER = 13,
    FORBIDDEN_TEST_UID = 61901,
};

/* A data directory whose files every user may read and write: only the sandbox stands in the way. */
extern char forbidden_dir[OS_PATH_MAX];
int forbidden_set_up(void **state);
int forbidden_tear_down(void **state);

/* Enters the sandbox in the child. */
typedef cx_err (*forbidden_enter)(const void *arg, struct sandbox_report *ret_report,
                                  struct cx_diag *diag);
/* Inside the sandbox; true when the forbidden thing was refused. */
typedef bool (*forbidden_attempt)(void);

/* FORBIDDEN_REFUSED, FORBIDDEN_ALLOWED …, or 128 + the signal that ended it. */
int forbidden_try(forbidden_enter enter, const void *arg, enum forbidden_layer layer,
                  forbidden_attempt try_it);
/* Asserts the result; a layer that the kernel lacks is told and passed over. */
void forbidden_expect(int expected, int result);

/* Attempts. */
bool opens_database(void);
bool opens_key(void);
bool opens_tls_key(void);
bool writes_configuration(void);
bool reads_configuration(void);
bool plants_a_file(void);
bool reads_passwd(void);
bool writes_own_key_folder(void);
bool writes_own_database(void);
bool makes_inet_socket(void);
bool makes_unix_socket(void);
bool makes_packet_socket(void);
bool makes_vsock(void);
bool listens(void);
bool listens_anywhere(void); /* a socket that was never bound gets a port from the kernel */
bool binds_an_address(void); /* to any free port: how the address to connect from is chosen */
bool connects_to_discard(void);
bool executes(void);
bool spawns(void);
bool forks(void);
bool traces(void);
bool reads_other_memory(void);
bool makes_user_namespace(void);
bool maps_code(void);
bool turns_data_into_code(void);
bool signals_parent(void);
bool becomes_root(void);
bool has_capabilities(void);
bool raises_its_limits(void);
bool starts_threads(void);
