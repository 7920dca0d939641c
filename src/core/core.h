/*
 * The core process: what its parts share. One struct core a process, made at start, immutable afterwards
 * save for the caches inside its members, which lock for themselves.
 */
#pragma once
#include "base/clock.h"
#include "base/rng.h"
#include "keys/client.h"
#include "store/store.h"

struct protect;         /* sealed fields and data keys: core/protect/protect.h */
struct audit;           /* sequencing and checkpoints: core/audit/audit.h */
struct issuer_cache;    /* core/issuance/issuer.h */
struct profile_cache;   /* core/policy/profile_store.h */
struct status_service;  /* CRL publisher and OCSP cache: core/status/status.h */
struct issuance_worker; /* core/issuance/worker.h */
struct access_cache;    /* compiled rights: core/access/rights_cache.h */
struct denial_log;      /* core/api/denials.h */
struct outbound_client;
struct rule_set;         /* duties in incidents: core/incident/rule_set.h */
struct tenant_worker;    /* core/tenant/tenant_worker.h */
struct notice_templates; /* core/notify/template.h */
struct nonce_set;        /* core/protocol/acme/nonce_set.h */
struct acme_validator;   /* core/protocol/acme/validate.h */
struct crypto_key_lists; /* of compromised keys: crypto/key_lists.h */
struct oidc_cache;       /* core/federation/oidc_cache.h */
struct password_pool;    /* core/authentication/password_pool.h */

struct core_options {
    struct cx_str data_dir; /* absolute */
    struct cx_str database_url;
    struct cx_str
        public_dir; /* what the gate serves without asking core: CRLs, issuer certificates */
    struct cx_str public_url; /* https://host:port, no trailing '/' */
    struct cx_str status_url; /* http(s) base put into certificates for CRL and OCSP */
    struct cx_str smtp_from;  /* sender of notices and letters; "" = no mail is configured */
    bool drill;               /* accepts a simulated clock */
    unsigned thread_count;
};

struct core {
    struct core_options options;
    struct cx_clock *clock;
    struct cx_rng *rng; /* thread-safe system source */
    struct store *store;
    struct keys_client *keys;
    struct outbound_client *outbound;
    struct protect *protect;
    struct audit *audit;
    struct issuer_cache *issuers;
    struct profile_cache *profiles;
    struct access_cache *access; /* NULL: rights are compiled each time */
    struct denial_log *denials;  /* NULL: nothing is coalesced */
    struct status_service *status;
    struct issuance_worker *issuance;
    struct rule_set *rules;
    struct tenant_worker *incidents;           /* core/incident/worker.h */
    struct tenant_worker *revocations;         /* core/incident/worker.h */
    struct tenant_worker *pages;               /* core/oncall/worker.h */
    struct tenant_worker *page_letters;        /* core/oncall/worker.h */
    struct tenant_worker *governance;          /* core/governance/pack.h */
    struct tenant_worker *notices;             /* core/notify/worker.h */
    struct tenant_worker *letters;             /* core/letter/worker.h */
    struct notice_templates *notice_templates; /* core/notify/template.h */
    struct tenant_worker *trackers;            /* core/tracker/worker.h */
    struct tenant_worker *intake;              /* core/intake/worker.h */
    struct tenant_worker *reviews;             /* core/review/worker.h */
    struct tenant_worker *changes;             /* core/change/worker.h */
    struct nonce_set *acme_nonces;
    struct acme_validator *acme_validator;
    struct password_pool *passwords;
    struct crypto_key_lists *key_lists; /* NULL: only those of the program */
    struct oidc_cache *oidc;
};
