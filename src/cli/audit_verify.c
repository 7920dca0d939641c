#include "cli/audit_verify.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "core/audit/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct mapping {
    void *ptr;
    size_t len;
};

static void unmap(struct mapping *mapping)
{
    if (mapping->ptr)
        munmap(mapping->ptr, mapping->len);
}

/* Exports are larger than what commands read into memory. */
static cx_err map_file(struct cli *cli, struct cx_str path, struct mapping *ret_mapping)
{
    struct cx_str name;
    struct stat info;
    CX_TRY(arena_copy_str(&cli->arena, path, &name));
    CX_AUTO_CLOSE int fd = open(name.ptr, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return cx_refuse(&cli->diag, CX_ERR(NOTFOUND), "", "", "%s cannot be read: %m.", name.ptr);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return cx_refuse(&cli->diag, CX_ERR(IO), "", "", "%s cannot be read: %m.", name.ptr);
    if (info.st_size == 0)
        return cx_refuse(&cli->diag, CX_ERR(PARSE), "", "export-format", "%s is empty.", name.ptr);
    void *ptr = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (ptr == MAP_FAILED)
        return cx_refuse(&cli->diag, CX_ERR(IO), "", "", "%s cannot be mapped: %m.", name.ptr);
    (void)madvise(ptr, (size_t)info.st_size, MADV_SEQUENTIAL); /* a hint */
    *ret_mapping = (struct mapping){ptr, (size_t)info.st_size};
    return CX_OK;
}

/* A note is a file whose text matters to the last newline. */
static cx_err read_note(struct cli *cli, struct cx_str path, struct cx_str *ret_note)
{
    struct cx_bytes content;
    CX_TRY(cli_read_file(cli, path, &content));
    return cx_str_view(content, ret_note);
}

static cx_err print_result(struct cli *cli, const struct audit_verify_result *result)
{
    json_auto_t *root =
        json_pack("{s:b, s:I, s:I, s:I, s:b}", "verified", 1, "from", (json_int_t)result->from,
                  "size", (json_int_t)result->size, "checkpoints",
                  (json_int_t)result->checkpoint_count, "trusted_key", result->trusted_key ? 1 : 0);
    if (!root)
        return CX_ERR(NOMEM);
    if (cli->json)
        return output_document(cli, root, NULL, 0);
    printf("verified: entries %" PRIu64 " to %" PRIu64 ", %" PRIu64 " checkpoints\n", result->from,
           result->size - 1, result->checkpoint_count);
    if (!result->trusted_key)
        printf("The key was taken from the file itself: compare it with the one that you noted "
               "(--vkey).\n");
    return fflush(stdout) == 0 ? CX_OK : CX_ERR(IO);
}

cx_err audit_verify_run(struct cli *cli, const struct cli_command *command)
{
    struct audit_verify_options options = {0};
    struct audit_verify_result result;
    struct cx_str path;
    CX_CLEANUP(unmap) struct mapping file = {0};
    (void)command;
    (void)cli_get(cli, "vkey", &options.vkey); /* absent: stays empty */
    if (cli_get(cli, "checkpoint", &path))
        CX_TRY(read_note(cli, path, &options.checkpoint));
    CX_TRY(map_file(cli, cli->positionals[0], &file));
    CX_TRY(audit_verify(CX_BYTES(file.ptr, file.len), &options, &cli->diag, &result));
    return print_result(cli, &result);
}
