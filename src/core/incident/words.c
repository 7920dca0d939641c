#include "core/incident/words.h"

#define WORD(name, word) word,
static const char *const TYPES[] = {INCIDENT_TYPE_LIST(WORD)};
static const char *const TRACKS[] = {INCIDENT_TRACK_LIST(WORD)};
static const char *const CERTIFICATES[] = {INCIDENT_CERTIFICATES_LIST(WORD)};
static const char *const LEVELS[] = {INCIDENT_LEVEL_LIST(WORD)};
static const char *const SEVERITIES[] = {INCIDENT_SEVERITY_LIST(WORD)};
static const char *const SOURCES[] = {INCIDENT_SOURCE_LIST(WORD)};
static const char *const ROLES[] = {INCIDENT_ROLE_LIST(WORD)};
static const char *const KINDS[] = {INCIDENT_KIND_LIST(WORD)};
#undef WORD

const struct incident_words incident_types = {TYPES, INCIDENT_TYPE_COUNT};
const struct incident_words incident_tracks = {TRACKS, TRACK_COUNT};
const struct incident_words incident_certificates_words = {CERTIFICATES, CERTIFICATES_COUNT};
const struct incident_words incident_levels = {LEVELS, LEVEL_COUNT};
const struct incident_words incident_severities = {SEVERITIES, SEVERITY_COUNT};
const struct incident_words incident_sources = {SOURCES, SOURCE_COUNT};
const struct incident_words incident_roles = {ROLES, INCIDENT_ROLE_COUNT};
const struct incident_words incident_kinds = {KINDS, KIND_COUNT};

/* Rows: impact; columns: urgency. */
static const enum incident_severity MATRIX[LEVEL_COUNT][LEVEL_COUNT] = {
    [LEVEL_LOW] = {SEVERITY_LOW, SEVERITY_LOW, SEVERITY_MEDIUM},
    [LEVEL_MEDIUM] = {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH},
    [LEVEL_HIGH] = {SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL},
};

const char *incident_word(const struct incident_words *words, int value)
{
    return value >= 0 && (size_t)value < words->count ? words->words[value] : "?";
}

cx_err incident_value(const struct incident_words *words, struct cx_str word, int *ret_value)
{
    for (size_t i = 0; i < words->count; i++) {
        if (cx_str_is(word, words->words[i])) {
            *ret_value = (int)i;
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}

enum incident_severity incident_severity(enum incident_level impact, enum incident_level urgency)
{
    return MATRIX[impact][urgency];
}

bool incident_kind_is_told(enum incident_kind kind)
{
    return kind >= KIND_NOTE;
}

bool incident_kind_is_once(enum incident_kind kind)
{
    return kind == KIND_AWARE || kind == KIND_CONFIRMED || kind == KIND_CONTAINED ||
           kind == KIND_DISCLOSED;
}
