/* Revocation reasons between the contract and RFC 5280 §5.3.1. */
#pragma once
#include "api_types.h"

uint8_t revocation_reason_read(enum api_revocation_reason reason);
/* unspecified for a code that the contract does not have. */
enum api_revocation_reason revocation_reason_view(uint8_t code);
