/* The roles of the tree test: keys and core small and ours, outbound the product's own. Core's GET /keys answers
 * with the pid that keys reports, GET /outbound with the result of a ping, anything else with the request head. */
#pragma once
#include "supervisor/serve.h"

enum { STAND_IN_COUNT = 3 };
extern const struct role_entry stand_in_roles[STAND_IN_COUNT];
