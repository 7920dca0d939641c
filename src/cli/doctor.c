/* Each check prints its own line and never stops the next one. */
#include "cli/doctor.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/context.h"
#include "cli/http.h"
#include "cli/inspect.h"
#include "cli/output.h"
#include "cli/status.h"
#include "codec/pem.h"
#include "codec/yaml.h"
#include "crypto/key_lists.h"
#include "os/file.h"
#include "pki/certificate.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

enum {
    PATH_TEXT_MAX = 600,
    TLS_WARN_DAYS = 14,
    DISK_WARN_MIB = 1024,
    DISK_FAIL_MIB = 128,
    RESTARTS_WARN = 3
};

static const char *const verdict_names[] = {"ok", "warn", "fail"};

struct doctor {
    struct cli *cli;
    struct cx_str dir;
    json_t *lines;
    unsigned failures;
};

void (*doctor_further)(struct doctor *doctor) = NULL;

struct cli *doctor_cli(struct doctor *doctor)
{
    return doctor->cli;
}

void doctor_say(struct doctor *doctor, enum verdict verdict, const char *what, const char *format,
                ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    doctor->failures += verdict == VERDICT_FAIL;
    if (doctor->cli->json) /* a missing line for lack of memory is better than no answer */
        json_array_append_new(doctor->lines, json_pack("{s:s, s:s, s:s}", "check", what, "verdict",
                                                       verdict_names[verdict], "text", text));
    else
        printf("%-4s %-14s %s\n", verdict_names[verdict], what, text);
}

static cx_err path_of(const struct doctor *doctor, const char *name,
                      char ret_path[static OS_PATH_MAX])
{
    return os_path(ret_path, "%.*s/%s", CX_STR_ARG(doctor->dir), name);
}

static void check_configuration(struct doctor *doctor)
{
    char path[OS_PATH_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(65536);
    struct cx_diag diag = CX_DIAG_INIT;
    json_auto_t *root = NULL;
    if (cx_failed(path_of(doctor, "certinext.yaml", path)) ||
        cx_failed(os_file_read(path, 65536, &text)))
        doctor_say(doctor, VERDICT_FAIL, "configuration",
                   "%.*s/certinext.yaml cannot be read: give the data directory with --data.",
                   CX_STR_ARG(doctor->dir));
    else if (cx_failed(yaml_parse(cx_buf_view(&text), 65536, &diag, &root)))
        doctor_say(doctor, VERDICT_FAIL, "configuration",
                   "%s: correct it and run certinext config check.", diag.text);
    else
        doctor_say(doctor, VERDICT_OK, "configuration", "%s", path);
}

static void check_folder(struct doctor *doctor, const char *name, mode_t forbidden)
{
    char path[OS_PATH_MAX];
    struct stat info;
    if (cx_failed(path_of(doctor, name, path)) || stat(path, &info) != 0)
        doctor_say(doctor, VERDICT_FAIL, "permissions",
                   "%s is missing or cannot be seen: run doctor as the user that runs the service.",
                   name);
    else if (info.st_mode & forbidden)
        doctor_say(doctor, VERDICT_FAIL, "permissions", "%s has mode %04o: chmod %04o it.", path,
                   info.st_mode & 07777u, info.st_mode & 07777u & ~forbidden);
    else
        doctor_say(doctor, VERDICT_OK, "permissions", "%s is closed to others", path);
}

static void check_process(struct doctor *doctor, const json_t *process)
{
    const char *name = json_string_value(json_object_get(process, "role"));
    const char *state = json_string_value(json_object_get(process, "state"));
    long long restarts = json_integer_value(json_object_get(process, "restarts"));
    if (!name || !state)
        return;
    if (!json_object_get(process, "pid"))
        doctor_say(doctor, VERDICT_FAIL, "process", "%s is %s: see the service's log.", name,
                   state);
    else if (restarts > RESTARTS_WARN)
        doctor_say(doctor, VERDICT_WARN, "process",
                   "%s is %s after %lld restarts: see the service's log.", name, state, restarts);
    else
        doctor_say(doctor, VERDICT_OK, "process", "%s is %s", name, state);
}

static void check_processes(struct doctor *doctor)
{
    json_auto_t *status = NULL;
    struct cx_diag before = doctor->cli->diag;
    bool alive = false;
    size_t index;
    json_t *process;
    cx_err err = status_read(doctor->cli, doctor->dir, &status, &alive);
    doctor->cli->diag = before;
    if (cx_failed(err) || !alive) {
        doctor_say(doctor, VERDICT_FAIL, "process",
                   "The platform is not running: certinext serve --data %.*s",
                   CX_STR_ARG(doctor->dir));
        return;
    }
    json_array_foreach(json_object_get(status, "processes"), index, process)
        check_process(doctor, process);
}

static void check_server(struct doctor *doctor)
{
    struct http_call call = {.method = "GET", .path = CX_STR("/healthz")};
    struct cli_context nobody = {0};
    struct http_answer answer;
    struct cx_str before = doctor->cli->local;
    struct cx_diag diag = doctor->cli->diag;
    doctor->cli->local = doctor->dir;
    cx_err err = http_send(doctor->cli, &nobody, &call, &answer);
    doctor->cli->local = before;
    doctor->cli->diag = diag;
    if (cx_failed(err) || answer.status != 200)
        doctor_say(doctor, VERDICT_FAIL, "server",
                   "core does not answer on run/local.sock: see the service's log.");
    else
        doctor_say(doctor, VERDICT_OK, "server", "core answers on run/local.sock");
}

static void check_clock(struct doctor *doctor)
{
    struct timex state = {.modes = 0};
    if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC))
        doctor_say(
            doctor, VERDICT_WARN, "clock",
            "The kernel says that the clock is not synchronised: run chrony or systemd-timesyncd.");
    else
        doctor_say(doctor, VERDICT_OK, "clock", "synchronised");
}

static void check_disk(struct doctor *doctor)
{
    char path[OS_PATH_MAX];
    struct statvfs disk;
    if (cx_failed(path_of(doctor, ".", path)) || statvfs(path, &disk) != 0) {
        doctor_say(doctor, VERDICT_FAIL, "disk", "%.*s cannot be examined.",
                   CX_STR_ARG(doctor->dir));
        return;
    }
    unsigned long long free_mib = (unsigned long long)disk.f_bavail * disk.f_frsize / (1024 * 1024);
    enum verdict verdict = free_mib < DISK_FAIL_MIB   ? VERDICT_FAIL
                           : free_mib < DISK_WARN_MIB ? VERDICT_WARN
                                                      : VERDICT_OK;
    doctor_say(doctor, verdict, "disk", "%llu MiB free%s", free_mib,
               verdict == VERDICT_OK ? "" : ": make room, a full disk stops every change.");
}

static void say_expiry(struct doctor *doctor, const char *what, const char *path, cx_time until_us,
                       int64_t warn_us, const char *advice)
{
    struct cx_clock clock;
    char text[CX_TIME_TEXT_MAX] = "";
    cx_clock_system(&clock);
    cx_time now_us = cx_now(&clock);
    CX_IGNORE(cx_time_format(until_us, text)); /* a date that cannot be printed is far away */
    if (until_us <= now_us)
        doctor_say(doctor, VERDICT_FAIL, what, "%s expired at %s: %s", path, text, advice);
    else if (until_us - now_us < warn_us)
        doctor_say(doctor, VERDICT_WARN, what, "%s expires at %s: %s", path, text, advice);
    else
        doctor_say(doctor, VERDICT_OK, what, "%s is valid until %s", path, text);
}

static void check_tls(struct doctor *doctor)
{
    static const struct pem_limits limits = {
        .text_max = 1 << 20, .blocks_max = 16, .label = "CERTIFICATE", .skip_text = true};
    char path[OS_PATH_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(1 << 20);
    struct pem_block *blocks = NULL;
    struct pki_certificate certificate;
    size_t count = 0;
    if (cx_failed(path_of(doctor, "gate/tls.crt", path)) ||
        cx_failed(os_file_read(path, 1 << 20, &text)) ||
        cx_failed(
            pem_parse(&doctor->cli->arena, cx_buf_view(&text), &limits, NULL, &blocks, &count)) ||
        cx_failed(pki_certificate_parse(blocks[0].der, NULL, &certificate)))
        doctor_say(doctor, VERDICT_FAIL, "tls",
                   "gate/tls.crt cannot be read or is no certificate.");
    else
        say_expiry(doctor, "tls", path, certificate.not_after_us, TLS_WARN_DAYS * CX_US_PER_DAY,
                   "certinext gate certificate makes a new one; or put your own into gate/.");
}

/* An issuer has up to thousands of shards: those in order are one line together. */
struct shards {
    unsigned fresh;
    cx_time first_us; /* the earliest nextUpdate of them */
};

static void check_key_lists(struct doctor *doctor)
{
    char path[PATH_TEXT_MAX];
    struct crypto_key_lists *lists = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    size_t count = 0;
    (void)snprintf(path, sizeof(path), "%.*s/key-lists", CX_STR_ARG(doctor->dir));
    cx_err err = crypto_key_lists_new(path, &lists);
    if (cx_is_ok(err))
        err = crypto_key_lists_count(lists, &diag, &count);
    crypto_key_lists_free(lists);
    if (cx_is_ok(err))
        doctor_say(doctor, VERDICT_OK, "key-lists", "%zu keys are listed as compromised.", count);
    else
        doctor_say(doctor, VERDICT_FAIL, "key-lists",
                   "%s Nothing is certified: add the list again, or certinext key-list remove.",
                   diag.text);
}

static void check_crl(struct doctor *doctor, const char *path, cx_time now_us,
                      struct shards *shards)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(CLI_FILE_MAX);
    cx_time next_us = 0;
    if (cx_failed(os_file_read(path, CLI_FILE_MAX, &der)) ||
        cx_failed(inspect_crl_next_update(cx_buf_view(&der), &next_us))) {
        doctor_say(doctor, VERDICT_FAIL, "crl", "%s cannot be read or is no CRL.", path);
    } else if (next_us <= now_us) {
        say_expiry(doctor, "crl", path, next_us, 0, "core publishes CRLs; is it running?");
    } else {
        shards->first_us = shards->fresh && shards->first_us < next_us ? shards->first_us : next_us;
        shards->fresh++;
    }
}

static void check_issuer_crls(struct doctor *doctor, const char *folder)
{
    DIR *files = opendir(folder);
    struct dirent *entry;
    struct cx_clock clock;
    struct shards shards = {0};
    char text[CX_TIME_TEXT_MAX] = "";
    cx_clock_system(&clock);
    while (files && (entry = readdir(files))) {
        char path[PATH_TEXT_MAX];
        size_t len = strlen(entry->d_name);
        if (len < 5 || strcmp(entry->d_name + len - 4, ".crl") != 0)
            continue;
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < sizeof(path))
            check_crl(doctor, path, cx_now(&clock), &shards);
    }
    if (files)
        closedir(files);
    CX_IGNORE(
        cx_time_format(shards.first_us, text)); /* a date that cannot be printed is far away */
    if (shards.fresh)
        doctor_say(doctor, VERDICT_OK, "crl", "%s: %u CRLs, the first is valid until %s",
                   strrchr(folder, '/') + 1, shards.fresh, text);
}

static void check_crls(struct doctor *doctor)
{
    char root[OS_PATH_MAX];
    if (cx_failed(path_of(doctor, "public/crl", root)))
        return;
    DIR *issuers = opendir(root);
    struct dirent *entry;
    if (!issuers) {
        doctor_say(doctor, VERDICT_WARN, "crl", "%s does not exist: nothing was published yet.",
                   root);
        return;
    }
    while ((entry = readdir(issuers))) {
        char path[PATH_TEXT_MAX];
        if (entry->d_name[0] != '.' &&
            (size_t)snprintf(path, sizeof(path), "%s/%s", root, entry->d_name) < sizeof(path))
            check_issuer_crls(doctor, path);
    }
    closedir(issuers);
}

cx_err doctor_run(struct cli *cli, const struct cli_command *command)
{
    json_auto_t *answer = json_pack("{s:[]}", "items");
    struct doctor doctor = {
        .cli = cli, .dir = status_data_dir(cli), .lines = json_object_get(answer, "items")};
    (void)command;
    if (!answer)
        return CX_ERR(NOMEM);
    check_configuration(&doctor);
    check_folder(&doctor, "keys", 0077);
    check_folder(&doctor, "db", 0007);
    check_processes(&doctor);
    check_server(&doctor);
    check_clock(&doctor);
    check_disk(&doctor);
    check_tls(&doctor);
    check_key_lists(&doctor);
    check_crls(&doctor);
    if (doctor_further)
        doctor_further(&doctor);
    if (cli->json)
        CX_TRY(output_document(cli, answer, NULL, 0));
    if (doctor.failures)
        return cx_refuse(&cli->diag, CX_ERR(CONFLICT), "", "", "%u checks failed.",
                         doctor.failures);
    return CX_OK;
}
