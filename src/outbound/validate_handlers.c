#include "outbound/validate_handlers.h"

#include "outbound/request.h"

/* ---- places ---- */

static cx_err take_place(struct validator *validator, const struct cx_id *source, size_t *ret_place,
                         struct cx_diag *diag)
{
    size_t place = VALIDATIONS_MAX, mine = 0;
    pthread_mutex_lock(&validator->lock);
    for (size_t i = 0; i < VALIDATIONS_MAX; i++) {
        if (!validator->active[i].taken)
            place = i;
        else if (cx_bytes_eq(cx_id_bytes(&validator->active[i].source_id), cx_id_bytes(source)))
            mine++;
    }
    bool granted = place < VALIDATIONS_MAX && mine < VALIDATIONS_PER_SOURCE;
    if (granted) {
        validator->active[place].taken = true;
        validator->active[place].source_id = *source;
    }
    pthread_mutex_unlock(&validator->lock);
    if (!granted)
        return cx_refuse(diag, CX_ERR(BUSY), "source_id", "validations-at-once",
                         "too many validations are under way; ask again later");
    *ret_place = place;
    return CX_OK;
}

static void leave_place(struct validator *validator, size_t place)
{
    pthread_mutex_lock(&validator->lock);
    validator->active[place].taken = false;
    pthread_mutex_unlock(&validator->lock);
}

/* ---- the answer ---- */

static cx_err reply_verdict(const struct perspective_set *set,
                            const struct validate_verdict *verdict, struct ipc_reply *reply)
{
    struct ipc_outbound_observation observations[OUTBOUND_PERSPECTIVES_MAX];
    for (size_t i = 0; i < set->count; i++) {
        const struct observation *seen = &verdict->seen[i];
        observations[i] =
            (struct ipc_outbound_observation){.perspective = cx_str_from(set->items[i].name),
                                              .problem = (uint8_t)seen->problem,
                                              .text = cx_str_from(seen->text),
                                              .addresses = cx_str_from(seen->addresses),
                                              .secure = seen->asked_dns && !seen->unproven,
                                              .elapsed_ms = seen->elapsed_ms};
    }
    const struct ipc_outbound_verdict message = {.problem = (uint8_t)verdict->problem,
                                                 .text = cx_str_from(verdict->text),
                                                 .observations = observations,
                                                 .observations_count = set->count};
    reply->number = IPC_OUTBOUND_VERDICT;
    return ipc_outbound_verdict_write(&reply->body, &message);
}

static cx_err run_task(struct validator *validator, const struct cx_id *source,
                       const struct validate_task *task, struct ipc_reply *reply)
{
    size_t place = 0;
    struct validate_verdict verdict;
    CX_TRY(take_place(validator, source, &place, &reply->diag));
    cx_err err = validate_run(&validator->set, task, &verdict);
    leave_place(validator, place);
    CX_TRY(err);
    return reply_verdict(&validator->set, &verdict, reply);
}

cx_err on_outbound_validate(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct ipc_outbound_validate message = {.kind = 0};
    CX_TRY(ipc_outbound_validate_parse(request->payload, request->arena, &message));
    CX_TRY(request_check_validate(&message, &reply->diag));
    const struct validate_task task = {.challenge = &message, .timeout_ms = message.timeout_ms};
    return run_task(arg, &message.source_id, &task, reply);
}

cx_err on_outbound_check_caa(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct ipc_outbound_check_caa message = {.wildcard = false};
    CX_TRY(ipc_outbound_check_caa_parse(request->payload, request->arena, &message));
    CX_TRY(request_check_caa(&message, &reply->diag));
    const struct validate_task task = {.caa = &message, .timeout_ms = message.timeout_ms};
    return run_task(arg, &message.source_id, &task, reply);
}
