/*
 * The operator's lists of compromised keys: DIR/key-lists/NAME.keys, which core and keys read again as soon as the
 * directory has changed (crypto/key_lists.h). Files and log do not commit together, so the log comes first: a change is in every
 * tenant's log before it is made, and once more, as failed, when it could not be.
 */
#include "host/commands.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "cli/output.h"
#include "cli/status.h"
#include "codec/hex.h"
#include "core/audit/audit.h"
#include "core/field.h"
#include "core/tenant/tenant_store.h"
#include "crypto/hash.h"
#include "crypto/key_list.h"
#include "crypto/key_lists.h"
#include "host/host.h"
#include "host/key_list_text.h"
#include "os/file.h"
#include "supervisor/layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_LEN_MAX = 64, DIGEST_LEN = 32, KEY_LIST_FILE_MAX = 64 * 1024 * 1024 };

CX_DEFINE_CLEANUP_PTR(DIR, closedir)
CX_DEFINE_CLEANUP_PTR(struct crypto_key_list, crypto_key_list_free)

/* Of one change at a time. */
struct place {
    char dir[OS_PATH_MAX];
    int lock_fd;
    struct timespec changed;
};

static cx_err open_place(struct cli *cli, struct place *place)
{
    char data[] = "--data", path[OS_PATH_MAX];
    struct instance instance;
    CX_TRY(os_path(path, "%.*s", CX_STR_ARG(status_data_dir(cli))));
    char *argv[] = {data, path};
    CX_TRY(instance_open(2, argv, &cli->arena, &cli->diag, &instance));
    CX_TRY(layout_prepare(instance.dir, &instance.config, &cli->diag));
    CX_TRY(os_path(place->dir, "%.*s/key-lists", CX_STR_ARG(instance.dir)));
    CX_TRY(os_path(path, "%.*s/run/key-lists.lock", CX_STR_ARG(instance.dir)));
    cx_err err = os_lock(path, &place->lock_fd); /* until this process ends */
    if (err.code == CX_E_BUSY)
        return cx_refuse(&cli->diag, err, "data", "key-list-lock",
                         "Another command is changing the key lists of this instance.");
    CX_TRY(err);
    struct stat info;
    if (stat(place->dir, &info) != 0)
        return CX_ERR(IO);
    place->changed = info.st_mtim;
    return CX_OK;
}

/* Two changes within a tick of the file system's clock would look like one. */
static cx_err make_seen(const struct place *place)
{
    struct stat info;
    CX_AUTO_CLOSE int fd = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &info) != 0)
        return CX_ERR(IO);
    if (info.st_mtim.tv_sec != place->changed.tv_sec ||
        info.st_mtim.tv_nsec != place->changed.tv_nsec)
        return CX_OK;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, place->changed};
    times[1].tv_nsec++;
    if (times[1].tv_nsec == 1000000000) {
        times[1].tv_sec++;
        times[1].tv_nsec = 0;
    }
    return futimens(fd, times) == 0 ? CX_OK : CX_ERR(IO);
}

static cx_err list_path(struct cli *cli, const struct place *place, struct cx_str name,
                        char ret_path[static OS_PATH_MAX])
{
    bool plain = name.len > 0 && name.len <= NAME_LEN_MAX && name.ptr[0] != '-';
    for (size_t i = 0; i < name.len && plain; i++)
        plain = (name.ptr[i] >= 'a' && name.ptr[i] <= 'z') ||
                (name.ptr[i] >= '0' && name.ptr[i] <= '9') || name.ptr[i] == '-';
    if (!plain)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "name", "key-list-name",
                         "A list's name is 1 to 64 of a-z, 0-9 and -.");
    return os_path(ret_path, "%s/%.*s" CRYPTO_KEY_LIST_SUFFIX, place->dir, CX_STR_ARG(name));
}

/* The whole directory as core and keys see it, so that no command leaves them without an answer. */
static cx_err check_all(struct cli *cli, const struct place *place)
{
    struct crypto_key_lists *lists = NULL;
    size_t count = 0;
    CX_TRY(crypto_key_lists_new(place->dir, &lists));
    cx_err err = crypto_key_lists_count(lists, &cli->diag, &count);
    crypto_key_lists_free(lists);
    return err;
}

/* What becomes of which list. sha256: of the file; empty: it is removed. */
struct act {
    struct cx_str name, keys, sha256;
};

static cx_err change_nothing(struct store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return CX_OK; /* the file is the change */
}

static cx_err record_all(struct host *host, const struct act *act, enum audit_outcome outcome)
{
    struct arena *arena = &host->cli->arena;
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    const struct field_detail details[] = {
        {"name", act->name}, {"keys", act->keys}, {"sha256", act->sha256}};
    struct audit_event event = {.action = act->sha256.len ? "system.key-list.add"
                                                          : "system.key-list.remove",
                                .outcome = outcome};
    CX_TRY(field_details(arena, details, CX_COUNT_OF(details), &event.details));
    CX_TRY(tenant_each(&host->core, arena, &tenants, &count));
    for (size_t i = 0; i < count; i++) {
        event.tenant_id = tenants[i];
        CX_TRY(audit_commit(&host->core, &event, change_nothing, NULL));
    }
    return CX_OK;
}

static cx_err say(struct cli *cli, struct cx_str name, size_t count)
{
    json_auto_t *document =
        json_pack("{s:s%, s:I}", "name", name.ptr, name.len, "keys", (json_int_t)count);
    return document ? output_document(cli, document, NULL, 0) : CX_ERR(NOMEM);
}

static cx_err act_of(struct cli *cli, struct cx_str name, struct cx_bytes list, struct act *ret_act)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf hex = CX_BUF_INIT(2 * CRYPTO_SHA256_LEN);
    uint8_t digest[CRYPTO_SHA256_LEN];
    struct cx_str text = CX_STR_NONE;
    ret_act->name = name;
    CX_TRY(crypto_sha256(list, digest));
    CX_TRY(hex_encode(CX_BYTES(digest, sizeof(digest)), &hex));
    CX_TRY(cx_str_view(cx_buf_view(&hex), &text));
    CX_TRY(arena_copy_str(&cli->arena, text, &ret_act->sha256));
    return arena_printf(&cli->arena, &ret_act->keys, "%zu",
                        (list.len - CRYPTO_KEY_LIST_MAGIC_LEN) / DIGEST_LEN);
}

static cx_err write_list(struct cli *cli, const struct place *place, const char *path,
                         struct cx_bytes list)
{
    const bool is_new = !os_file_exists(path);
    CX_TRY(os_file_write(path, list, 0644));
    cx_err err = check_all(cli, place);
    if (cx_failed(err) && is_new)
        (void)os_file_remove(path); /* one too many */
    CX_TRY(err);
    return make_seen(place);
}

cx_err key_list_add_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct act act = {0};
    CX_CLEANUP(cx_buf_clear) struct cx_buf list = CX_BUF_INIT(KEY_LIST_FILE_MAX);
    struct place place = {.lock_fd = -1};
    struct cx_str name = CX_STR_NONE;
    struct cx_bytes text;
    char path[OS_PATH_MAX];
    (void)command;
    cli_get(cli, "name", &name);
    CX_TRY(cli_read_file(cli, cli->positionals[0], &text));
    CX_TRY(key_list_compile(text, &cli->diag, &list));
    CX_TRY(open_place(cli, &place));
    CX_TRY(list_path(cli, &place, name, path));
    CX_TRY(act_of(cli, name, cx_buf_view(&list), &act));
    CX_TRY(host_open(cli, &host));
    CX_TRY(record_all(&host, &act, AUDIT_DONE));
    cx_err err = write_list(cli, &place, path, cx_buf_view(&list));
    if (cx_failed(err)) {
        CX_IGNORE(record_all(&host, &act, AUDIT_FAILED)); /* what went wrong is told */
        return err;
    }
    return say(cli, name, (list.len - CRYPTO_KEY_LIST_MAGIC_LEN) / DIGEST_LEN);
}

cx_err key_list_remove_run(struct cli *cli, const struct cli_command *command)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    const struct act act = {.name = cli->positionals[0]};
    struct place place = {.lock_fd = -1};
    char path[OS_PATH_MAX];
    (void)command;
    CX_TRY(open_place(cli, &place));
    CX_TRY(list_path(cli, &place, cli->positionals[0], path));
    if (!os_file_exists(path))
        return cx_refuse(&cli->diag, CX_ERR(NOTFOUND), "NAME", "key-list-unknown",
                         "There is no such list.");
    CX_TRY(host_open(cli, &host));
    CX_TRY(record_all(&host, &act, AUDIT_DONE));
    cx_err err = os_file_remove(path);
    if (cx_failed(err))
        CX_IGNORE(record_all(&host, &act, AUDIT_FAILED)); /* what went wrong is told */
    CX_TRY(err);
    return make_seen(&place);
}

static cx_err add_row(json_t *items, const struct place *place, const char *file)
{
    CX_CLEANUP(crypto_key_list_freep) struct crypto_key_list *list = NULL;
    const struct cx_str suffix = CX_STR(CRYPTO_KEY_LIST_SUFFIX);
    const struct cx_str name = cx_str_from(file);
    char path[OS_PATH_MAX];
    if (name.len <= suffix.len || !cx_str_ends(name, suffix))
        return CX_OK;
    CX_TRY(os_path(path, "%s/%s", place->dir, file));
    cx_err err = crypto_key_list_open(path, &list);
    json_t *item = json_pack("{s:s%, s:I, s:s}", "name", file, name.len - suffix.len, "keys",
                             cx_is_ok(err) ? (json_int_t)crypto_key_list_count(list) : 0, "state",
                             cx_is_ok(err) ? "read" : "unreadable");
    return item && json_array_append_new(items, item) == 0 ? CX_OK : CX_ERR(NOMEM);
}

cx_err key_list_list_run(struct cli *cli, const struct cli_command *command)
{
    static const char *const columns[] = {"name", "keys", "state"};
    struct place place = {.lock_fd = -1};
    json_auto_t *items = json_array();
    (void)command;
    CX_TRY(open_place(cli, &place));
    CX_CLEANUP(closedirp) DIR *dir = opendir(place.dir);
    if (!dir)
        return CX_ERR(IO);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        CX_TRY(add_row(items, &place, entry->d_name));
    json_auto_t *document = json_pack("{s:O}", "items", items);
    return document ? output_document(cli, document, columns, CX_COUNT_OF(columns)) : CX_ERR(NOMEM);
}
