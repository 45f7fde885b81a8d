/*
 * state_incoming - the envelope under examination, and what was decided about it. A part of
 * state.h, which includes it; nobody else does. Ownership and thread rule: those of the core.
 */
#ifndef CORE_STATE_INCOMING_H
#define CORE_STATE_INCOMING_H

/* Any facts body that the hub reads. */
union facts_body {
    lianshu_SubjectRegister subject_register;
    lianshu_SubjectRelation subject_relation;
    lianshu_Licence licence;
    lianshu_Appointment appointment;
    lianshu_Honour honour;
    lianshu_SanctionOrder order;
    lianshu_SanctionChange change;
    lianshu_SanctionAnswer answer;
    lianshu_SanctionExecuted executed;
    lianshu_CreditCheck check;
    lianshu_CaseClock clock;
    lianshu_ReporterFacts reporter;
    lianshu_BatchFacts batch;
    lianshu_CreditRecord credit_record;
    lianshu_CreditRating rating;
    lianshu_CreditIncentive incentive;
    lianshu_Procurement procurement;
    lianshu_Insurance insurance;
    lianshu_Finding finding;
    lianshu_Penalty penalty;
    lianshu_Risk risk;
    lianshu_Recall recall;
    lianshu_Trace trace;
    lianshu_JointNotice joint_notice;
    lianshu_Redress redress;
    lianshu_EvidenceRequest evidence_request;
    lianshu_Preview preview;
    lianshu_Withdraw withdraw;
    lianshu_RelayFacts relay_facts;
    lianshu_RelayRoll relay_roll;
    lianshu_RelayTally relay_tally;
    lianshu_RelayFork relay_fork;
};

enum {
    RELAY_DESTINATIONS_MAX =
        sizeof((lianshu_Header *)0)->destination / sizeof((lianshu_Header *)0)->destination[0],
    RELAY_HERE = -1, /* no hop: the destination is ours */
};

/* The envelope under examination. Spans point into the caller's frame. */
struct incoming {
    uint32_t peer;
    struct span frame;
    struct frame_envelope env;
    lianshu_Header header;
    const struct document_type *type;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    struct message_row known; /* the row under this message id, when there is one */
    uint64_t accepted_ms;     /* by the first hub, when that is another one; 0: now */
    uint64_t as_of;           /* log size that it is judged on; 0: now */
    bool has_facts;
    struct span facts_frame; /* LSD1 in core->plain */
    uint8_t facts_hash[HASH_LEN];
    lianshu_Document document;
    union facts_body body;
    const lianshu_Subject *subject; /* NULL or empty: the hub does not learn it */
    const lianshu_Person *persons;
    size_t person_count;
    uint64_t case_step;      /* of a relayed case document, by its first hub; 0: ours to give */
    struct span receipts;    /* of an earlier step: what its recipients signed, LSR1 */
    const struct link *link; /* the hub that handed it on; NULL: its sender is ours */
    const lianshu_Statement *said;       /* by that hub, verified; NULL: nothing (yet) */
    uint32_t share;                      /* bit i: destination i is reached through us */
    uint32_t here;                       /* of these: our own, and we ourselves */
    int16_t hop[RELAY_DESTINATIONS_MAX]; /* index of core_options.links, or RELAY_HERE */
};

/* Whose restrictions and relations a gate looked at: a change elsewhere does not concern it. */
struct view_asked {
    uint8_t token[QUEUE_TOKENS_MAX][STORE_TOKEN_LEN];
    uint8_t count;
    bool more; /* there are more than can be kept */
};

/* A document and the number that another hub gave it in its case. */
enum case_place {
    CASE_NEXT,       /* no document has the number */
    CASE_KNOWN,      /* this one has it, … */
    CASE_KNOWN_LOST, /* … or had it and lost to another */
    CASE_WINS,       /* others have it; this one stands from now on */
    CASE_LOSES,      /* another one stands: this is kept beside it */
    CASE_VOID,       /* it was built on one that lost: it stands without effect */
    CASE_NO_PLACE,   /* it is none of the table, or there are too many */
};

/* What was decided about it. */
struct judgement {
    enum err err;
    bool whole; /* err is of all its recipients, not of ours alone */
    lianshu_ReceiptKind kind;
    bool gated;        /* the gate was asked, … */
    uint64_t gated_at; /* … at this log size */
    struct view_asked asked;
    struct verdict verdict;
    struct decision decision;
    struct case_result step;
    uint64_t case_step;           /* its number in the case; 0: it is no step */
    enum case_place case_place;   /* among the documents of that number */
    bool case_stands;             /* the case takes it, whatever else holds or refuses it */
    struct obligation obligation; /* that an answer is about */
    enum change_kind change;
    bool recorded;
    lianshu_DecisionRecord record; /* of the order, the change or the gate */
    struct event_decision events;  /* what else the rules make of it */
    bool event_recorded;
    uint64_t event_seq; /* log leaf of its record */
    lianshu_DecisionRecord event_record;
};

#endif
