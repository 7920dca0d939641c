#include "base/fault.h"

void cx_fault_point(const char *step)
{
    (void)step;
}

bool cx_fault_every(const char *step)
{
    (void)step;
    return false;
}

void cx_fault_delay(const char *step)
{
    (void)step;
}

size_t cx_fault_environment(bool first_start,
                            const char *ret_environment[static CX_FAULT_VARIABLES])
{
    (void)first_start;
    (void)ret_environment;
    return 0;
}
