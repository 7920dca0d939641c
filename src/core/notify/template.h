/*
 * The texts of customer notices as data (notice-templates/, one file a language and version): a frame with {placeholders}
 * and the lines that repeat. Read strictly at start: unknown keys and unknown placeholders are refused. The newest version of
 * a language counts; a notice keeps the name of the one it was made with. Immutable afterwards, thread-safe.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

/* The kinds of timeline entries that are told as containment, in the words of the rule packs. */
#define NOTICE_ACTION_LIST(X)                                                                      \
    X(CONTAINED, "contained")                                                                      \
    X(ISSUANCE_STOPPED, "issuance_stopped")                                                        \
    X(ISSUANCE_RESUMED, "issuance_resumed")                                                        \
    X(REVOCATION_RECORDED, "revocation_recorded")                                                  \
    X(REVOCATION_PUBLISHED, "revocation_published")                                                \
    X(CA_REVOCATION_RECORDED, "ca_revocation_recorded")                                            \
    X(RISK_MITIGATED, "risk_mitigated")
#define NOTICE_ACTION_ENUM(name, word) NOTICE_ACTION_##name,
enum notice_action { NOTICE_ACTION_LIST(NOTICE_ACTION_ENUM) NOTICE_ACTION_COUNT };

struct notice_template {
    struct cx_str name, version, language;
    struct cx_str subject, reminder, unknown, more_line, certificate_line, action_line, step_line,
        act_by_text, update_text, body;
    struct cx_str actions[NOTICE_ACTION_COUNT];
};

enum { NOTICE_TEMPLATE_MAX = 64 * 1024, NOTICE_TEMPLATES_MAX = 64 };

/* Texts are in arena. CX_E_PARSE with the place. */
cx_err notice_template_parse(struct cx_bytes yaml, struct arena *arena, struct cx_diag *diag,
                             struct notice_template *ret_template);

struct notice_value {
    const char *name;
    struct cx_str text;
};
/* Appends text with every {name} replaced. CX_E_INTERNAL on a name without value. */
cx_err notice_expand(struct cx_str text, const struct notice_value *values, size_t count,
                     struct cx_buf *out);

struct notice_text_file {
    const char *text;
    size_t len;
};
extern const struct notice_text_file notice_text_files[]; /* generated of notice-templates/ */
extern const size_t notice_text_file_count;

struct notice_templates;
cx_err notice_templates_new(const struct notice_text_file *files, size_t count,
                            struct cx_diag *diag, struct notice_templates **ret_templates);
void notice_templates_free(struct notice_templates *templates); /* NULL-safe */
/* NULL when there is none in the language. */
const struct notice_template *notice_templates_find(const struct notice_templates *templates,
                                                    struct cx_str language);
