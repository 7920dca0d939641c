#include "outbound/address.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/number.h"

#include <arpa/inet.h>
#include <string.h>

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast and reserved space. */
static const struct {
    uint32_t prefix;
    int bits;
} closed_ipv4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8: this network */
    {0x0a000000, 8},  /* 10.0.0.0/8: private */
    {0x64400000, 10}, /* 100.64.0.0/10: carrier NAT */
    {0x7f000000, 8},  /* 127.0.0.0/8: loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16: link-local, cloud metadata */
    {0xac100000, 12}, /* 172.16.0.0/12: private */
    {0xc0000000, 24}, /* 192.0.0.0/24: protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24: documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24: 6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0/16: private */
    {0xc6120000, 15}, /* 198.18.0.0/15: benchmarking */
    {0xc6336400, 24}, /* 198.51.100.0/24: documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24: documentation */
    {0xe0000000, 3},  /* 224.0.0.0/3: multicast, reserved, broadcast */
};

/* Parts of the global unicast space 2000::/3 that are not: everything outside 2000::/3 is closed. */
static const struct {
    uint8_t prefix[4];
    int bits;
} closed_ipv6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* 2001::/23: protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32: documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 2002::/16: 6to4 carries any IPv4 address */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* 3fff::/20: documentation */
};

static bool ipv4_is_public(uint32_t address)
{
    for (size_t i = 0; i < CX_COUNT_OF(closed_ipv4); i++)
        if ((address ^ closed_ipv4[i].prefix) >> (32 - closed_ipv4[i].bits) == 0)
            return false;
    return true;
}

static bool ipv6_matches(const uint8_t address[static 16], const uint8_t prefix[static 4], int bits)
{
    uint32_t a = (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
                 (uint32_t)address[2] << 8 | address[3];
    uint32_t p = (uint32_t)prefix[0] << 24 | (uint32_t)prefix[1] << 16 | (uint32_t)prefix[2] << 8 |
                 prefix[3];
    return (a ^ p) >> (32 - bits) == 0;
}

static bool ipv6_is_public(const uint8_t address[static 16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (cx_bytes_eq(CX_BYTES(address, 12), CX_BYTES(mapped, 12))) /* ::ffff:a.b.c.d is a.b.c.d */
        return ipv4_is_public((uint32_t)address[12] << 24 | (uint32_t)address[13] << 16 |
                              (uint32_t)address[14] << 8 | address[15]);
    if ((address[0] & 0xe0) != 0x20)
        return false;
    for (size_t i = 0; i < CX_COUNT_OF(closed_ipv6); i++)
        if (ipv6_matches(address, closed_ipv6[i].prefix, closed_ipv6[i].bits))
            return false;
    return true;
}

bool outbound_address_is_public(const struct sockaddr *address, socklen_t len)
{
    if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        return ipv4_is_public(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        return ipv6_is_public(in6.sin6_addr.s6_addr);
    }
    return false;
}

/* ---- the operator's additions ---- */

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool to_octets(const struct sockaddr *address, socklen_t len, uint8_t ret_octets[static 16])
{
    if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        memcpy(ret_octets, mapped_prefix, sizeof(mapped_prefix));
        memcpy(ret_octets + 12, &in.sin_addr, 4);
        return true;
    }
    if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        memcpy(ret_octets, &in6.sin6_addr, 16);
        return true;
    }
    return false;
}

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return cx_bytes_eq(CX_BYTES(a, whole), CX_BYTES(b, whole)) &&
           (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

bool address_policy_allows(const struct address_policy *policy, const struct sockaddr *address,
                           socklen_t len)
{
    uint8_t octets[16];
    if (!to_octets(address, len, octets))
        return false;
    if (policy->allow_private || outbound_address_is_public(address, len))
        return true;
    for (size_t i = 0; i < policy->network_count; i++)
        if (bits_equal(octets, policy->networks[i].prefix, policy->networks[i].bits))
            return true;
    return false;
}

static cx_err parse_network(struct cx_str text, struct address_network *ret_network)
{
    size_t slash = 0;
    while (slash < text.len && text.ptr[slash] != '/')
        slash++;
    struct address address = {.len = 0};
    struct address_network network = {.bits = 0};
    if (slash == text.len)
        return CX_ERR(PARSE);
    CX_TRY(address_parse((struct cx_str){text.ptr, slash}, 0, &address));
    bool ipv4 = address.any.sa_family == AF_INET;
    int64_t bits = 0;
    CX_TRY(cx_parse_i64((struct cx_str){text.ptr + slash + 1, text.len - slash - 1}, 0,
                        ipv4 ? 32 : 128, &bits));
    if (!to_octets(&address.any, address.len, network.prefix))
        return CX_ERR(PARSE);
    network.bits = (unsigned)bits + (ipv4 ? 96 : 0);
    for (unsigned bit = network.bits; bit < 128; bit++)
        if (network.prefix[bit / 8] & 0x80 >> bit % 8)
            return CX_ERR(PARSE);
    *ret_network = network;
    return CX_OK;
}

cx_err address_policy_parse(struct cx_str text, bool allow_private, struct cx_diag *diag,
                            struct address_policy *ret_policy)
{
    struct address_policy policy = {.allow_private = allow_private};
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && text.ptr[len] != ',')
            len++;
        if (policy.network_count == ADDRESS_NETWORKS_MAX)
            return cx_refuse(diag, CX_ERR(LIMIT), "outbound_allow_networks", "count",
                             "at most %d networks", ADDRESS_NETWORKS_MAX);
        if (cx_failed(parse_network((struct cx_str){text.ptr, len},
                                    &policy.networks[policy.network_count])) ||
            len + 1 == text.len)
            return cx_refuse(diag, CX_ERR(PARSE), "outbound_allow_networks", "network",
                             "a network is address/length without host bits, such as 10.0.0.0/8");
        policy.network_count++;
        size_t used = len < text.len ? len + 1 : len;
        text = (struct cx_str){text.ptr + used, text.len - used};
    }
    *ret_policy = policy;
    return CX_OK;
}

/* ---- socket addresses ---- */

struct address address_from_octets(struct cx_bytes octets, uint16_t port)
{
    struct address address = {.len = 0};
    if (octets.len == 4) {
        address.in.sin_family = AF_INET;
        address.in.sin_port = htons(port);
        memcpy(&address.in.sin_addr, octets.ptr, 4);
        address.len = sizeof(address.in);
    } else if (octets.len == 16) {
        address.in6.sin6_family = AF_INET6;
        address.in6.sin6_port = htons(port);
        memcpy(&address.in6.sin6_addr, octets.ptr, 16);
        address.len = sizeof(address.in6);
    }
    return address;
}

cx_err address_parse(struct cx_str text, uint16_t port, struct address *ret_address)
{
    char copy[ADDRESS_TEXT_MAX] = "";
    uint8_t octets[16];
    if (text.len == 0 || text.len >= sizeof(copy))
        return CX_ERR(PARSE);
    memcpy(copy, text.ptr, text.len);
    bool ipv6 = memchr(copy, ':', text.len) != NULL;
    if (inet_pton(ipv6 ? AF_INET6 : AF_INET, copy, octets) != 1)
        return CX_ERR(PARSE);
    *ret_address = address_from_octets(CX_BYTES(octets, ipv6 ? 16 : 4), port);
    return CX_OK;
}

void address_format(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX])
{
    ret_text[0] = '\0';
    const void *octets = address->any.sa_family == AF_INET6 ? (const void *)&address->in6.sin6_addr
                                                            : (const void *)&address->in.sin_addr;
    if (address->len > 0 &&
        inet_ntop(address->any.sa_family, octets, ret_text, ADDRESS_TEXT_MAX) == NULL)
        ret_text[0] = '\0';
}
