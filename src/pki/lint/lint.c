/* Runs the rules and keeps what they find. */
#include "pki/lint/rule.h"
#include "pki/lint/rules.h"

#include <stdarg.h>

struct lint_out {
    const struct lint_rule *rule;
    struct pki_lint_report *report;
};

struct lint_shown lint_show(struct cx_bytes bytes)
{
    struct lint_shown shown = {{0}};
    size_t room = sizeof(shown.text) - 4;
    size_t len = bytes.len < room ? bytes.len : room;
    for (size_t i = 0; i < len; i++)
        shown.text[i] = bytes.ptr[i] >= 0x20 && bytes.ptr[i] < 0x7f ? (char)bytes.ptr[i] : '?';
    if (bytes.len > room)
        memcpy(shown.text + len, "...", 3);
    return shown;
}

void lint_found(struct lint_out *out, const char *field, const char *format, ...)
{
    struct pki_lint_report *report = out->report;
    switch (out->rule->about.severity) {
    case PKI_LINT_ERROR:
        report->errors++;
        break;
    case PKI_LINT_WARN:
        report->warnings++;
        break;
    case PKI_LINT_NOTICE:
        report->notices++;
        break;
    }
    if (report->count == PKI_LINT_FINDINGS_MAX)
        return;
    struct pki_lint_finding *finding = &report->findings[report->count++];
    finding->rule = &out->rule->about;
    snprintf(finding->field, sizeof(finding->field), "%s", field);
    va_list args;
    va_start(args, format);
    vsnprintf(finding->text, sizeof(finding->text), format, args);
    va_end(args);
}

static bool applies(const struct lint_rule *rule, const struct pki_lint_context *context)
{
    if ((rule->kinds & (UINT32_C(1) << context->kind)) == 0)
        return false;
    if (context->trust == PKI_TRUST_PUBLIC) /* nothing is ignored there */
        return true;
    if (rule->about.source == PKI_LINT_BASELINE && !context->baseline)
        return false;
    for (size_t i = 0; i < context->ignore_count; i++) {
        if (cx_str_is(context->ignore[i], rule->about.id))
            return false;
    }
    return true;
}

void pki_lint(const struct pki_certificate *certificate, const struct pki_lint_context *context,
              struct pki_lint_report *ret_report)
{
    struct lint_view view;
    lint_view_init(certificate, context, &view);
    ret_report->count = 0;
    ret_report->errors = ret_report->warnings = ret_report->notices = 0;
    for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
        if (!applies(LINT_RULES[i], context))
            continue;
        struct lint_out out = {LINT_RULES[i], ret_report};
        LINT_RULES[i]->check(&view, &out);
    }
}

cx_err pki_lint_verdict(const struct pki_lint_report *report, struct cx_diag *diag)
{
    if (report->errors == 0)
        return CX_OK;
    for (size_t i = 0; i < report->count; i++) {
        const struct pki_lint_finding *finding = &report->findings[i];
        if (finding->rule->severity == PKI_LINT_ERROR)
            return cx_refuse(diag, CX_ERR(POLICY), finding->field, finding->rule->id, "%s (%s)",
                             finding->text, finding->rule->citation);
    }
    return cx_refuse(diag, CX_ERR(POLICY), "", "lint", "%zu lint errors", report->errors);
}

size_t pki_lint_rule_count(void)
{
    return LINT_RULE_COUNT;
}

const struct pki_lint_rule *pki_lint_rule_at(size_t index)
{
    return index < LINT_RULE_COUNT ? &LINT_RULES[index]->about : NULL;
}

const struct pki_lint_rule *pki_lint_rule_find(struct cx_str id)
{
    for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
        if (cx_str_is(id, LINT_RULES[i]->about.id))
            return &LINT_RULES[i]->about;
    }
    return NULL;
}

const char *pki_lint_severity_name(enum pki_lint_severity severity)
{
    switch (severity) {
    case PKI_LINT_ERROR:
        return "error";
    case PKI_LINT_WARN:
        return "warn";
    case PKI_LINT_NOTICE:
        return "notice";
    }
    return "notice";
}
