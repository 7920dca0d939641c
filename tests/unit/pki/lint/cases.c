/* Runs a table of cases against the rules. */
#include "tests/unit/pki/lint/draft.h"

/* Is id one of the words? */
static bool listed(const char *words, const char *id)
{
    size_t len = strlen(id);
    for (const char *at = strstr(words, id); at; at = strstr(at + 1, id)) {
        if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0))
            return true;
    }
    return false;
}

static size_t found(const struct pki_lint_report *report, const char *id)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += strcmp(report->findings[i].rule->id, id) == 0;
    return count;
}

static void print_findings(const struct pki_lint_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        print_message("  %s: %s %s\n", report->findings[i].rule->id, report->findings[i].field,
                      report->findings[i].text);
}

/* Notices that nearly every subscriber certificate earns: the base has what RFC 5280 wants (a key identifier) and what
 * most clients show (a common name). A case that does not list them does not look at them. */
static bool is_standing(const char *id)
{
    return strcmp(id, "br-ski-not-recommended") == 0 || strcmp(id, "br-cn-not-recommended") == 0;
}

/* Exactly the expected rules find something; the RFC rules alone when baseline is off. */
static void compare(const struct lint_case *one, const struct pki_lint_report *report,
                    bool baseline)
{
    for (size_t i = 0; i < pki_lint_rule_count(); i++) {
        const struct pki_lint_rule *rule = pki_lint_rule_at(i);
        bool expected =
            listed(one->rules, rule->id) && (baseline || rule->source == PKI_LINT_RFC5280);
        if (!expected && is_standing(rule->id))
            continue;
        if (expected != (found(report, rule->id) > 0)) {
            print_message("case \"%s\" (baseline %d): rule %s\n", one->rules, baseline, rule->id);
            print_findings(report);
            fail_msg("%s", expected ? "expected and not found" : "found and not expected");
        }
    }
}

static const struct pki_certificate *issuer_of(enum pki_kind kind, struct draft *draft,
                                               struct pki_certificate *certificate)
{
    draft_init(draft, kind == PKI_KIND_SUB_CA ? PKI_KIND_ROOT_CA : PKI_KIND_SUB_CA);
    draft_finish(draft, certificate);
    return kind == PKI_KIND_ROOT_CA ? NULL : certificate;
}

static void check_case(const struct lint_case *one)
{
    struct draft draft;
    struct draft issuer_draft;
    struct pki_certificate issuer;
    struct pki_certificate certificate;
    struct pki_certificate parsed;
    struct pki_lint_report report;
    draft_init(&draft, (enum pki_kind)one->kind);
    for (size_t i = 0; i < EDITS_MAX; i++)
        draft_edit(&draft, &one->edits[i]);
    draft_finish(&draft, &certificate);
    struct pki_lint_context context = {
        .trust = PKI_TRUST_PRIVATE,
        .kind = (enum pki_kind)one->kind,
        .issuer = issuer_of((enum pki_kind)one->kind, &issuer_draft, &issuer)};
    pki_lint(&certificate, &context, &report);
    if (!one->only_baseline)
        compare(one, &report, false);
    context.baseline = true;
    if (!one->without_baseline) {
        pki_lint(&certificate, &context, &report);
        compare(one, &report, true);
        context.trust = PKI_TRUST_PUBLIC;
        pki_lint(&certificate, &context, &report);
        compare(one, &report, true);
        /* What the strict parser accepts looks the same through it. */
        if (cx_is_ok(pki_certificate_parse(certificate.der, NULL, &parsed))) {
            pki_lint(&parsed, &context, &report);
            compare(one, &report, true);
        }
    }
    draft_clear(&draft);
    draft_clear(&issuer_draft);
}

void check_cases(const struct lint_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (const char *at = cases[i].rules; *at;) { /* a misspelt rule would never be found */
            size_t len = strcspn(at, " ");
            assert_non_null(pki_lint_rule_find((struct cx_str){at, len}));
            at += len + (at[len] == ' ');
        }
        check_case(&cases[i]);
    }
}

void check_coverage(const struct lint_case *cases, size_t count, enum pki_lint_source source)
{
    for (size_t i = 0; i < pki_lint_rule_count(); i++) {
        const struct pki_lint_rule *rule = pki_lint_rule_at(i);
        bool covered = rule->source != source;
        for (size_t c = 0; c < count && !covered; c++)
            covered = listed(cases[c].rules, rule->id);
        if (!covered)
            fail_msg("no case for %s", rule->id);
    }
}
