/*
 * rules - the shape of a rule set in memory. Plain data, filled by ruleset_open and read by
 * decide, gate, casebook and explain. Strings are owned by the rule set.
 *
 * Sets of departments, roles and subject kinds are bit sets: bit n stands for value n of the
 * department vocabulary (catalogue.h), of lianshu_Role and of lianshu_SubjectKind.
 * Dates are yyyymmdd; 0 as an end means without end.
 *
 * Thread rule: immutable data.
 */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "policy/term.h"

#include "credit.pb.h"
#include "sanction.pb.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RULES_MEASURES_MAX = 64,
    RULES_LISTS_MAX = 64,
    RULES_BASES_MAX = 256,
    RULES_RULES_MAX = 128,
    RULES_GATES_MAX = 128,
    RULES_CLOCKS_MAX = 192,
    RULES_STEPS_MAX = 192,
    RULES_STATES_MAX = 64, /* of cases */
    RULES_FLOWS_MAX = 64,
    RULES_PAPERS_MAX = 48, /* documents of cases, D01 … */
    RULES_CLASSES_MAX = 24,
    RULES_INDICES_MAX = 8,  /* of a credit rating */
    RULES_RATINGS_MAX = 8,  /* credit classes */
    RULES_WARNINGS_MAX = 4, /* warnings of one term */
    RULES_CHANGES = 5,      /* lift, annul, suspend, resume, restore */
    RULES_OFFENCES_MAX = 24,
    RULE_REASONS_MAX = 24,  /* reasons of refusal that offend one article */
    RULE_ID_MAX = 11,       /* letters of a rule or gate: a trace names its measure besides */
    RULE_ITEMS_MAX = 24,    /* measures of one rule … */
    RULES_ITEMS_MAX = 1024, /* … and of all */
    RULE_BASES_MAX = 8,     /* basis codes of one measure */
    RULE_TRIGGERS_MAX = 16,
    RULE_CLOCKS_MAX = 12,
    RULE_STATES_MAX = RULES_STATES_MAX + 1, /* states one case step may start from, and none */
    RULE_PAPERS_MAX = 8,                    /* documents that one case step needs */
    RULE_TYPES_MAX = 8,                     /* document types that set off one rule */
    RULE_ALERTS_MAX = 4,                    /* alerts of one rule */
    RULE_EXCEPT_MAX = 4,                    /* rules whose restrictions a gate leaves to them */
    RULE_POINTS_MAX = 1000,
    RULE_NOTE_MAX = 512,
};

/* What an owner set says, alternatives told from companions. */
enum who {
    WHO_DEPARTMENTS = 0, /* every department of `each`, and one or all of `either` there are */
    WHO_EVERY,           /* every member but hubs and registrars */
    WHO_ISSUER,          /* the member that imposed the order */
};

struct owners {
    enum who who;
    uint32_t each;   /* each of these owes; without a member it is unassigned */
    uint32_t either; /* those that exist owe; unassigned only when none exists (market|drug) */
};

enum national_kind {
    KIND_NONE = 0,
    KIND_I,       /* reduces rights */
    KIND_II,      /* management without reducing rights */
    KIND_III,     /* by non-government bodies */
    KIND_STATUTE, /* L1 alone, not on the national basic list */
    KIND_SECTOR,  /* sector rule */
    KIND_PENALTY,
    KIND_PRODUCT, /* product risk control, not credit */
    KIND_RED,     /* incentive */
};

struct rule_measure {
    const char *code; /* M01 … M33, I01 … I06 */
    const char *zh;
    const char *en;
    enum national_kind kind;
    lianshu_Force force; /* default */
    struct owners owners;
    bool restricts;      /* stands against the subject and is asked for by gates */
    const char *region;  /* of a local supplement; "000000" for a national measure */
    const char *no_gate; /* why no gate asks for it; "": one does */
    const char *no_rule; /* why no rule imposes it; "": one does */
    unsigned line;
};

enum list_jurisdiction {
    JURISDICTION_ACT = 0, /* where the act was done: any subject */
    JURISDICTION_OWN,     /* the subject's region lies in the issuer's */
};

/* What an order of this list must carry. */
enum list_needs {
    NEEDS_PRIOR_NOTICE = 1u << 0,
    NEEDS_REMEDY = 1u << 1,
    NEEDS_SERVED = 1u << 2,
    NEEDS_CONSENT = 1u << 3, /* at the levels of consent_levels */
    NEEDS_ACT_DATE = 1u << 4,
    NEEDS_CONTACT = 1u << 5,
    NEEDS_FACTS = 1u << 6,
    NEEDS_REMEDY_DEADLINE = 1u << 7,
};

/* Levels of a region, as bits. */
enum level {
    LEVEL_NATION = 1u << 0,
    LEVEL_PROVINCE = 1u << 1,
    LEVEL_CITY = 1u << 2,
    LEVEL_COUNTY = 1u << 3,
};

struct rule_list {
    const char *code;
    const char *zh;
    const char *en;
    uint32_t issuers; /* departments that may impose it */
    unsigned levels;
    unsigned consent_levels;
    const char *region; /* of a local list; issuer must lie in it */
    enum list_jurisdiction jurisdiction;
    unsigned needs; /* enum list_needs */
    lianshu_Severity severity;
    struct term min;          /* of the entry: maximum date lies in start + min … start + max */
    struct term max;          /* TERM_LIFE: unbounded */
    struct term start_within; /* start at most so long after the decision */
    bool repaired_by_class;   /* no repair before the earliest of its class (B.4) */
    bool repaired_after_bans; /* no repair while a measure with a term of its own lasts (B.3) */
    /* Of requests for a repair; NULL: REPAIR-RECEIPT and REPAIR. */
    const struct rule_clock *repair_receipt;
    const struct rule_clock *repair_decision;
    uint32_t from;
    uint32_t to;
    unsigned line;
};

/* Bounds of a class of severity at a time (B.2, B.4). */
struct rule_class {
    lianshu_Severity severity;
    struct term min;
    struct term max;
    struct term earliest; /* of a repair; TERM_NONE: as soon as the duties are done */
    const char *basis;
    char mark;
    uint32_t from;
    uint32_t to;
    unsigned line;
};

/* Who may change an order, and which courts. */
struct rule_change {
    bool issuer;
    bool superior; /* the same department of a region above */
    bool court;    /* of the issuer's province, or of the nation */
};

/* The article that a document offends that is refused for one of these reasons, where the rule
 * itself does not say it. */
struct rule_offence {
    const char *why[RULE_REASONS_MAX]; /* decide.h, decision.why */
    uint32_t why_count;
    const struct rule_list *list;      /* NULL: of any list that no row of its own names */
    const char *basis[RULE_BASES_MAX]; /* the first that was in force on the day of decision */
    uint32_t basis_count;
    char mark;
    unsigned line;
};

struct rule_basis {
    const char *code; /* DL116 */
    const char *zh;   /* 药品管理法第116条 */
    const char *en;
    unsigned level; /* 1 … 10 */
    uint32_t from;
    uint32_t to;
    char mark;           /* V, S, M, D */
    const char *region;  /* "000000" or the area of local law */
    uint32_t propagates; /* roles that the article itself reaches */
    struct term longest; /* ban that it allows; TERM_NONE: it does not say */
    unsigned line;
};

enum scope {
    SCOPE_NATION = 0,
    SCOPE_PROVINCE, /* the issuer's province */
    SCOPE_OWN,      /* the issuer's own region */
    SCOPE_REGION,   /* the region that is named */
    SCOPE_SUBJECT,  /* those who are competent where the subject is: county, city, province */
};

enum reach {
    ON_SUBJECT = 0,
    ON_PERSONS, /* persons that the decision names in one of `roles` */
};

enum as_of { AS_OF_ACT = 0, AS_OF_QUERY };

/* One measure that a rule imposes. */
struct rule_item {
    const struct rule_measure *measure;
    lianshu_Force force;
    enum reach reach;
    uint32_t roles;   /* ON_PERSONS */
    bool responsible; /* only persons found personally responsible */
    bool required;    /* refuse the order (E642) when no person is named */
    bool registered;  /* the role must be found among the relations as well */
    enum as_of as_of;
    struct owners owners;
    struct term term;    /* from the start date */
    struct term least;   /* TERM_ORDER: the decision may not say less */
    struct term answer;  /* from the decision of the hub */
    struct term execute; /* the same, but not from before the start date */
    const char *basis[RULE_BASES_MAX];
    uint32_t basis_count;
    enum scope scope;
    const char *region; /* SCOPE_REGION */
    unsigned line;
};

enum rule_event {
    EVENT_ORDER = 0,
    EVENT_CHANGE,        /* R26: lift, annulment, expiry */
    EVENT_REGISTRATION,  /* R08 */
    EVENT_PENALTY,       /* R10, R11: penalty records */
    EVENT_EMPLOYMENT,    /* R27 */
    EVENT_RATING,        /* R24, R25 */
    EVENT_QUALIFICATION, /* R16 */
    EVENT_COVER,         /* R28 */
    EVENT_TRACE,         /* R29 */
    EVENT_RESULT,        /* T30: a judgment or the result of a case */
};

/* What a document must say for a rule of another event than an order; what is 0 asks nothing. */
struct rule_when {
    uint32_t severities;  /* penalty: bit set over lianshu_Severity */
    uint32_t classes;     /* rating: bit set over lianshu_CreditClass */
    uint32_t points_from; /* qualification: at least … */
    uint32_t points_to;   /* … and at most; 0: no bound */
    int single;           /* 1: points given at once, -1: points of the period, 0: either */
    uint32_t holds;       /* registration: a named person has this role at another subject too */
    const struct rule_measure *banned; /* employment: stands against a named person … */
    uint32_t roles;                    /* … who takes one of these roles; 0: any */
    bool uninsured;                    /* cover: a vaccine without insurance in force */
    bool incentive;                    /* rating: the document offers one measure of this rule */
    bool order_trigger; /* penalty: a rule for orders has the trigger that the document names */
};

/* Who is told, and until when something is expected of him. */
struct rule_alert {
    struct owners owners;
    enum scope scope;
    const char *region; /* SCOPE_REGION */
    const struct rule_clock *clock;
    unsigned line;
};

struct rule {
    const char *id; /* R01 */
    const char *zh;
    const char *en;
    enum rule_event event;
    const struct rule_list *list; /* NULL when the event is no order */
    const char *trigger[RULE_TRIGGERS_MAX];
    uint32_t trigger_count;
    uint32_t subjects; /* kinds */
    lianshu_Severity severity;
    struct term term;                  /* of the list entry */
    struct term earliest_repair;       /* TERM_NONE: no early repair */
    const char *basis[RULE_BASES_MAX]; /* an order names at least one of them */
    uint32_t basis_count;
    const char *raises; /* trigger that this rule causes in its turn, or "" */
    const char *region;
    const struct rule_item *item; /* item_count of them */
    uint32_t item_count;
    /* Of events that are no orders. */
    uint32_t type[RULE_TYPES_MAX]; /* DocumentType */
    uint32_t type_count;
    struct rule_when when;
    unsigned action; /* enum gate_action: GATE_REFUSE, GATE_HOLD; GATE_PASS: taken */
    struct term deadline;
    unsigned breach; /* enum gate_action, of a hold */
    struct rule_alert alert[RULE_ALERTS_MAX];
    uint32_t alert_count;
    const char *reason; /* code of the reason that consequences carry */
    bool until_next;    /* the next document of the type ends what this rule caused */
    bool lost_on_order; /* an order against the subject ends it, and bars it */
    uint32_t from;      /* decision dates it governs */
    uint32_t to;
    char mark;
    unsigned line;
};

/* Ordered by strictness: the largest wins. */
enum gate_action { GATE_PASS = 0, GATE_COPY, GATE_FLAG, GATE_HOLD, GATE_REFUSE };

enum gate_look {
    LOOK_SUBJECT = 0, /* the subject of the message */
    LOOK_PERSONS,     /* persons that the message names in one of `roles` */
    LOOK_RELATED,     /* depth 1: who holds one of `roles` at the subject on that day */
};

struct rule_gate {
    const char *id; /* G01 */
    const char *zh;
    const char *en;
    uint32_t type; /* DocumentType */
    enum gate_look look;
    uint32_t roles;
    const struct rule_measure *measure;
    unsigned forces;                     /* bit set over lianshu_Force; 0: any */
    bool notice_and_commitment;          /* only for such applications */
    bool beginning;                      /* only for what begins: not for a relation that ends */
    const char *except[RULE_EXCEPT_MAX]; /* restrictions of these rules do not count */
    uint32_t except_count;
    const char *only[RULE_EXCEPT_MAX]; /* only restrictions of these rules count; none: of any */
    uint32_t only_count;
    bool required; /* LOOK_PERSONS: a message without such a person is E650 */
    enum gate_action action;
    struct term deadline;    /* of a hold */
    enum gate_action breach; /* what a hold becomes after it */
    uint32_t copy_to;        /* departments */
    bool copy_issuer;        /* the authority that listed is told */
    const char *basis;
    char mark;
    uint32_t from;
    uint32_t to;
    unsigned line;
};

/* What follows when a clock runs out. */
enum clock_breach {
    BREACH_WARN = 0,      /* the owner and its superior are warned */
    BREACH_PROCURATORATE, /* the procuratorate is told as well */
    BREACH_LAPSE,         /* the right is lost, nothing is escalated */
};

/* A row of the statutory clock table. */
struct rule_clock {
    const char *id;
    const char *zh;
    const char *en;
    struct term ordinary;
    struct term complex; /* TERM_NONE: as ordinary */
    struct term major;
    uint32_t owner; /* departments that must act */
    enum clock_breach breach;
    uint32_t tells;       /* departments of the owner's region that a breach is told to as well */
    uint32_t tells_above; /* departments of the region above it */
    bool negative;        /* after the breach the waiting parties get a negative receipt */
    uint32_t waits;       /* departments of the owner's region that wait, besides whom it is told */
    bool opener_waits;    /* of cases: so does who opened the case */
    bool if_done;   /* runs out silently; only the step of the same code, taken late, is a breach */
    bool by_notice; /* of cases: runs from the notice (acceptance), not from the event */
    const struct rule_clock *extends[RULE_CLOCKS_MAX]; /* runs on from the end of one of these */
    uint32_t extends_count;
    bool shows;    /* objections: an entry under objection is shown as such */
    uint32_t from; /* dates of events that it governs; 0: always */
    uint32_t to;
    const char *basis;
    char mark;
    unsigned line;
};

/* When an obligation is warned of, and from which share its superior is told too. */
struct rule_warnings {
    uint32_t percent[RULES_WARNINGS_MAX]; /* rising, 1..100 */
    uint32_t percent_count;
    uint32_t escalate_at;
};

/* One of the indices of a credit rating, 0..1000. */
struct rule_index {
    const char *code;
    const char *zh;
    const char *en;
    uint32_t weight; /* per cent; all together 100 */
    bool falls;      /* the higher, the worse: counted as 1000 less the value */
    char mark;
    unsigned line;
};

/* The class of scores from `least` up to the next class above. */
struct rule_rating {
    lianshu_CreditClass class;
    const char *zh;
    const char *en;
    uint32_t least; /* 0..1000 */
    char mark;
    unsigned line;
};

/* A state of a case. */
struct rule_state {
    const char *id; /* PS_REVIEW */
    const char *zh;
    const char *en;
    bool final; /* the case may rest there */
    unsigned line;
};

/* A document that the law names, D01 … */
struct rule_paper {
    const char *id;
    const char *zh;
    const char *en;
    char mark;
    unsigned line;
};

/* Who of a department may take a step. */
enum step_by {
    STEP_BY_PARTY = 0, /* who opened the case, has to act next, or has acted in it */
    STEP_BY_COPIED,    /* also who got a copy of one of its documents */
    STEP_BY_SUPERIOR,  /* the same department of a region above all parties of that department */
    STEP_BY_OVERSEER,  /* anyone whose region is or holds the opener's: needs no part in it */
    STEP_BY_OWNER,     /* only who has to act next; any party when nobody was named */
    STEP_BY_OPENER,    /* only who opened the case */
};

/* One row of the case table. */
struct rule_step {
    const char *id; /* T07 */
    const char *zh;
    const char *en;
    uint32_t type;                     /* DocumentType that carries it */
    const char *from[RULE_STATES_MAX]; /* "": a case not known yet */
    uint32_t from_count;
    const char *to;      /* "": the case stays where it is */
    const char *outcome; /* "" or the outcome code that tells alternatives apart */
    uint32_t actor;      /* departments */
    enum step_by by;
    uint32_t addressee;   /* departments of which one must be a destination; 0: none */
    uint32_t also;        /* the same once more: who is told beside the addressee */
    uint32_t copies;      /* departments that must all be destinations */
    bool parties;         /* every member that acted in the case must be a destination */
    bool barred;          /* the law forbids it in these states: ERR_CASE_BARRED, with the basis */
    const char *parallel; /* why it may be taken while another side acts; "": it may not */
    const struct rule_paper *paper[RULE_PAPERS_MAX];
    uint32_t paper_count;
    const struct rule_clock *starts[RULE_CLOCKS_MAX]; /* with `extends`: run on from that one */
    uint32_t start_count;
    const char *stops[RULE_CLOCKS_MAX];
    uint32_t stop_count;
    const char *meets[RULE_CLOCKS_MAX]; /* of the stops: what the clock asks for is this step */
    uint32_t meet_count;
    const char *suspends[RULE_CLOCKS_MAX];
    uint32_t suspend_count;
    const char *resumes[RULE_CLOCKS_MAX];
    uint32_t resume_count;
    const struct rule_clock *recounts[RULE_CLOCKS_MAX]; /* anew from its start, other complexity */
    uint32_t recount_count;
    const struct rule_clock *within[RULE_CLOCKS_MAX]; /* from the event to the document's arrival */
    uint32_t within_count;
    const char *basis;
    char mark;
    unsigned line;
};

/* A document outside of cases that starts or stops statutory clocks in its conversation. */
struct rule_flow {
    const char *id; /* F01 */
    const char *zh;
    const char *en;
    uint32_t type;
    const char *grade; /* "": whatever the facts say */
    uint32_t actor;    /* departments; 0: any */
    const struct rule_clock *starts[RULE_CLOCKS_MAX];
    uint32_t start_count;
    const char *stops[RULE_CLOCKS_MAX];
    uint32_t stop_count;
    const struct rule_clock *within[RULE_CLOCKS_MAX];
    uint32_t within_count;
    const char *basis;
    char mark;
    unsigned line;
};

#endif
