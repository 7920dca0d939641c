/* The client's transport, for the ceremony's own messages. */
#pragma once
#include "ipc/client.h"
#include "keys/client.h"

struct ipc_client *keys_client_ipc(struct keys_client *client);
