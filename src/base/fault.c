#include "base/fault.h"
#include "base/number.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { VARIABLE_MAX = 128 };

struct fault {
    const char *name;
    char variable[VARIABLE_MAX]; /* NAME=step[:number], or "" */
    struct cx_str step;
    int64_t number;
    _Atomic int64_t reached;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct fault kill_fault = {.name = "CX_FAULT_KILL"}, every = {.name = "CX_FAULT_EVERY"},
                    delay = {.name = "CX_FAULT_DELAY"};

static void read_variable(struct fault *fault)
{
    const char *text = getenv(fault->name);
    if (!text)
        return;
    int len = snprintf(fault->variable, VARIABLE_MAX, "%s=%s", fault->name, text);
    fault->step = cx_str_from(fault->variable + strlen(fault->name) + 1);
    fault->number = 1;
    const char *colon = fault->step.len ? memchr(fault->step.ptr, ':', fault->step.len) : NULL;
    if (colon) {
        struct cx_str number = cx_str_from(colon + 1);
        fault->step.len = (size_t)(colon - fault->step.ptr);
        if (cx_failed(cx_parse_i64(number, 1, INT64_MAX, &fault->number)))
            abort(); /* a torture run without its fault would pass for the wrong reason */
    }
    if (len >= VARIABLE_MAX || fault->step.len == 0)
        abort();
}

static void start(void)
{
    read_variable(&kill_fault);
    read_variable(&every);
    read_variable(&delay);
}

static bool is_at(struct fault *fault, const char *step)
{
    pthread_once(&once, start);
    return fault->step.len > 0 && cx_str_is(fault->step, step);
}

void cx_fault_point(const char *step)
{
    if (is_at(&kill_fault, step) && ++kill_fault.reached == kill_fault.number)
        (void)raise(SIGKILL);
}

bool cx_fault_every(const char *step)
{
    return is_at(&every, step) && ++every.reached % every.number == 0;
}

void cx_fault_delay(const char *step)
{
    if (!is_at(&delay, step))
        return;
    struct timespec rest = {delay.number / 1000, delay.number % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0)
        ;
}

size_t cx_fault_environment(bool first_start,
                            const char *ret_environment[static CX_FAULT_VARIABLES])
{
    const struct fault *const faults[] = {&kill_fault, &every, &delay};
    size_t count = 0;
    pthread_once(&once, start);
    for (size_t i = first_start ? 0 : 1; i < CX_FAULT_VARIABLES; i++)
        if (faults[i]->variable[0])
            ret_environment[count++] = faults[i]->variable;
    return count;
}
