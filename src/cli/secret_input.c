#include "cli/secret_input.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

static cx_err read_line(int fd, char *text, size_t max, size_t *ret_len)
{
    size_t len = 0;
    while (len < max) {
        ssize_t n = read(fd, text + len, 1);
        if (n <= 0)
            return CX_ERR(IO);
        if (text[len] == '\n') {
            *ret_len = len;
            return CX_OK;
        }
        len++;
    }
    return CX_ERR(LIMIT);
}

cx_err secret_input(struct cli *cli, const char *what, struct cx_str *ret_text)
{
    CX_AUTO_CLOSE int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios before, silent;
    char text[SECRET_INPUT_MAX];
    size_t len = 0;
    if (terminal < 0 || tcgetattr(terminal, &before) != 0)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "",
                         "There is no terminal to ask for the secret: give it as @FILE.");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    dprintf(terminal, "%s: ", what);
    if (tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
        return CX_ERR(IO);
    cx_err err = read_line(terminal, text, sizeof(text), &len);
    tcsetattr(terminal, TCSAFLUSH, &before);
    dprintf(terminal, "\n");
    if (cx_is_ok(err))
        err = arena_copy_str(&cli->arena, (struct cx_str){text, len}, ret_text);
    cx_wipe(text, sizeof(text));
    return err;
}
