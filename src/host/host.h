/*
 * What a command on the server's host works with: the instance's configuration, the open database, and a short-lived keys
 * process in ceremony mode over the same key directory (docs/ARCHITECTURE.md, "Two kinds of keys process"). The operator's
 * access to the data directory is the authority; every act is recorded with the system as actor.
 *
 * host_open starts the keys process and brings the schema forward; host_close ends both and hands what was made to the
 * roles that own it. One struct host a command, one thread.
 */
#pragma once
#include "cli/cli.h"
#include "core/core.h"
#include "keys/ceremony.h"
#include "supervisor/instance.h"

struct host {
    struct cli *cli;
    struct instance instance;
    struct cx_clock clock;
    struct cx_rng rng;
    struct core core;
    pid_t keys_pid;
    int keys_pidfd;
    bool opened;
};

/* Reads the configuration of the directory that --data names (else CERTINEXT_DATA, else ./certinext-data). */
cx_err host_open(struct cli *cli, struct host *host);
/* To look only: the schema stays as it is. */
cx_err host_open_to_look(struct cli *cli, struct host *host);
void host_close(struct host *host);
/* The tenant of --tenant, else the one named "default". */
cx_err host_tenant(struct host *host, struct cx_id *ret_tenant_id);

/* The hidden command that host_open starts. Returns the exit code. */
int host_ceremony_main(int argc, char **argv);

/* Runs the host command that argv names; CLI_NOT_MINE when there is none. */
int host_run(int argc, char **argv);
/* As cli_print_commands. */
size_t host_print_commands(FILE *out, const char *noun);
/* The table of them, static. */
const struct cli_command *host_commands(size_t *ret_count);

/* What doctor asks of the database and the keys (cli/doctor.h). */
struct doctor;
void host_doctor(struct doctor *doctor);
