/* From argv and the configuration to a struct role_start. Everything here runs before the sandbox
 * and reads nothing but our own files. */
#include "supervisor/serve.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "outbound/perspective.h"
#include "supervisor/gate.h"
#include "supervisor/instance.h"
#include "supervisor/layout.h"

#include <sys/stat.h>

enum { ROLE_ARENA_MAX = 256 * 1024 };

static bool is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool find_role(const char *name, enum role_kind *ret_kind)
{
    for (int kind = 0; kind < ROLE_COUNT; kind++)
        if (strcmp(name, role_name((enum role_kind)kind)) == 0) {
            *ret_kind = (enum role_kind)kind;
            return true;
        }
    return false;
}

/* config_finish has checked the text. */
static bool outbound_binds(const struct config *config)
{
    struct perspective_plans plans = {.count = 0};
    return cx_is_ok(perspective_parse(config->validation_perspectives, NULL, &plans)) &&
           perspective_needs_bind(&plans);
}

static struct role_start make_start(enum role_kind kind, const struct instance *instance)
{
    const struct config *config = &instance->config;
    return (struct role_start){
        .kind = kind,
        .data_dir = instance->dir,
        .control_fd = ROLE_CONTROL_FD,
        .keys_fd = is_socket(ROLE_KEYS_FD) ? ROLE_KEYS_FD : -1,
        .outbound_fd = is_socket(ROLE_OUTBOUND_FD) ? ROLE_OUTBOUND_FD : -1,
        .uid = layout_uid(config, role_uid_offset(kind)),
        .drill = instance->drill,
        .database_url = config->database_url,
        .public_url = config->public_url,
        .status_url = config->status_url,
        .thread_count = (unsigned)config->core_threads,
        .gate_gid = layout_uid(config, role_uid_offset(ROLE_GATE)),
        .keys_worker_count = (unsigned)config->keys_workers,
        .unlock_file = config->unlock_file,
        .pkcs11_module = config->pkcs11_module,
        .pkcs11_pin_file = config->pkcs11_pin_file,
        .pkcs11_state_dir = config->pkcs11_state_dir,
        .softhsm2_conf = config->softhsm2_conf,
        .outbound_allow_private = config->outbound_allow_private,
        .outbound_binds = outbound_binds(config),
        .outbound_allow_networks = config->outbound_allow_networks,
        .validation_perspectives = config->validation_perspectives,
        .validation_quorum = (unsigned)config->validation_quorum,
        .validation_http_port = (uint16_t)config->validation_http_port,
        .validation_https_port = (uint16_t)config->validation_https_port,
        .validation_tls_port = (uint16_t)config->validation_tls_port,
        .dns_trust_anchor = config->dns_trust_anchor,
        .dns_insecure_zones = config->dns_insecure_zones,
        .smtp_url = config->smtp_url,
        .smtp_plain = cx_str_is(config->smtp_tls, "none"),
        .smtp_from = config->smtp_from,
        .smtp_user = config->smtp_user,
        .smtp_password_file = config->smtp_password_file,
        .smtp_ca_file = config->smtp_ca_file,
    };
}

static int run_role(const struct role_start *start, const struct config *config,
                    const struct role_entry *entries, size_t count)
{
    if (start->kind == ROLE_GATE)
        return gate_main(start, config);
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind == start->kind)
            return entries[i].main(start);
    cx_log(CX_LOG_ERROR, "this program was built without the role", NULL);
    return ROLE_EXIT_REFUSED;
}

int role_command(int argc, char **argv, const struct role_entry *entries, size_t count)
{
    enum role_kind kind = ROLE_COUNT;
    if (argc < 1 || !find_role(argv[0], &kind) || !is_socket(ROLE_CONTROL_FD)) {
        fprintf(stderr, "certinext role: started by `certinext serve` only\n");
        return cx_exit_code(CX_ERR(USAGE));
    }
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ROLE_ARENA_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct instance instance = {.arg_count = 0};
    cx_log_init(role_name(kind), CX_LOG_INFO);
    cx_err err = instance_open(argc - 1, argv + 1, &arena, &diag, &instance);
    if (cx_failed(err)) {
        cx_log_err(CX_LOG_ERROR, err, "the configuration is refused", "field", diag.field, "reason",
                   diag.text, NULL);
        return ROLE_EXIT_REFUSED;
    }
    cx_log_init(role_name(kind), config_log_level(&instance.config));
    const struct role_start start = make_start(kind, &instance);
    return run_role(&start, &instance.config, entries, count);
}
