/* The order matters: uid first (it needs capabilities that it then gives up), seccomp last (it
 * forbids the calls that install the others). */
#include "os/sandbox.h"

#include "base/cleanup.h"
#include "os/sandbox_internal.h"

#include <dirent.h>
#include <errno.h>

static cx_err append_word(char *text, size_t max, const char *word)
{
    size_t used = strlen(text);
    int n = snprintf(text + used, max - used, "%s%s", used > 0 ? " " : "", word);
    return n >= 0 && (size_t)n < max - used ? CX_OK : CX_ERR(LIMIT);
}

cx_err sandbox_report_layer(struct sandbox_report *report, const char *layer)
{
    return append_word(report->layers, sizeof(report->layers), layer);
}

cx_err sandbox_report_missing(struct sandbox_report *report, const char *layer)
{
    return append_word(report->missing, sizeof(report->missing), layer);
}

cx_err sandbox_refuse(struct cx_diag *diag, const char *layer, const char *what)
{
    int saved = errno;
    char reason[128] = "";
    return cx_refuse(diag, CX_ERR(IO), layer, "sandbox", "%s: %s", what,
                     strerror_r(saved, reason, sizeof(reason)));
}

static void close_dirp(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

/* Landlock binds the calling thread and its children only, so a second thread would stay outside.
 */
static cx_err require_one_thread(struct cx_diag *diag)
{
    CX_CLEANUP(close_dirp) DIR *dir = opendir("/proc/self/task");
    if (dir == NULL)
        return sandbox_refuse(diag, "threads", "/proc/self/task cannot be listed");
    size_t count = 0;
    for (const struct dirent *entry = NULL; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    if (count != 1)
        return cx_refuse(diag, CX_ERR(USAGE), "threads", "sandbox",
                         "%zu threads run before the sandbox was entered; start them after it",
                         count);
    return CX_OK;
}

cx_err sandbox_allow_path(struct sandbox_spec *spec, struct cx_str path, uint32_t access,
                          bool optional)
{
    if (spec->path_count == SANDBOX_PATHS_MAX || path.len == 0 || path.len >= SANDBOX_PATH_LEN)
        return CX_ERR(LIMIT);
    struct sandbox_path *rule = &spec->paths[spec->path_count++];
    *rule = (struct sandbox_path){.access = access, .optional = optional};
    memcpy(rule->path, path.ptr, path.len);
    return CX_OK;
}

cx_err sandbox_allow_port(struct sandbox_spec *spec, uint16_t port, bool bind, bool connect)
{
    if (spec->port_count == SANDBOX_PORTS_MAX)
        return CX_ERR(LIMIT);
    spec->ports[spec->port_count++] = (struct sandbox_port){port, bind, connect};
    return CX_OK;
}

cx_err sandbox_enter(const struct sandbox_spec *spec, struct sandbox_report *ret_report,
                     struct cx_diag *diag)
{
    struct sandbox_report report = {.layers = ""};
    CX_TRY(require_one_thread(diag));
    CX_TRY(sandbox_uid_enter(spec, &report, diag));
    CX_TRY(sandbox_rlimit_enter(spec, &report, diag));
    CX_TRY(sandbox_landlock_enter(spec, &report, diag));
    CX_TRY(sandbox_seccomp_enter(spec, &report, diag));
    report.uid = (uint32_t)geteuid();
    *ret_report = report;
    return CX_OK;
}
