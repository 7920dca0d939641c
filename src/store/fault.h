/*
 * Injected failures for torture tests: the Nth statement or the Nth commit of the process fails
 * with CX_E_STORE. Present only in builds with -Dfaults=true; elsewhere the questions are
 * constants. The numbers come from store_fault_set or, at first use, from the environment variables
 * CX_FAULT_STATEMENT and CX_FAULT_COMMIT (1 = the first; 0 = never).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef CX_FAULTS
void store_fault_set(int64_t statement, int64_t commit); /* also restarts the counts */
int64_t store_fault_statements(void);                    /* counted since store_fault_set */
int64_t store_fault_commits(void);
bool store_fault_statement(void);
bool store_fault_commit(void);
#else
static inline bool store_fault_statement(void)
{
    return false;
}
static inline bool store_fault_commit(void)
{
    return false;
}
#endif
