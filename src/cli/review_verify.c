#include "cli/review_verify.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "core/review/evidence_verify.h"
#include "os/file.h"

#include <inttypes.h>

static cx_err print_result(struct cli *cli, const struct review_verified *verified)
{
    json_auto_t *root = json_pack(
        "{s:b, s:I, s:I, s:I, s:I, s:b}", "verified", 1, "items", (json_int_t)verified->items,
        "revoked", (json_int_t)verified->revoked, "index", (json_int_t)verified->index, "size",
        (json_int_t)verified->size, "trusted_key", verified->trusted_key ? 1 : 0);
    if (!root)
        return CX_ERR(NOMEM);
    if (cli->json)
        return output_document(cli, root, NULL, 0);
    printf("verified: %" PRIu64 " bindings, %" PRIu64 " of them ended; entry %" PRIu64
           " of a log of %" PRIu64 "\n",
           verified->items, verified->revoked, verified->index, verified->size);
    if (!verified->trusted_key)
        printf("The key was taken from the file itself: compare it with the one that you noted "
               "(--vkey).\n");
    return fflush(stdout) == 0 ? CX_OK : CX_ERR(IO);
}

cx_err review_verify_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(REVIEW_EVIDENCE_MAX);
    struct review_verified verified;
    struct cx_str vkey = CX_STR_NONE, path;
    (void)command;
    (void)cli_get(cli, "vkey", &vkey); /* absent: stays empty */
    CX_TRY(arena_copy_str(&cli->arena, cli->positionals[0], &path));
    cx_err err = os_file_read(path.ptr, REVIEW_EVIDENCE_MAX, &file);
    if (cx_failed(err))
        return cx_refuse(&cli->diag, err, "", "", "%s cannot be read: %s.", path.ptr,
                         cx_err_name(err));
    CX_TRY(review_evidence_verify(cx_buf_view(&file), vkey, &cli->diag, &verified));
    return print_result(cli, &verified);
}
