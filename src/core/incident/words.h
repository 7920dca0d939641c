/*
 * The closed lists of the incident domain, each once: enum, word and test come from the same list. The words are those of
 * the API, of the rule packs and of the database. Immutable, thread-safe.
 *
 * Severity is not chosen but follows from impact and urgency (incident_severity), so that two people who see the same
 * facts get the same answer.
 */
#pragma once
#include "base/bytes.h"

struct incident_words {
    const char *const *words;
    size_t count;
};

#define INCIDENT_TYPE_LIST(X)                                                                      \
    X(MISISSUANCE, "misissuance")                                                                  \
    X(KEY_COMPROMISE, "key_compromise")                                                            \
    X(PROBLEM_REPORT, "problem_report")                                                            \
    X(DELAYED_REVOCATION, "delayed_revocation")                                                    \
    X(STATUS_FAILURE, "status_failure")                                                            \
    X(DISCLOSURE_FAILURE, "disclosure_failure")                                                    \
    X(AUDIT_FINDING, "audit_finding")                                                              \
    X(PLATFORM_COMPROMISE, "platform_compromise")                                                  \
    X(DATA_EXPOSURE, "data_exposure")                                                              \
    X(AVAILABILITY, "availability")                                                                \
    X(OBLIGATION, "obligation") /* nothing went wrong: a duty with a date, such as a disclosure */ \
    X(OTHER, "other")

/* What the incident is handled as; each adds duties. */
#define INCIDENT_TRACK_LIST(X)                                                                     \
    X(PUBLIC, "public")       /* public trust: reports in the open */                              \
    X(SECURITY, "security")   /* sensitive: restricted reports first */                            \
    X(CUSTOMER, "customer")   /* customers are affected and have to be told */                     \
    X(OPERATION, "operation") /* running duties of a CA, kept as a standing record */              \
    X(NIS2, "nis2")           /* the operator is a trust service in the EU */

/* Which rules the certificates concerned are under. */
#define INCIDENT_CERTIFICATES_LIST(X)                                                              \
    X(TLS, "tls")                                                                                  \
    X(SMIME, "smime")                                                                              \
    X(CODE, "code")                                                                                \
    X(PRIVATE, "private")

#define INCIDENT_LEVEL_LIST(X)                                                                     \
    X(LOW, "low")                                                                                  \
    X(MEDIUM, "medium")                                                                            \
    X(HIGH, "high")
#define INCIDENT_SEVERITY_LIST(X)                                                                  \
    X(LOW, "low")                                                                                  \
    X(MEDIUM, "medium")                                                                            \
    X(HIGH, "high")                                                                                \
    X(CRITICAL, "critical")

#define INCIDENT_SOURCE_LIST(X)                                                                    \
    X(SELF, "self_reported")                                                                       \
    X(THIRD_PARTY, "third_party_reported")                                                         \
    X(AUDIT, "audit")

#define INCIDENT_ROLE_LIST(X)                                                                      \
    X(LEAD, "lead")                                                                                \
    X(COMMUNICATIONS, "communications")                                                            \
    X(SCRIBE, "scribe")                                                                            \
    X(APPROVER, "approver")

/* Kinds of timeline entries that only the program writes: as part of a move, a role, an assessment or a clock. */
#define INCIDENT_OWN_KIND_LIST(X)                                                                  \
    X(REPORTED, "reported")                                                                        \
    X(AWARE, "aware")                                                                              \
    X(CONFIRMED, "confirmed")                                                                      \
    X(CONTAINED, "contained")                                                                      \
    X(STATE_CHANGED, "state_changed")                                                              \
    X(ROLE_ASSIGNED, "role_assigned")                                                              \
    X(ASSESSED, "assessed")                                                                        \
    X(DUTY_WARNED, "duty_warned")                                                                  \
    X(DUTY_MISSED, "duty_missed")                                                                  \
    X(INCIDENT_OPENED, "incident_opened")                                                          \
    X(PAGED, "paged")                                                                              \
    X(PAGE_ESCALATED, "page_escalated")                                                            \
    X(PAGE_ACKNOWLEDGED, "page_acknowledged")                                                      \
    X(PAGE_UNANSWERED, "page_unanswered")                                                          \
    X(CLOSED, "closed")                                                                            \
    X(RECURRED, "recurred")                                                                        \
    X(ACCESS_FROZEN, "access_frozen")                                                              \
    X(ACCESS_UNFROZEN, "access_unfrozen")                                                          \
    X(PLAYBOOK_ATTACHED, "playbook_attached")                                                      \
    X(PLAYBOOK_DETACHED, "playbook_detached")                                                      \
    X(STEP_ASSIGNED, "step_assigned")                                                              \
    X(STEP_DONE, "step_done")                                                                      \
    X(STEP_NOT_APPLICABLE, "step_not_applicable")                                                  \
    X(STEP_REOPENED, "step_reopened")

/* Kinds that people write; what a duty starts with or is met by. */
#define INCIDENT_TOLD_KIND_LIST(X)                                                                 \
    X(NOTE, "note")                                                                                \
    X(CAUSE_INTRODUCED, "cause_introduced")                                                        \
    X(NON_COMPLIANCE_STARTED, "non_compliance_started")                                            \
    X(NON_COMPLIANCE_ENDED, "non_compliance_ended")                                                \
    X(SCOPE_CONCLUDED, "scope_concluded")                                                          \
    X(SCOPE_CHANGED, "scope_changed")                                                              \
    X(ISSUANCE_STOPPED, "issuance_stopped")                                                        \
    X(ISSUANCE_RESUMED, "issuance_resumed")                                                        \
    X(ALERT_RAISED, "alert_raised")                                                                \
    X(ALERT_ANSWERED, "alert_answered")                                                            \
    X(REPORT_RECEIVED, "report_received")                                                          \
    X(REPORT_ACKNOWLEDGED, "report_acknowledged")                                                  \
    X(FINDINGS_SENT_REPORTER, "findings_sent_reporter")                                            \
    X(FINDINGS_SENT_SUBSCRIBER, "findings_sent_subscriber")                                        \
    X(LEAF_REVOCATION_REQUIRED, "leaf_revocation_required")                                        \
    X(CA_REVOCATION_REQUIRED, "ca_revocation_required")                                            \
    X(REVOCATION_RECORDED, "revocation_recorded")                                                  \
    X(CA_REVOCATION_RECORDED, "ca_revocation_recorded")                                            \
    X(REVOCATION_PUBLISHED, "revocation_published")                                                \
    X(REVOCATION_MISSED, "revocation_missed")                                                      \
    X(DISCLOSED, "disclosed")                                                                      \
    X(FULL_REPORT_POSTED, "full_report_posted")                                                    \
    X(COMMENT_RECEIVED, "comment_received")                                                        \
    X(COMMENT_ANSWERED, "comment_answered")                                                        \
    X(NEXT_UPDATE_SET, "next_update_set")                                                          \
    X(UPDATE_POSTED, "update_posted")                                                              \
    X(ACTION_ITEM_CHANGED, "action_item_changed")                                                  \
    X(DELAY_COUNTS_POSTED, "delay_counts_posted")                                                  \
    X(IMPACT_FOUND_WRONG, "impact_found_wrong")                                                    \
    X(CORRECTION_POSTED, "correction_posted")                                                      \
    X(SECOND_CAUSE_FOUND, "second_cause_found")                                                    \
    X(RECURRENCE_FOUND, "recurrence_found")                                                        \
    X(SEPARATE_REPORT_POSTED, "separate_report_posted")                                            \
    X(CLOSURE_REQUESTED, "closure_requested")                                                      \
    X(RESOLVED, "resolved")                                                                        \
    X(EFFICACY_3_POSTED, "efficacy_3_posted")                                                      \
    X(EFFICACY_6_POSTED, "efficacy_6_posted")                                                      \
    X(EFFICACY_12_POSTED, "efficacy_12_posted")                                                    \
    X(TEMPLATE_SUPERSEDED, "template_superseded")                                                  \
    X(TEMPLATE_REPLACED, "template_replaced")                                                      \
    X(AUDIT_FINDING_RECEIVED, "audit_finding_received")                                            \
    X(AUDIT_PERIOD_ENDED, "audit_period_ended")                                                    \
    X(AUDIT_STATEMENT_POSTED, "audit_statement_posted")                                            \
    X(DELAY_LISTED_IN_AUDIT, "delay_listed_in_audit")                                              \
    X(CA_ISSUED, "ca_issued")                                                                      \
    X(CCADB_CHANGE, "ccadb_change")                                                                \
    X(CCADB_UPDATED, "ccadb_updated")                                                              \
    X(CRL_URL_USED, "crl_url_used")                                                                \
    X(CRL_URL_REVOCATION, "crl_url_revocation")                                                    \
    X(CRL_URL_DISCLOSED, "crl_url_disclosed")                                                      \
    X(POLICY_CHANGED, "policy_changed")                                                            \
    X(CHANGE_PLANNED, "change_planned")                                                            \
    X(CHANGE_ANNOUNCED, "change_announced")                                                        \
    X(CONTROLS_REPORT_REQUESTED, "controls_report_requested")                                      \
    X(CONTROLS_REPORT_SENT, "controls_report_sent")                                                \
    X(SECURE_BUG_FILED, "secure_bug_filed")                                                        \
    X(RISK_MITIGATED, "risk_mitigated")                                                            \
    X(CHROME_NOTIFIED, "chrome_notified")                                                          \
    X(CHROME_QUESTION, "chrome_question")                                                          \
    X(CHROME_ANSWERED, "chrome_answered")                                                          \
    X(APPLE_QUESTION, "apple_question")                                                            \
    X(APPLE_ANSWERED, "apple_answered")                                                            \
    X(MICROSOFT_NOTIFIED, "microsoft_notified")                                                    \
    X(MICROSOFT_UPDATED, "microsoft_updated")                                                      \
    X(MICROSOFT_PACE_SET, "microsoft_pace_set")                                                    \
    X(MICROSOFT_FINAL_SENT, "microsoft_final_sent")                                                \
    X(MICROSOFT_ASKS_REVOCATION, "microsoft_asks_revocation")                                      \
    X(AUTHORITY_WARNED, "authority_warned")                                                        \
    X(AUTHORITY_NOTIFIED, "authority_notified")                                                    \
    X(AUTHORITY_FINAL_SENT, "authority_final_sent")                                                \
    X(CUSTOMERS_NOTIFIED, "customers_notified")                                                    \
    X(CUSTOMER_UPDATE_PROMISED, "customer_update_promised")                                        \
    X(CUSTOMERS_UPDATED, "customers_updated")                                                      \
    X(CA_FIRST_CERTIFICATE, "ca_first_certificate")                                                \
    X(CERTIFICATE_PUBLISHED, "certificate_published")                                              \
    X(LEAF_CRL_PUBLISHED, "leaf_crl_published")                                                    \
    X(LEAF_CRL_ONLY_PUBLISHED, "leaf_crl_only_published")                                          \
    X(CA_CRL_PUBLISHED, "ca_crl_published")                                                        \
    X(OCSP_PUBLISHED, "ocsp_published")                                                            \
    X(OCSP_SHORT_PUBLISHED, "ocsp_short_published")                                                \
    X(CA_OCSP_PUBLISHED, "ca_ocsp_published")                                                      \
    X(CA_ENDED, "ca_ended")

#define INCIDENT_KIND_LIST(X) INCIDENT_OWN_KIND_LIST(X) INCIDENT_TOLD_KIND_LIST(X)

#define INCIDENT_ENUM_TYPE(name, word) INCIDENT_##name,
#define INCIDENT_ENUM_TRACK(name, word) TRACK_##name,
#define INCIDENT_ENUM_CERTIFICATES(name, word) CERTIFICATES_##name,
#define INCIDENT_ENUM_LEVEL(name, word) LEVEL_##name,
#define INCIDENT_ENUM_SEVERITY(name, word) SEVERITY_##name,
#define INCIDENT_ENUM_SOURCE(name, word) SOURCE_##name,
#define INCIDENT_ENUM_ROLE(name, word) INCIDENT_ROLE_##name,
#define INCIDENT_ENUM_KIND(name, word) KIND_##name,
enum incident_type { INCIDENT_TYPE_LIST(INCIDENT_ENUM_TYPE) INCIDENT_TYPE_COUNT };
enum incident_track { INCIDENT_TRACK_LIST(INCIDENT_ENUM_TRACK) TRACK_COUNT };
enum incident_certificates {
    INCIDENT_CERTIFICATES_LIST(INCIDENT_ENUM_CERTIFICATES) CERTIFICATES_COUNT
};
enum incident_level { INCIDENT_LEVEL_LIST(INCIDENT_ENUM_LEVEL) LEVEL_COUNT };
enum incident_severity { INCIDENT_SEVERITY_LIST(INCIDENT_ENUM_SEVERITY) SEVERITY_COUNT };
enum incident_source { INCIDENT_SOURCE_LIST(INCIDENT_ENUM_SOURCE) SOURCE_COUNT };
enum incident_role { INCIDENT_ROLE_LIST(INCIDENT_ENUM_ROLE) INCIDENT_ROLE_COUNT };
enum incident_kind { INCIDENT_KIND_LIST(INCIDENT_ENUM_KIND) KIND_COUNT };

extern const struct incident_words incident_types, incident_tracks, incident_certificates_words,
    incident_levels, incident_severities, incident_sources, incident_roles, incident_kinds;

/* The word of a value; "?" outside the list. */
const char *incident_word(const struct incident_words *words, int value);
/* CX_E_PARSE when it is none of them. */
cx_err incident_value(const struct incident_words *words, struct cx_str word, int *ret_value);

enum incident_severity incident_severity(enum incident_level impact, enum incident_level urgency);

/* People write these; the others come with what the program does. */
bool incident_kind_is_told(enum incident_kind kind);
/* One of aware, confirmed, contained and disclosed: set once, then only corrected by a further entry. */
bool incident_kind_is_once(enum incident_kind kind);
