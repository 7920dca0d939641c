#include "core/setting/setting.h"

static const struct setting SETTINGS[SETTING_COUNT] = {
    /* NIST SP 800-63B-4 §2.2.3: reauthentication at AAL2 SHOULD be at least every 24 hours, inactivity at most 1 hour. */
    [SETTING_SESSION_LIFE] = {"session-life", "How long a session lasts overall, those of now too",
                              SETTING_MINUTES, 5, 24 * 60, 12 * 60},
    [SETTING_SESSION_IDLE] = {"session-idle",
                              "How long a session lasts without a request, those of now too",
                              SETTING_MINUTES, 1, 60, 30},
    [SETTING_SESSION_FACTOR_AGE] = {"session-factor-age",
                                    "How old a second factor may be where a fresh one is asked for",
                                    SETTING_SECONDS, 30, 300, 300},
    [SETTING_TOKEN_LIFE] = {"token-life",
                            "How long a new API token lasts at most, that of an enrolment too",
                            SETTING_DAYS, 1, 366, 366},
    /* The program itself gives privileged roles for 90 days: ACCESS_PRIVILEGED_LIFE_DAYS. */
    [SETTING_PRIVILEGED_BINDING_LIFE] = {"privileged-binding-life",
                                         "For how long a privileged role is given at most",
                                         SETTING_DAYS, 90, 366, 366},
    [SETTING_ELEVATION_LIFE] = {"elevation-life", "For how long a role is activated at most",
                                SETTING_MINUTES, 1, 720, 720},
    [SETTING_DELEGATION_LIFE] = {"delegation-life", "How long a delegation lasts at most",
                                 SETTING_DAYS, 1, 90, 90},
    [SETTING_APPROVAL_EXPIRY] = {"approval-expiry",
                                 "When what awaits approval lapses under a new approval rule that "
                                 "does not say it",
                                 SETTING_HOURS, 1, 2160, 168},
    [SETTING_REVIEW_PERIOD] = {"review-period",
                               "How often privileged roles are reviewed by themselves",
                               SETTING_DAYS, 7, 92, 90},
    [SETTING_REVIEW_ANSWER] = {"review-answer",
                               "How long reviewers have for an answer when nobody says otherwise",
                               SETTING_DAYS, 1, 90, 14},
};

static const int64_t UNIT_S[] = {
    [SETTING_SECONDS] = 1, [SETTING_MINUTES] = 60, [SETTING_HOURS] = 3600, [SETTING_DAYS] = 86400};

const struct setting *setting_of(enum setting_name name)
{
    return &SETTINGS[name];
}

const char *setting_unit_name(enum setting_unit unit)
{
    static const char *const NAMES[] = {"seconds", "minutes", "hours", "days"};
    return NAMES[unit];
}

int64_t setting_clamp(enum setting_name name, int64_t value)
{
    const struct setting *setting = &SETTINGS[name];
    if (value < setting->minimum)
        return setting->minimum;
    return value > setting->maximum ? setting->maximum : value;
}

void setting_values_default(struct setting_values *ret_values)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        ret_values->list[i] = (struct setting_value){SETTINGS[i].standard, SETTINGS[i].standard, 0};
}

static int64_t microseconds(enum setting_name name, int64_t value)
{
    return value * UNIT_S[SETTINGS[name].unit] * CX_US_PER_S;
}

int64_t setting_at(const struct setting_values *values, enum setting_name name, cx_time now_us)
{
    const struct setting_value *value = &values->list[name];
    return now_us < value->effective_us ? value->before : value->value;
}

int64_t setting_us_at(const struct setting_values *values, enum setting_name name, cx_time now_us)
{
    return microseconds(name, setting_at(values, name, now_us));
}

cx_time setting_end_us(const struct setting_values *values, enum setting_name name,
                       cx_time start_us)
{
    const struct setting_value *value = &values->list[name];
    cx_time before_us = start_us + microseconds(name, value->before);
    cx_time end_us = start_us + microseconds(name, value->value);
    if (before_us < value->effective_us)
        return before_us;
    return end_us > value->effective_us ? end_us : value->effective_us;
}

cx_time setting_over_us(const struct setting_values *values, enum setting_name name, cx_time now_us)
{
    const struct setting_value *value = &values->list[name];
    int64_t before_us = microseconds(name, value->before);
    cx_time over_us = now_us - microseconds(name, value->value);
    if (now_us < value->effective_us)
        return now_us - before_us;
    cx_time over_before_us = value->effective_us - before_us - 1;
    return over_us > over_before_us ? over_us : over_before_us;
}
