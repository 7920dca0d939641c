/* TLS BR 2.2.6 §7.1.2.7, §7.1.2.10.2: countryName is a code of ISO 3166-1, or XX. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

/* ISO 3166-1 alpha-2 officially assigned codes, and XX, which §7.1.2.7 takes for a country without one. */
static const char COUNTRIES[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO "
    "BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ "
    "DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP "
    "GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG "
    "KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML "
    "MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE "
    "PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL "
    "SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM "
    "US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
    "XX";

static bool assigned(struct cx_bytes country)
{
    enum { STEP = 3 }; /* two letters and a space, or the end */
    for (size_t at = 0; at < sizeof(COUNTRIES); at += STEP) {
        if (cx_bytes_eq(country, CX_BYTES((const uint8_t *)COUNTRIES + at, 2)))
            return true;
    }
    return false;
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_COUNTRY, i, &value); i++) {
        if (!assigned(value.content))
            lint_found(out, "subject.countryName", "is \"%s\"", lint_show(value.content).text);
    }
}

const struct lint_rule lint_br_subject_country_code = {
    .about = {.id = "br-subject-country-code",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7, §7.1.2.10.2",
              .title = "countryName is a code of ISO 3166-1, or XX"},
    .kinds = LINT_PROFILED,
    .check = check,
};
