#include "base/fault.h"
#include "base/number.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { VARIABLE_MAX = 128 };
#define VARIABLE "CX_FAULT_KILL"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char variable[VARIABLE_MAX]; /* VARIABLE=step[:count], or "" */
static struct cx_str wanted;
static int64_t count = 1;
static _Atomic int64_t reached;

static void start(void)
{
    const char *text = getenv(VARIABLE);
    if (!text)
        return;
    int len = snprintf(variable, sizeof(variable), VARIABLE "=%s", text);
    wanted = cx_str_from(variable + sizeof(VARIABLE));
    const char *colon = wanted.len ? memchr(wanted.ptr, ':', wanted.len) : NULL;
    if (colon) {
        struct cx_str number = cx_str_from(colon + 1);
        wanted.len = (size_t)(colon - wanted.ptr);
        if (cx_failed(cx_parse_i64(number, 1, INT64_MAX, &count)))
            abort(); /* a torture run that kills nobody would pass for the wrong reason */
    }
    if (len >= VARIABLE_MAX || wanted.len == 0)
        abort();
}

void cx_fault_point(const char *step)
{
    pthread_once(&once, start);
    if (wanted.len > 0 && cx_str_is(wanted, step) && ++reached == count)
        (void)raise(SIGKILL);
}

const char *cx_fault_environment(void)
{
    pthread_once(&once, start);
    return variable[0] ? variable : NULL;
}
