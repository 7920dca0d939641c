/*
 * Which addresses outbound may reach. Judged on the binary address at the moment a socket is made, so no
 * spelling of an address (decimal, octal, short, mapped IPv6, a name that resolves to it, a name that
 * resolves differently the second time) gets around it.
 */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>

/* True for globally reachable unicast addresses (IANA special-purpose registries, RFC 6890). */
bool outbound_address_is_public(const struct sockaddr *address, socklen_t len);
