#include "cli/completion.h"

#include "cli/commands.h"

enum { HOST_COMMANDS_MAX = 64 };

/* What differs between the shells. Between head and tail stand the same cases, which set the candidates by the words
 * before the cursor: "NOUN VERB", "NOUN " and anything else. Without a candidate the shell offers files. */
static const struct shell {
    const char *name, *head, *tail;
} shells[] = {
    {"bash",
     "# bash completion of certinext; load it with: source <(certinext completion bash)\n"
     "_certinext() {\n"
     "    local word=${COMP_WORDS[COMP_CWORD]} candidates\n"
     "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n",
     "    esac\n"
     "    if [ \"$COMP_CWORD\" -gt 1 ] && [ \"${word:0:1}\" != - ]; then\n"
     "        case \"$candidates\" in --*) candidates= ;; esac\n"
     "    fi\n"
     "    COMPREPLY=($(compgen -W \"$candidates\" -- \"$word\"))\n"
     "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
     "}\n"
     "complete -F _certinext certinext\n"},
    {"zsh",
     "#compdef certinext\n"
     "# zsh completion of certinext; load it with: source <(certinext completion zsh), or as "
     "_certinext in fpath\n"
     "_certinext() {\n"
     "    local word=${words[CURRENT]} candidates=\n"
     "    case \"${words[2]} ${words[3]}\" in\n",
     "    esac\n"
     "    if [[ $CURRENT -gt 2 && $word != -* && $candidates == --* ]]; then\n"
     "        candidates=\n"
     "    fi\n"
     "    compadd -- ${=candidates} || _files\n"
     "}\n"
     "if [[ ${funcstack[1]} == _certinext ]]; then _certinext \"$@\"; else compdef _certinext "
     "certinext; fi\n"},
};

static void print_options(const struct cli_command *command)
{
    printf("    \"%s %s\"%s) candidates=\"", command->noun, command->verb ? command->verb : "",
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
    printf("    \"%s \"*) candidates=\"", noun);
    for (size_t i = 0; i < count; i++)
        if (commands[i].verb && strcmp(commands[i].noun, noun) == 0)
            printf("%s ", commands[i].verb);
    printf("\" ;;\n");
}

static const struct shell *find_shell(struct cx_str name)
{
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (cx_str_is(name, shells[i].name))
            return &shells[i];
    return NULL;
}

cx_err completion_run(struct cli *cli, const struct cli_command *command)
{
    static struct cli_command commands[CLI_COMMANDS_MAX + HOST_COMMANDS_MAX];
    size_t count = 0;
    (void)command;
    const struct shell *shell = find_shell(cli->positionals[0]);
    if (!shell)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "", "The shells are bash and zsh.");
    CX_TRY(cli_commands(&cli->arena, commands, &count));
    for (size_t i = 0; i < cli_host_command_count && i < HOST_COMMANDS_MAX; i++)
        commands[count++] = cli_host_commands[i];
    fputs(shell->head, stdout);
    for (size_t i = 0; i < count; i++)
        print_options(&commands[i]);
    for (size_t i = 0; i < count; i++)
        if (commands[i].verb && first_of_noun(commands, i))
            print_verbs(commands, count, commands[i].noun);
    printf("    *) candidates=\"serve config ");
    for (size_t i = 0; i < count; i++)
        if (commands[i].summary && first_of_noun(commands, i))
            printf("%s ", commands[i].noun);
    printf("\" ;;\n%s", shell->tail);
    return fflush(stdout) == 0 ? CX_OK : CX_ERR(IO);
}
