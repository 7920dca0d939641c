#include "pki/lint/attributes.h"
#include "pki/lint/oid.h"

/* Both tables of §7.1.4.2. The lengths of countryName, stateOrProvinceName, localityName,
 * organizationName, organizationalUnitName, commonName and serialNumber are those of RFC 5280. */
bool lint_attribute_form_at(size_t index, struct lint_attribute_form *ret_form)
{
    const struct lint_attribute_form forms[] = {
        {LINT_OID_DOMAIN_COMPONENT, 1, DER_IA5_STRING, 63},
        {LINT_OID_COUNTRY, 2, DER_PRINTABLE_STRING, 0},
        {LINT_OID_STATE, 3, DER_UTF8_STRING, 0},
        {LINT_OID_LOCALITY, 4, DER_UTF8_STRING, 0},
        {LINT_OID_POSTAL_CODE, 5, DER_UTF8_STRING, 40},
        {LINT_OID_STREET_ADDRESS, 6, DER_UTF8_STRING, 128},
        {LINT_OID_ORGANIZATION, 7, DER_UTF8_STRING, 0},
        {LINT_OID_SURNAME, 8, DER_UTF8_STRING, 64},
        {LINT_OID_GIVEN_NAME, 9, DER_UTF8_STRING, 64},
        {LINT_OID_ORGANIZATIONAL_UNIT, 10, DER_UTF8_STRING, 0},
        {LINT_OID_COMMON_NAME, 11, DER_UTF8_STRING, 0},
        {LINT_OID_BUSINESS_CATEGORY, 0, DER_UTF8_STRING, 128},
        {LINT_OID_JURISDICTION_COUNTRY, 0, DER_PRINTABLE_STRING, 2},
        {LINT_OID_JURISDICTION_STATE, 0, DER_UTF8_STRING, 128},
        {LINT_OID_JURISDICTION_LOCALITY, 0, DER_UTF8_STRING, 128},
        {LINT_OID_SERIAL_NUMBER, 0, DER_PRINTABLE_STRING, 0},
        {LINT_OID_ORGANIZATION_IDENTIFIER, 0, DER_UTF8_STRING, 0}};
    if (index >= sizeof(forms) / sizeof(forms[0]))
        return false;
    *ret_form = forms[index];
    return true;
}

bool lint_attribute_form(struct cx_bytes type, struct lint_attribute_form *ret_form)
{
    struct lint_attribute_form form;
    for (size_t i = 0; lint_attribute_form_at(i, &form); i++) {
        if (cx_bytes_eq(form.type, type)) {
            *ret_form = form;
            return true;
        }
    }
    return false;
}
