/* The outbound process: it holds nothing and opens no file; it reaches out on core's typed request. */
#pragma once
#include "ipc/role.h"

int outbound_main(const struct role_start *start);
