/*
 * spread - facts to every hub: documents of TYPE_SPREAD travel over the tree of hubs one by one,
 * each hub decides on them for its own members, and two neighbours compare what they know.
 *
 *   facts_feed.c   out to the neighbours
 *   facts_relay.c  in from them
 *   contest.c      which version of an order stands
 *   twins.c        which orders for one act stand
 *   roll.c         comparing, and repairing what differs
 *   tally.c        back to the issuer's hub: how far its order is here
 *
 *   an issuer's envelope ──effects──> roll ──spread_step──> relay.facts ──> the neighbour's
 * effects, ^                                      its roll, and so on +──── what is missing ────
 * relay.roll: digest, then lists
 *
 * Guarantees:
 *   1. A document takes effect once for each (issuer, id) at each hub, whatever way and however
 *      often it comes, by the same rules as one that began here, judged as of its first acceptance;
 *      members of other hubs are owed nothing by this one.
 *   2. It goes on to every neighbour but those that it came by, whatever this hub's own rules make
 *      of it: what one region refuses another may have to enforce.
 *   3. Of several documents of one version of an order the same one stands at every hub, whatever
 *      the order in which they come: of the first version the one that was accepted first, of later
 *      ones that of the higher region, then the one with the lower hash. A later version is judged
 *      again on what stands below it. What lost is undone, and both issuers are told, each by its
 *      own hub.
 *   4. A version that comes before the one below it waits for that; so a lift overtakes its order.
 *   5. Two linked hubs that differ find out at hello and within ROLL_INTERVAL_MS, and only what is
 *      missing travels. A text that was kept long enough is known by its hash alone; when it comes
 *      after all, and would be kept here, it is taken as if nobody had said so.
 *      Of each link at most SPREAD_WINDOW steps are without an answer, of lifts as many beside, and
 *      one answer to what it says of its roll: whatever a neighbour claims not to know, and however
 *      often, it fills no disk.
 *   6. The hub of an issuer hears from every other one how many obligations of its order are in
 *      which state there, within TALLY_SETTLE_MS of a change while there is a way, and nobody's
 *      name.
 *   7. Of orders for one act (list, subject, decision number) the same ones stand at every hub,
 *      whatever the order in which their documents come. They are taken by rank: that of the higher
 *      region, then the one accepted first, then the one with the lower hash; each stands unless it
 *      was in force at one time with one that stands before it. So who loses loses to one that
 *      stands, and one that lost itself bars nobody. Who loses is undone (E640), and both issuers
 *      are told. When another order ends does not change that: who lost may impose anew. But when
 *      it becomes known that what barred an order does not stand, or was over before, the order
 *      takes effect after all, and its issuer is told. In force is from the acceptance of the first
 *      version to that of the lift or annulment, or until the clock ends it: by the documents
 *      alone, also where a hub's own rules refuse one of them. One that a court or a superior
 *      annulled bars each that is accepted after that (E657).
 *
 * A part of state.h, which includes it; nobody else does. Bounds: SPREAD_STEP documents, or
 * ROLL_OWE_MAX hashes, in one transaction. Errors: ERR_REGION_NOT_OWNED, ERR_HOPS, ERR_HOPS_LOOP,
 * ERR_NOT_FEDERATED; ERR_ORDER_SPLIT for what lost. Thread rule: the core's. PROTOCOL.md 15;
 * hub/README.md, Facts to every hub.
 */
#ifndef CORE_SPREAD_H
#define CORE_SPREAD_H

enum {
    SPREAD_STEP = OUTGOING_MAX,        /* documents of one transaction and link */
    ROLL_INTERVAL_MS = 10 * 60 * 1000, /* between two comparisons */
    ROLL_SETTLE_MS = 1000,             /* after what was repaired, before the next one */
    ROLL_OWE_MAX = 4096,               /* found missing by one message */
    TALLY_SETTLE_MS = 60 * 1000,       /* between two words about one order */
    SPREAD_WINDOW = 8,                 /* steps of a link that its hub has not answered */
    SPREAD_LOOK_MS = 200,              /* before it is looked again whether it has */
};

/* What is to be done with a document from a neighbour. */
enum spread_todo {
    SPREAD_KNOWN, /* it is in the roll: nothing */
    SPREAD_KEEP,  /* into the roll, no effect */
    SPREAD_APPLY, /* it takes effect */
};

/* One tree link, as long as the process runs. */
struct spread_link {
    bool here;       /* somebody listens now … */
    bool ready;      /* … and did so at the last look */
    bool differs;    /* the last comparison said so */
    bool anew;       /* it knew nothing: also what came by it is told */
    uint64_t due_ms; /* of the next one */
    /* The last message of each step that is out, [1]: of those with lifts; the oldest is next … */
    uint8_t told[2][SPREAD_WINDOW][STORE_ID_LEN];
    size_t next[2];
    uint8_t answer[STORE_ID_LEN]; /* … and that of the last answer to what it knows */
};

/* Acts among whose orders something has changed. */
struct twin_acts {
    size_t count;
    uint8_t key[2][TWIN_ACT_LEN];
};

struct spread {
    struct incoming in; /* the embedded document */
    struct judgement judged;
    enum spread_todo todo;
    enum err answer; /* to the neighbour: OK delivered, else returned */
    bool renewed;    /* its hash is known without its text */
    bool contested;  /* `row` and `rival` are documents of one version */
    bool displaces;  /* it is judged on what was before the state that is */
    bool ahead;      /* it is the newest step of its case */
    bool others;     /* a first version: there are other orders for its act */
    struct roll_row row;
    struct roll_row rival;
    struct spread_link *link;                 /* owns one for each of core_options.links */
    lianshu_RelayFacts facts;                 /* being sent */
    uint8_t text[sizeof(lianshu_RelayFacts)]; /* one that is kept */
    uint8_t receipts[sizeof((lianshu_RelayFacts *)0)->receipts.bytes]; /* `in`'s, those that hold */
    lianshu_RelayRoll roll;
    lianshu_RelayTally tally;
    uint8_t hash[ROLL_OWE_MAX][HASH_LEN];
};

MUST_USE enum err spread_open(struct core *core);
void spread_close(struct core *core);

/* ---- facts_relay.c ---- */
/* Is this member served by this hub? Without links everybody is. */
bool spread_ours(const struct core *core, const char *member);
/* The link to a neighbour of the tree; NULL: it is none. */
struct spread_link *spread_link_of(struct core *core, const char *member, enum link_kind *kind);
/* relay.facts or relay.roll? */
static inline bool spread_between(uint32_t type)
{
    return type == lianshu_DocumentType_TYPE_RELAY_FACTS ||
           type == lianshu_DocumentType_TYPE_RELAY_ROLL;
}
/* An envelope of these; reads only. */
MUST_USE enum err spread_judge(struct core *core, const struct incoming *in, struct judgement *out);
MUST_USE enum err spread_take(struct core *core, const struct incoming *in, uint64_t seq);
/* Its id is known: ERR_REPEAT with the same bytes, ERR_EQUIVOCATION with others; else OK. */
MUST_USE enum err spread_known_id(struct core *core, const struct incoming *doc);
/* It is known from now on. Two under one id, both with good signatures, are evidence against the
 * issuer. */
MUST_USE enum err spread_put_document(struct core *core, const struct incoming *doc, uint64_t seq);
/* A document that is taken from its issuer, before its effects; and after them. */
MUST_USE enum err spread_local(struct core *core, const struct incoming *in, uint64_t seq);
MUST_USE enum err spread_followed(struct core *core, const struct incoming *in);
/* The document of a row of the roll, from rest into spread->in and *lsd1. */
MUST_USE enum err spread_unseal(struct core *core, const struct roll_row *row, struct writer *lsd1);
/* It takes effect; message_seq: of what brought it. */
MUST_USE enum err spread_apply(struct core *core, uint64_t message_seq);

/* ---- facts_feed.c ---- */
/* A message of ours to a neighbour that has no end yet? Zeros are none. */
MUST_USE enum err spread_is_out(struct core *core, const uint8_t id[static STORE_ID_LEN],
                                bool *out);
/* The id of the message of ours that was made as the n-th of the last ones. */
void spread_note_made(struct core *core, size_t index, uint8_t id[static STORE_ID_LEN]);
/* One bounded step of telling the neighbours that are connected. */
MUST_USE enum err spread_step(struct core *core, bool *more);

/* ---- contest.c ---- */
/* Judge spread->in as a version of its order: what is to be done, and as what it is kept. */
MUST_USE enum err contest_judge(struct core *core);
/* Let it take effect, in the place of what it goes before. */
MUST_USE enum err contest_apply(struct core *core);
/* What was accepted here is refused after all: its sender's receipt says so. */
MUST_USE enum err contest_refuse(struct core *core, const char *sender,
                                 const uint8_t message_id[static STORE_ID_LEN], enum err code);
/* Judge what waits above this version of the order, or was judged on another one. */
MUST_USE enum err contest_rise(struct core *core, const uint8_t order[static STORE_ID_LEN],
                               uint32_t version);

/* 0: the nation … 3: a county. */
unsigned contest_level(const char *member);
/* The same, by the row of the roll that its acceptance left. */
MUST_USE enum err contest_refuse_late(struct core *core, const struct roll_row *loser,
                                      enum err code);

/* Of two documents of one version: does the first one go before the other? */
bool contest_before(const struct roll_row *a, const struct roll_row *b);
/* The order is once more what it was at that version; 0: it never was in force. */
MUST_USE enum err contest_go_back(struct core *core, const uint8_t order[static STORE_ID_LEN],
                                  uint32_t version);

/* ---- twins.c ---- */
/* Does an order begin with it? */
bool twins_apply(const struct roll_row *row);
/* What spread->in, a first version, is judged on, and spread->others; reads only. */
MUST_USE enum err twins_look(struct core *core);
/* Its document has a place among the orders for its act, by its rank and with its end; *acts are to
 * be settled when it is in the roll, and when it has taken effect, if it does so by itself. */
MUST_USE enum err twins_enter(struct core *core, const struct incoming *doc,
                              const struct roll_row *row, uint32_t end_date,
                              struct twin_acts *acts);
/* Who loses is over, with all that follows from it; who is barred no more takes effect. */
MUST_USE enum err twins_settle(struct core *core, const struct twin_acts *acts);
/* There is a new document about the order, whatever becomes of it: settle, if it is over at another
 * moment now. */
MUST_USE enum err twins_changed(struct core *core, const uint8_t order[static STORE_ID_LEN]);
/* The order is over without a document, and none of its documents stands. */
MUST_USE enum err twins_end(struct core *core, const uint8_t order[static STORE_ID_LEN]);

/* ---- tally.c ---- */
/* The order's numbers change here: its issuer's hub will be told. */
MUST_USE enum err tally_note(struct core *core, const uint8_t order_id[static STORE_ID_LEN]);
/* Our own members' numbers, as of now; version 0: the order is not known. */
MUST_USE enum err tally_count(struct core *core, const uint8_t order_id[static STORE_ID_LEN],
                              struct tally_row *row);
/* One bounded step of telling. */
MUST_USE enum err tally_step(struct core *core, bool *more);
MUST_USE enum err tally_judge(struct core *core, const struct incoming *in, struct judgement *out);
MUST_USE enum err tally_take(struct core *core, const struct incoming *in, uint64_t seq);

/* ---- roll.c ---- */
MUST_USE enum err roll_judge(struct core *core, const struct incoming *in, struct judgement *out);
MUST_USE enum err roll_take(struct core *core, const struct incoming *in);
/* Tell a neighbour what this hub knows, in short; answered: the link of one that did so, or NULL.
 */
MUST_USE enum err roll_say(struct core *core, const char *member, struct spread_link *answered);
/* A link has said hello: what waits goes out, and the rolls are compared. */
void roll_begin(struct core *core, const char *member);
/* When the roll of that hub was last the same as ours; false: never. */
bool roll_freshness(struct core *core, const char *hub, uint64_t *at_ms);
/* Of what was spread before this, by any hub, this one knows all: its own time without a superior;
 * 0: not known. */
MUST_USE enum err roll_known(struct core *core, uint64_t *at_ms);
/* Documents that it has not been told. */
MUST_USE enum err roll_backlog(struct core *core, const char *hub, uint64_t *documents);

#endif
