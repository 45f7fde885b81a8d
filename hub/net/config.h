/*
 * config - hub.yaml.
 *
 * Guarantee: an unknown key, a missing one and a wrong value are refused with file and line;
 * relative paths are relative to the file; optional limits have safe defaults.
 * Thread rule: plain values.
 */
#ifndef NET_CONFIG_H
#define NET_CONFIG_H

#include "base/log.h"
#include "ident.h"
#include "net/endpoint.h"
#include "net/federation.h"
#include "net/local.h"
#include "net/place.h"

enum { HUB_USER_MAX = 32 };

struct hub_config {
    char realm[17];
    char member[MEMBER_MAX + 1];
    char bind[ENDPOINT_ADDRESS_MAX];
    char state_dir[PLACE_MAX];
    char key_file[PLACE_MAX];
    char passphrase_file[PLACE_MAX];
    char anchor[PLACE_MAX];
    char registry[PLACE_MAX];
    char rules[PLACE_MAX];
    char regions[PLACE_MAX];
    char calendar[PLACE_MAX];
    char signer_socket[LOCAL_PATH_MAX + 1];
    char control_socket[LOCAL_PATH_MAX + 1];
    size_t auditor_count; /* users, by name or number, who may only ask */
    char auditor[LOCAL_READERS_MAX][HUB_USER_MAX + 1];
    char auditor_group[HUB_USER_MAX + 1]; /* empty: none */
    char release[PLACE_MAX]; /* programs that officials have released; empty: none is asked for */
    struct place_list token_paths; /* may be empty */
    enum log_level log_level;
    /* `limits`; 0: the core's default (core/core.h) */
    uint64_t lease_ms;
    uint64_t backoff_ms;
    uint64_t rate_per_s;
    uint64_t attempts;
    uint64_t sender_rows;
    uint64_t sender_mib;
    uint64_t backlog_rows;
    uint64_t backlog_mib;
    uint64_t attachments_mib;
    uint64_t disk_reserve_mib; /* here 0 is none; left out: HUB_RESERVE_MIB */
    uint64_t rule_signatures;  /* officials who must sign a rule set; 0: none */
    uint64_t rule_notice_days; /* between signing and activation */
    uint64_t scrub_hours;      /* within which the whole log is read again; 0: the core's default */
    /* `witness`; 0: the core's default */
    uint64_t witness_needed;
    uint64_t witness_every_s;
    uint64_t witness_within_s;
    uint64_t witness_start_wait_s;
    struct federation federation;
};

enum { HUB_RESERVE_MIB = 64, HUB_RULE_SIGNATURES = 2, HUB_RULE_NOTICE_DAYS = 7 };

/* The auditors as the system numbers them: before the process is confined. ERR_FIELD_VALUE. */
MUST_USE enum err hub_config_auditors(const struct hub_config *config, struct local_readers *out,
                                      struct fault *fault);

MUST_USE enum err hub_config_read(struct hub_config *out, const char *path, struct fault *fault);

#endif
