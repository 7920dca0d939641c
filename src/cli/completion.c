#include "cli/completion.h"

#include "cli/commands.h"

enum { HOST_COMMANDS_MAX = 64 };

static const char script_head[] =
    "# bash completion of certinext; load it with: source <(certinext completion bash)\n"
    "_certinext() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} words\n"
    "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n";
static const char script_tail[] =
    "    esac\n"
    "    if [ \"$COMP_CWORD\" -gt 1 ] && [ \"${word:0:1}\" != - ]; then\n"
    "        case \"$words\" in --*) words= ;; esac\n"
    "    fi\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
    "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
    "}\n"
    "complete -F _certinext certinext\n";

static void print_options(const struct cli_command *command)
{
    printf("    \"%s %s\"%s) words=\"", command->noun, command->verb ? command->verb : "",
           command->verb ? "" : "*");
    for (size_t i = 0; i < command->option_count; i++)
        printf("--%s ", command->options[i].name);
    printf("--json --context --local --help\" ;;\n");
}

static bool first_of_noun(const struct cli_command *commands, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(commands[i].noun, commands[at].noun) == 0)
            return false;
    return true;
}

static void print_verbs(const struct cli_command *commands, size_t count, const char *noun)
{
    printf("    \"%s \"*) words=\"", noun);
    for (size_t i = 0; i < count; i++)
        if (commands[i].verb && strcmp(commands[i].noun, noun) == 0)
            printf("%s ", commands[i].verb);
    printf("\" ;;\n");
}

cx_err completion_run(struct cli *cli, const struct cli_command *command)
{
    static struct cli_command commands[CLI_COMMANDS_MAX + HOST_COMMANDS_MAX];
    size_t count = 0;
    (void)command;
    if (!cx_str_is(cli->positionals[0], "bash"))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "", "Only bash is supported.");
    CX_TRY(cli_commands(&cli->arena, commands, &count));
    for (size_t i = 0; i < cli_host_command_count && i < HOST_COMMANDS_MAX; i++)
        commands[count++] = cli_host_commands[i];
    fputs(script_head, stdout);
    for (size_t i = 0; i < count; i++)
        print_options(&commands[i]);
    for (size_t i = 0; i < count; i++)
        if (commands[i].verb && first_of_noun(commands, i))
            print_verbs(commands, count, commands[i].noun);
    printf("    *) words=\"serve config ");
    for (size_t i = 0; i < count; i++)
        if (commands[i].summary && first_of_noun(commands, i))
            printf("%s ", commands[i].noun);
    printf("\" ;;\n%s", script_tail);
    return fflush(stdout) == 0 ? CX_OK : CX_ERR(IO);
}
