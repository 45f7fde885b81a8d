/* meet - steps of one case that reach only some of the hubs, taken on sides that may share no
 * recipient; how a hub that joins later gets what went before, and how the sides come to see that
 * there are two documents for one number. PROTOCOL.md 15, Cases; hub/core/case_history.c and
 * case_split.c.
 *
 * Hub 0 opens the case; a hub that holds it may take up to TAKES steps, DOCS in all, whenever the
 * state lets it. A step goes to one or more other hubs. What hubs show each other (relay.facts) goes
 * behind it: from one hub to another everything comes in order. With LOSSES so many steps end on
 * their way to a hub to which they went (their envelopes expire, or officials return them). A step
 * is of kind OPEN or END as in split.pml, and the moment of its acceptance is its place among the
 * documents.
 *
 *   share    two hubs share a case up to the highest number of a step that the one took and that
 *            went to the other. Each shows the other every document up to that number, as soon as it
 *            has it and they share so much, unless it went there
 *   asks     a hub that takes a step and lacks the one before shows the step to the hub that took it;
 *            that one shows it what it should have had before, and of the rest what went there
 *   told     the hub that took a step hears that it ended on its way to another: it shows it that
 *            step, and once more what they share, for without that step nothing of it was taken
 *   taken    a document that is shown is taken up to the number that is shared, and from the hub
 *            that took it when it went there; else it is refused
 *
 * Checked when nothing moves any more: every step is known where it went; no hub that holds the case
 * lacks a number; and each agrees with the home of every step that it got on what stands, and has
 * effect, before that step. It is so
 * in general: what the two know up to that step is the same, as each has shown it to the other, or
 * the hub that took it sees to it; and what stands follows from what is known.
 *
 * That something moves only so often follows from the rules: a document is kept once at each hub,
 * and shown from one hub to another when it is kept, when more is shared, and when it is told.
 *
 * Each -D of the list in tests/model/run leaves one rule out; the checker must then find a fault.
 */
#ifndef HUBS
#define HUBS 3
#endif
#ifndef DOCS
#define DOCS 3 /* documents are 1 to DOCS, in the order of their acceptance; 0: none */
#endif
#ifndef TAKES
#define TAKES 1
#endif
#define ROOM    8 /* on a way; the checker says when it is full */
#define NUMBERS (DOCS + 1) /* numbers are 1 to DOCS */
#define ALL     (DOCS + 1) /* places for documents */

/* With four hubs the first step goes to all, and they act in turn from the last; TO2 to TO4 say to
 * whom their steps go, a bit a hub (none: to whomever). */
#ifdef IN_TURN
#define MAY_ACT(hub) (docs == 0 || (hub) == HUBS - docs)
#ifdef TO2
#define TO           (docs == 1 -> 15 : (docs == 2 -> TO2 : (docs == 3 -> TO3 : TO4)))
#define MAY_GET(hub) (TO & (1 << (hub)))
#define MAY_MISS(hub) !MAY_GET(hub)
#else
#define MAY_GET(hub) true
#define MAY_MISS(hub) (docs > 1)
#endif
#else
#define MAY_ACT(hub) true
#define MAY_GET(hub) true
#ifdef TO_ALL
#define MAY_MISS(hub) false
#else
#define MAY_MISS(hub) true
#endif
#endif

#define KNOWS(hub, doc)     knows[(hub) * ALL + (doc)]
#define STANDS(hub, number) stands[(hub) * NUMBERS + (number)]
#define WENT(doc, hub)      (went[doc] & (1 << (hub)))

bool knows[HUBS * ALL];
byte stands[HUBS * NUMBERS]; /* 0: none is known */
bool acts[HUBS * NUMBERS];   /* what stands there has effect */
byte state[HUBS];
byte top[HUBS]; /* the highest number */
bool ends[ALL];
byte number_of[ALL];
byte home_of[ALL];
byte went[ALL]; /* hubs, a bit each: that took it, and that it was sent to */
byte docs;
#ifdef LOSSES
byte losses;
byte lost[ALL]; /* hubs, a bit each, on the way to which it ended, until its home has heard of it */
#endif

/* Something comes from the hub that is so many further. */
#define COMES(far)     from[(me + far) % HUBS].to[me]?what, doc -> other = (me + far) % HUBS
#define OVERTAKES(far)                                                                              \
    from[(me + far) % HUBS].to[me]??SHOWN, doc -> what = SHOWN; other = (me + far) % HUBS

mtype = { STEP, SHOWN }; /* an envelope; a relay.facts */
typedef ways { chan to[HUBS] = [ROOM] of { mtype, byte } };
ways from[HUBS];

/* With every number known all is made again in order: for each number the first document that the
 * state allows, else the first of all. With one missing the number of `doc_` alone: the first. */
inline settle(hub, doc_)
{
    whole = true;
    n = 1;
    do
    :: n <= top[hub] ->
        best = 0;
        d = DOCS;
        do
        :: d > 0 ->
            if
            :: KNOWS(hub, d) && number_of[d] == n -> best = d
            :: else
            fi;
            d--
        :: else -> break
        od;
        if
        :: best == 0 -> whole = false
        :: else
        fi;
        if
        :: n == number_of[doc_] || STANDS(hub, n) == 0 -> STANDS(hub, n) = best
        :: else
        fi;
        n++
    :: else -> break
    od;
    if
    :: whole ->
        state[hub] = 0;
        n = 1;
        do
        :: n <= top[hub] ->
            best = 0;
            d = DOCS;
            do
            :: d > 0 ->
                if
                :: KNOWS(hub, d) && number_of[d] == n -> best = d
                :: else
                fi;
                d--
            :: else -> break
            od;
            STANDS(hub, n) = best;
            acts[hub * NUMBERS + n] = state[hub] != 2;
            if
            :: state[hub] != 2 && ends[best] -> state[hub] = 2
            :: state[hub] != 2 && !ends[best] -> state[hub] = 1
            :: else
            fi;
            n++
        :: else -> break
        od
    :: else ->
        state[hub] = (ends[doc_] -> 2 : 1)
    fi;
    n = 0;
    d = 0;
    best = 0
}

/* A step that went from the one to the other. */
#ifdef ONLY_WHO_TOOK_IT_SHOWS
#define BETWEEN(doc, one, two) (home_of[doc] == (one) && WENT(doc, two))
#else
#define BETWEEN(doc, one, two)                                                                      \
    (home_of[doc] == (one) && WENT(doc, two) || home_of[doc] == (two) && WENT(doc, one))
#endif

/* How far the two share the case, by what the first one knows, but for that document: in `most`. */
inline shared(hub, other_, but_)
{
    most = 0;
    d = 1;
    do
    :: d <= DOCS ->
        if
        :: d != (but_) && KNOWS(hub, d) && BETWEEN(d, hub, other_) && number_of[d] > most ->
            most = number_of[d]
        :: else
        fi;
        d++
    :: else -> break
    od;
    d = 0
}

/* What is known above that number and up to the other, unless it went there anyway. */
inline show_all(hub, other_, above_, to_)
{
    d = 1;
    do
    :: d <= DOCS ->
        if
        :: KNOWS(hub, d) && number_of[d] > (above_) && number_of[d] <= (to_) && !WENT(d, other_) ->
            from[hub].to[other_]!SHOWN(d)
        :: else
        fi;
        d++
    :: else -> break
    od;
    d = 0
}

/* It is kept, and each hub shown what it is to know by now but from whom it came. */
inline keep(hub, doc_, giver_)
{
    KNOWS(hub, doc_) = true;
    if
    :: number_of[doc_] > top[hub] -> top[hub] = number_of[doc_]
    :: else
    fi;
    settle(hub, doc_);
    h = 0;
    do
    :: h < HUBS ->
        if
        :: h != hub ->
            shared(hub, h, doc_);
            if
#ifndef NOTHING_BEHIND_A_STEP
            :: BETWEEN(doc_, hub, h) -> show_all(hub, h, most, number_of[doc_])
#endif
#ifndef NOTHING_LATER
            :: !BETWEEN(doc_, hub, h) && number_of[doc_] <= most && !WENT(doc_, h) && h != giver_ ->
                from[hub].to[h]!SHOWN(doc_)
#endif
            :: else
            fi
        :: else
        fi;
        h++
    :: else -> break
    od;
    h = 0;
    most = 0
}

inline ask(hub, doc_)
{
    if
    :: number_of[doc_] > 1 && STANDS(hub, number_of[doc_] - 1) == 0 && home_of[doc_] != hub ->
        from[hub].to[home_of[doc_]]!SHOWN(doc_)
    :: else
    fi
}

/* It may have ended on its way. */
#define CAME(doc, hub) (WENT(doc, hub) && home_of[doc] != (hub))

/* How far the two shared the case by lower numbers: what is above went behind the step. */
inline answer(hub, doc_, other_)
{
    most = 0;
    d = 1;
    do
    :: d <= DOCS ->
        if
        :: KNOWS(hub, d) && BETWEEN(d, hub, other_) && number_of[d] > most &&
                number_of[d] < number_of[doc_] ->
            most = number_of[d]
        :: else
        fi;
        d++
    :: else -> break
    od;
    d = 1;
    do
    :: d <= DOCS ->
        if
        :: KNOWS(hub, d) && number_of[d] < number_of[doc_] &&
                (CAME(d, other_) || (!WENT(d, other_) && number_of[d] <= most)) ->
            from[hub].to[other_]!SHOWN(d)
        :: else
        fi;
        d++
    :: else -> break
    od;
    d = 0;
    most = 0
}

inline take_step(hub, doc_, giver_)
{
    if
    :: KNOWS(hub, doc_) -> skip
    :: else -> keep(hub, doc_, giver_)
    fi;
    ask(hub, doc_)
}

inline take_shown(hub, doc_, giver_)
{
    shared(hub, giver_, 0);
    if
    :: KNOWS(hub, doc_) && home_of[doc_] == hub && WENT(doc_, giver_) -> answer(hub, doc_, giver_)
    :: KNOWS(hub, doc_) && !(home_of[doc_] == hub && WENT(doc_, giver_)) -> skip
    :: !KNOWS(hub, doc_) && WENT(doc_, hub) && home_of[doc_] == giver_ &&
            number_of[doc_] > top[hub] ->
        keep(hub, doc_, giver_);
        ask(hub, doc_)
    :: !KNOWS(hub, doc_) && !(WENT(doc_, hub) && home_of[doc_] == giver_ &&
            number_of[doc_] > top[hub]) &&
            (number_of[doc_] <= most || (WENT(doc_, hub) && home_of[doc_] == giver_)) ->
        keep(hub, doc_, giver_)
    :: else ->
#ifdef LOSSES
        skip /* the step behind which it went has ended on its way */
#else
        assert(false)
#endif
    fi;
    most = 0
}

#ifdef LOSSES
#define HEARS(doc) lost[doc] != 0 && home_of[doc] == me

inline tell(hub, doc_)
{
    h = 0;
    do
    :: h < HUBS ->
        if
        :: lost[doc_] & (1 << h) ->
            from[hub].to[h]!SHOWN(doc_);
#ifndef WHAT_WAS_REFUSED_IS_NOT_SHOWN_AGAIN
            shared(hub, h, 0);
            show_all(hub, h, 0, most)
#endif
        :: else
        fi;
        h++
    :: else -> break
    od;
    lost[doc_] = 0;
    h = 0;
    most = 0
}
#endif

inline forget()
{
    doc = 0;
    what = 0;
    other = 0;
    whole = false;
    h = 0
}

proctype hub(byte me)
{
    byte doc, n, d, h, best, left, other, most;
    mtype what;
    bool whole;
    left = TAKES;
end:
    do
    :: atomic {
            left > 0 && docs < DOCS && state[me] != 2 && MAY_ACT(me) &&
                (top[me] > 0 || (me == 0 && docs == 0)) ->
            left--;
            docs++;
            number_of[docs] = top[me] + 1;
            home_of[docs] = me;
#ifndef NO_ENDS
            if
            :: ends[docs] = true
            :: ends[docs] = false
            fi;
#endif
            do /* one hub at least */
            :: other < HUBS ->
                if
                :: other != me && MAY_GET(other) ->
                    went[docs] = went[docs] | (1 << other);
                    if
#ifdef LOSSES
                    :: losses < LOSSES -> losses++; lost[docs] = lost[docs] | (1 << other)
#endif
                    :: from[me].to[other]!STEP(docs)
                    fi
                :: other != me && MAY_MISS(other) &&
                        (went[docs] != 0 || other < (me == HUBS - 1 -> HUBS - 2 : HUBS - 1)) -> skip
                :: other == me
                fi;
                other++
            :: else -> break
            od;
            went[docs] = went[docs] | (1 << me);
            doc = docs;
            keep(me, doc, me);
            forget()
        }
#if defined(LOSSES) && !defined(ENDS_ARE_NOT_SHOWN)
    :: atomic { HEARS(1) -> doc = 1; tell(me, doc); forget() }
    :: atomic { HEARS(2) -> doc = 2; tell(me, doc); forget() }
    :: atomic { HEARS(3) -> doc = 3; tell(me, doc); forget() }
#if DOCS > 3
    :: atomic { HEARS(4) -> doc = 4; tell(me, doc); forget() }
#endif
#endif
    :: atomic {
            if
            :: COMES(1)
            :: COMES(2)
#if HUBS > 3
            :: COMES(3)
#endif
#ifdef SHOWN_OVERTAKES
            :: OVERTAKES(1)
            :: OVERTAKES(2)
#endif
            fi;
            if
            :: what == STEP -> take_step(me, doc, other)
            :: else -> take_shown(me, doc, other)
            fi;
            forget()
        }
    od
}

/* Nothing moves any more. */
proctype outcome()
{
    byte h, n, d;
    timeout ->
    d_step {
        h = 0;
        do
        :: h < HUBS ->
            n = 1;
            do
            :: n <= top[h] -> assert(STANDS(h, n) != 0); n++
            :: else -> break
            od;
            d = 1;
            do
            :: d <= docs ->
                if
                :: WENT(d, h) ->
                    assert(KNOWS(h, d));
                    n = 1;
                    do
                    :: n < number_of[d] ->
                        assert(STANDS(h, n) == STANDS(home_of[d], n));
                        assert(acts[h * NUMBERS + n] == acts[home_of[d] * NUMBERS + n]);
                        n++
                    :: else -> break
                    od
                :: else
                fi;
                d++
            :: else -> break
            od;
            h++
        :: else -> break
        od
    }
}

init
{
    byte i;
    atomic {
        do
        :: i < HUBS -> run hub(i); i++
        :: else -> break
        od;
        run outcome()
    }
}
