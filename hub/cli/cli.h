/*
 * cli - the command-line tool `lianshu`: keys, registry, sending, and questions to a running hub.
 *
 * Guarantees:
 *   1. cli_run answers 0 done, 1 refused, 2 wrong usage (check: 0 clean, 3 restricted, 4 not
 *      known; send --preview: 0 it would pass, 3 it would be refused or held). A refusal is one
 *      line on `err` with code, place and what to do, or with --json one object {"error":{…}} on
 *      `out`. Of several faults of one rule set each has its line, or stands in "others"; what a
 *      refusal is about (decisions that differ) is printed before it, or stands in "result".
 *   2. Identifiers of subjects are taken from standard input only; on the command line they are
 *      refused without being repeated.
 *   3. Secrets leave guarded memory only into key and passphrase files of mode 0600.
 *   4. Nothing here opens a running hub's database: questions go through its control socket.
 *      A copy, or a stopped hub's data, is read and never written (copy.h).
 *
 * Thread rule: one thread; no state between runs, so tests run it in-process.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "cli/args.h"

#include <stdint.h>

struct json;

enum { CLI_DONE = 0, CLI_REFUSED = 1, CLI_USAGE = 2, CLI_RESTRICTED = 3, CLI_UNKNOWN = 4 };

/* The world of one run; everything is borrowed. */
struct cli_world {
    int in;
    FILE *out;
    FILE *err;
    uint64_t (*now_ms)(void);
    uint64_t kdf_memory; /* of key files; 0: the default. Tests lower it */
};

/* With --json, what a run that is refused tells beside "error". */
struct cli_beside {
    struct json *others; /* the other refusals, as a list */
    struct json *result; /* what was found all the same */
};

struct cli {
    const struct args *args;
    const struct cli_world *world;
    bool json;
    int *status; /* of a run that is OK: CLI_DONE unless the command says otherwise */
    struct cli_beside *beside;
};

/* One of several refusals, when more follow: a line, or with --json an entry of "others". */
void cli_refuse_also(const struct cli *cli, const struct fault *fault);
/* The result of a run that is refused because of it: for people at once, or with --json as
 * "result". Takes result. */
void cli_refuse_with(const struct cli *cli, struct json *result);

int cli_run(int argc, const char *const *argv, const struct cli_world *world);

/* The commands, for help and tests. */
const struct args_command *cli_commands(void);

/* cli_key.c, cli_registry.c, cli_send.c, cli_query.c, cli_case.c, cli_act.c, cli_rule.c */
args_run_fn cli_key_generate, cli_key_show, cli_key_passphrase, cli_key_token;
args_run_fn cli_key_renew, cli_key_rewrap, cli_key_forget, cli_hub_keys, cli_adapter_rekey;
args_run_fn cli_key_revoke, cli_key_sign, cli_key_rotate, cli_key_history, cli_hub_amend,
    cli_revocation_effects;
args_run_fn cli_enrol_invite, cli_enrol_request, cli_enrol_show, cli_enrol_approve;
args_run_fn cli_registry_build, cli_registry_draft, cli_registry_part, cli_registry_sign,
    cli_registry_delegate, cli_registry_prove, cli_registry_show, cli_registry_list,
    cli_registry_check;
args_run_fn cli_root_create, cli_root_show, cli_root_rotate, cli_root_accept;
args_run_fn cli_send;
args_run_fn cli_status, cli_volume, cli_trace, cli_order_show, cli_order_list, cli_obligation_list,
    cli_restriction_list, cli_explain, cli_log_checkpoint, cli_hub_stop, cli_hub_reload;
args_run_fn cli_case_list, cli_case_show, cli_case_graph, cli_case_custody;
args_run_fn cli_waiting_list, cli_waiting_show;
args_run_fn cli_act_make, cli_act_show, cli_act_sign, cli_act_submit;
args_run_fn cli_log_scrub, cli_log_admin, cli_release_sign, cli_release_log, cli_release_install;
args_run_fn cli_joint_draft, cli_joint_sign, cli_joint_show;
args_run_fn cli_decision_verify;
args_run_fn cli_evidence_export, cli_evidence_verify, cli_evidence_disclose;
args_run_fn cli_held_inbox;
args_run_fn cli_rule_check, cli_rule_sign, cli_rule_try, cli_rule_replay;
args_run_fn cli_topology, cli_probe;
args_run_fn cli_witness_init, cli_witness_serve, cli_witness_show;
args_run_fn cli_log_export, cli_log_verify, cli_log_prove, cli_log_check, cli_log_consistency,
    cli_log_anchor;

args_run_fn cli_check, cli_certificate_save, cli_certificate_verify;

#endif
