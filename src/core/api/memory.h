/* JSON trees hold passwords for the length of a call: what jansson frees is wiped first. Once, before any JSON is read. */
#pragma once

void api_memory_wipe_on_free(void);
