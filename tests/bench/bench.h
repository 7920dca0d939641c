/*
 * What the in-process benches share: a result line, timing, and the limits measured in the same run.
 * A line is {"name","value","unit","limit","ratio","conditions"}: value in unit a second, limit what the machine does
 * at best for the step that bounds it, ratio = value / limit.
 */
#pragma once
#include "base/bytes.h"

void bench_line(const char *name, double value, const char *unit, double limit,
                const char *conditions);
/* Runs work until a second has passed; returns runs a second. */
double bench_rate(void (*work)(void *arg), void *arg);
/* The same by the thread's processor time, for work that waits for nothing: other load disturbs it less. */
double bench_cpu_rate(void (*work)(void *arg), void *arg);

/* fdatasync of a 4 KB block in a preallocated file of that folder, a second. */
double bench_limit_fdatasync(const char *folder);
/* SHA-256 of len bytes with a context kept, a processor second. */
double bench_limit_sha256(size_t len);
/* AES-256-GCM of len bytes with key and context kept, a processor second. */
double bench_limit_gcm(size_t len);
