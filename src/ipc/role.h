/*
 * A role process, seen from inside: what it is started with, how it enters its sandbox, how it
 * talks to the supervisor. Every role is `int <role>_main(const struct role_start *start)` and runs
 * like this:
 *
 *   1. open what only the start may open, as the user it was started as: core binds run/core.sock
 * and run/local.sock here (os/socket.h), keys loads its PKCS#11 module. Nothing from outside is
 * read yet.
 *   2. role_enter: the sandbox of this role, fail closed; the process must still have one thread.
 *      What needs threads (database, channel clients and servers) is made after it.
 *   3. role_ready: tells the supervisor; from here on the role reads input
 *   4. role_loop: serves the control channel until shutdown, or until the supervisor is gone
 *   5. releases everything and returns the exit code (0 after a shutdown)
 *
 * Descriptors are fixed: ROLE_CONTROL_FD, and the work channels, -1 when this role has none.
 */
#pragma once
#include "base/diag.h"
#include "os/sandbox.h"

enum { ROLE_CONTROL_FD = 3, ROLE_KEYS_FD = 4, ROLE_OUTBOUND_FD = 5 };

/* Exit code of a role that cannot work however often it is started (configuration, database schema,
 * sandbox): before it was ready, the supervisor gives up and says so. */
enum { ROLE_EXIT_REFUSED = 78 };
/* A role that is told to end finishes what is under way within this time; the supervisor waits longer. */
enum { ROLE_DRAIN_S = 10 };

enum role_kind { ROLE_KEYS, ROLE_OUTBOUND, ROLE_CORE, ROLE_GATE, ROLE_COUNT };
/* "keys", "outbound", "core", "gate"; never NULL. */
const char *role_name(enum role_kind kind);
/* Offset of the role's uid from uid_base: core 1, keys 2, outbound 3, gate 4. */
uint32_t role_uid_offset(enum role_kind kind);

/* Text lives as long as the process. uid is the user to become; 0 = stay who we are. */
struct role_start {
    enum role_kind kind;
    struct cx_str data_dir; /* absolute, no trailing '/' */
    int control_fd;
    int keys_fd;     /* core: client end; keys: server end */
    int outbound_fd; /* core: client end; outbound: server end */
    uint32_t uid;
    bool drill; /* a drill instance: a simulated clock is accepted */

    /* core */
    struct cx_str database_url; /* "sqlite:/…" or "postgresql://…" */
    struct cx_str public_url;   /* https://host:port, no trailing '/' */
    struct cx_str status_url;   /* base put into certificates for CRL and OCSP */
    unsigned thread_count;      /* request threads at once */
    uint32_t gate_gid;          /* group that may connect to run/core.sock; 0 = ours */

    /* keys */
    unsigned keys_worker_count;
    struct cx_str unlock_file;   /* "" = keys/unlock of the data directory */
    struct cx_str pkcs11_module; /* "" = sealed files only */
    struct cx_str pkcs11_pin_file;
    struct cx_str pkcs11_state_dir; /* what the module itself reads and writes; "" = none */
    struct cx_str softhsm2_conf;    /* already in the environment; "" = none */

    /* outbound */
    bool outbound_allow_private;           /* may reach every address: tests and inner networks */
    bool outbound_binds;                   /* a perspective connects from an address of its own */
    struct cx_str outbound_allow_networks; /* texts as in supervisor/config.h */
    struct cx_str validation_perspectives;
    unsigned validation_quorum;
    uint16_t validation_http_port, validation_https_port, validation_tls_port;
    struct cx_str dns_trust_anchor;
    struct cx_str dns_insecure_zones;
    struct cx_str smtp_url; /* "" = no relay */
    bool smtp_plain;        /* a relay on this host, without TLS */
    struct cx_str smtp_user, smtp_password_file, smtp_ca_file;

    /* core and outbound */
    struct cx_str smtp_from;
};

/* The sandbox of a role, from its start: the one place where every role's rights are written down.
 * Paths are copied into ret_spec. CX_E_PARSE when the database URL names no usable host or port. */
cx_err role_sandbox_spec(const struct role_start *start, struct sandbox_spec *ret_spec,
                         struct cx_diag *diag);

/* Enters the sandbox and logs, as a warning, what this kernel lacks. Also blocks SIGTERM and SIGINT
 * (read by role_loop) and ignores SIGPIPE. A failure is final: exit. */
cx_err role_enter(const struct role_start *start, struct sandbox_report *ret_report,
                  struct cx_diag *diag);
cx_err role_ready(const struct role_start *start, const struct sandbox_report *report);

struct role_handlers {
    /* A fresh end of a work channel; ownership of fd passes. NULL: this role takes none. */
    void (*channel)(void *arg, enum role_kind peer, int fd);
    void *arg;
};
/* Blocks. CX_OK after control_shutdown, SIGTERM or SIGINT; CX_E_IO when the supervisor is gone or
 * broke the rules: exit then. */
cx_err role_loop(const struct role_start *start, const struct role_handlers *handlers);
