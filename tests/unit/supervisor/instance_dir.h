/* A data directory with a TLS key, made with the tools that an operator has (openssl), and removed. */
#pragma once
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "os/file.h"
#include "os/process.h"

#include <ftw.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

static inline int run_program(const char *const *argv)
{
    const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    const struct os_spawn spec = {.path = argv[0], .argv = argv, .environment = environment};
    struct cx_diag diag = CX_DIAG_INIT;
    struct os_exit end = {.code = -1};
    pid_t pid = 0;
    CX_AUTO_CLOSE int pidfd = -1;
    if (cx_failed(os_process_spawn(&spec, &pid, &pidfd, &diag))) {
        print_message("%s\n", diag.text);
        return -1;
    }
    assert_ok(os_process_reap(pid, &end));
    return end.signalled ? -1 : end.code;
}

static inline void make_certificate(const char *folder, const char *certificate, const char *key)
{
    char cert_path[OS_PATH_MAX], key_path[OS_PATH_MAX];
    assert_ok(os_path(cert_path, "%s/%s", folder, certificate));
    assert_ok(os_path(key_path, "%s/%s", folder, key));
    const char *const argv[] = {"/usr/bin/openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:P-256",
                                "-noenc",
                                "-days",
                                "2",
                                "-subj",
                                "/CN=localhost",
                                "-addext",
                                "subjectAltName=DNS:localhost,IP:127.0.0.1",
                                "-keyout",
                                key_path,
                                "-out",
                                cert_path,
                                NULL};
    assert_int_equal(run_program(argv), 0);
}

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* A port that was free a moment ago. */
static inline uint16_t free_port(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}
