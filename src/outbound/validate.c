#include "outbound/validate.h"

#include "base/clock.h"

#include <pthread.h>

struct sight {
    struct look look;
    const struct validate_task *task;
    struct observation *seen;
    cx_err err;
};

static cx_err look_once(const struct sight *sight)
{
    const struct validate_task *task = sight->task;
    if (task->caa != NULL)
        return challenge_caa(&sight->look, task->caa, sight->seen);
    switch (task->challenge->kind) {
    case OUTBOUND_HTTP_01:
        return challenge_http(&sight->look, task->challenge, sight->seen);
    case OUTBOUND_DNS_01:
    case OUTBOUND_DNS_ACCOUNT_01:
        return challenge_dns(&sight->look, task->challenge, sight->seen);
    case OUTBOUND_TLS_ALPN_01:
        return challenge_tls(&sight->look, task->challenge, sight->seen);
    default:
        return CX_ERR(INTERNAL);
    }
}

static void *look_out(void *arg)
{
    struct sight *sight = arg;
    int64_t start_us = cx_monotonic_us();
    sight->err = look_once(sight);
    sight->seen->elapsed_ms = (uint32_t)((cx_monotonic_us() - start_us) / 1000);
    return NULL;
}

void validate_judge(const struct perspective_set *set, struct validate_verdict *verdict)
{
    size_t valid = 0, blamed = 0;
    size_t needed = set->quorum > 0 && set->quorum < set->count ? set->quorum : set->count;
    for (size_t i = set->count; i-- > 0;)
        if (verdict->seen[i].problem == OUTBOUND_VALID)
            valid++;
        else
            blamed = i; /* the first that saw a problem, in configured order */
    verdict->problem = OUTBOUND_VALID;
    verdict->text[0] = '\0';
    if (valid >= needed && verdict->seen[0].problem == OUTBOUND_VALID)
        return;
    verdict->problem = verdict->seen[blamed].problem;
    if (set->count == 1)
        memcpy(verdict->text, verdict->seen[0].text, sizeof(verdict->text));
    else
        snprintf(verdict->text, sizeof(verdict->text), "%zu of %zu perspectives agree; %s: %.400s",
                 valid, set->count, set->items[blamed].name, verdict->seen[blamed].text);
}

cx_err validate_run(const struct perspective_set *set, const struct validate_task *task,
                    struct validate_verdict *ret_verdict)
{
    struct sight sights[OUTBOUND_PERSPECTIVES_MAX];
    pthread_t threads[OUTBOUND_PERSPECTIVES_MAX];
    bool started[OUTBOUND_PERSPECTIVES_MAX] = {false};
    int64_t deadline_us = cx_monotonic_us() + (int64_t)task->timeout_ms * 1000;
    *ret_verdict = (struct validate_verdict){.problem = OUTBOUND_VALID};
    for (size_t i = 0; i < set->count; i++) {
        sights[i] = (struct sight){.look = {set, &set->items[i], deadline_us},
                                   .task = task,
                                   .seen = &ret_verdict->seen[i],
                                   .err = CX_ERR(NOMEM)};
        if (i > 0)
            started[i] = pthread_create(&threads[i], NULL, look_out, &sights[i]) == 0;
    }
    look_out(&sights[0]);
    for (size_t i = 1; i < set->count; i++)
        if (started[i])
            pthread_join(threads[i], NULL);
    for (size_t i = 0; i < set->count; i++)
        CX_TRY(sights[i].err);
    validate_judge(set, ret_verdict);
    return CX_OK;
}
