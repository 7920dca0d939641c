#include "base/fault.h"

void cx_fault_point(const char *step)
{
    (void)step;
}

const char *cx_fault_environment(void)
{
    return NULL;
}
