#include "base/cleanup.h"
#include "ipc/client.h"
#include "outbound/client.h"
#include "outbound/client_internal.h"

enum { MAIL_MAX = 4210688, REPLY_ARENA_MAX = 64 * 1024 };

cx_err outbound_mail(struct outbound_client *client, const struct outbound_letter *letters,
                     size_t count, uint32_t timeout_ms, struct cx_diag *diag,
                     struct outbound_letter_result *results)
{
    struct ipc_outbound_letter items[OUTBOUND_LETTERS_MAX];
    if (count == 0 || count > OUTBOUND_LETTERS_MAX)
        return CX_ERR(USAGE);
    for (size_t i = 0; i < count; i++)
        items[i] =
            (struct ipc_outbound_letter){letters[i].id, letters[i].address, letters[i].message};
    const struct ipc_outbound_mail request = {items, count, timeout_ms};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(MAIL_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf reply = CX_BUF_INIT(0);
    CX_TRY(ipc_outbound_mail_write(&body, &request));
    const struct ipc_call call = {IPC_OUTBOUND_MAIL, IPC_OUTBOUND_MAILED, cx_buf_view(&body),
                                  (int64_t)timeout_ms * 1000 + OUTBOUND_GRACE_US};
    CX_TRY(ipc_client_call(client->ipc, &call, diag, &reply));
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(REPLY_ARENA_MAX);
    struct ipc_outbound_mailed mailed = {.results = NULL};
    CX_TRY(ipc_outbound_mailed_parse(cx_buf_view(&reply), &arena, &mailed));
    if (mailed.results_count != count)
        return CX_ERR(IO);
    for (size_t i = 0; i < count; i++) {
        const struct ipc_outbound_letter_result *from = &mailed.results[i];
        results[i] = (struct outbound_letter_result){
            .outcome = (enum outbound_letter_outcome)from->outcome, .code = from->code};
        snprintf(results[i].reply, sizeof(results[i].reply), "%.*s", CX_STR_ARG(from->reply));
    }
    return CX_OK;
}
