/* UTF-8 validity as RFC 3629 §3: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once
#include "base/bytes.h"

bool cx_utf8_valid(struct cx_bytes bytes);

/* Number of code points in valid UTF-8. */
size_t cx_utf8_count(struct cx_str text);
