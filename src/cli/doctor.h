/*
 * certinext doctor: looks at an installation from outside its processes and prints a line a check: ok, warn or fail, and
 * what to do. The exit code is 0 unless a check failed.
 */
#pragma once
#include "cli/cli.h"

cx_err doctor_run(struct cli *cli, const struct cli_command *command);

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };
struct doctor;

/* One line of the answer, for whoever adds checks. */
void doctor_say(struct doctor *doctor, enum verdict verdict, const char *what, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
struct cli *doctor_cli(struct doctor *doctor);
/* Checks that need the database or the keys, which the command line does not open: src/main.c sets host's here, once,
 * before any command runs. */
extern void (*doctor_further)(struct doctor *doctor);
