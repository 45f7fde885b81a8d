/* meet - steps of one case that reach only some of the hubs, taken on sides that may share no
 * recipient; how a hub that joins later gets what went before, and how the sides come to see that
 * there are two documents for one number. PROTOCOL.md 15, Cases; hub/core/case_history.c and
 * case_split.c.
 *
 * Hub 0 opens the case; a hub that holds it may take up to TAKES steps, DOCS in all, whenever the
 * state lets it. A step goes to one or more other hubs. What hubs show each other (relay.facts) goes
 * behind it: from one hub to another everything comes in order. With LOSSES so many steps end on
 * their way to a hub to which they went (their envelopes expire, or officials return them). A step is of kind OPEN or END as in
 * split.pml, and the moment of its acceptance is its place among the documents.
 *
 *   asks     a hub that takes a step and lacks the one before shows the step to the hub that judged
 *            it, and is handed on its rivals and those before it, from the newest down to the first
 *            that went there (it is handed on, too, unless it was taken there), each with its rivals;
 *            also when that step has lost by then. Of the last of them it asks again
 *   meets    else it shows that hub the one before, unless that went there
 *   shows    a hub with two documents for one number shows each to the home of the other one; that
 *            home shows it to every hub that holds the case, by who took its steps and who got them
 *   goes on  a hub that gets a document behind steps that were taken there hands it on, with what
 *            went before it, to every hub that got such a step
 *
 * Checked when nothing moves any more: no hub that holds the case lacks a number; and each agrees
 * with the home of every step that it got on what stands, and has effect, before that step.
 *
 * That something moves only so often follows from the rules: a document is kept once at each hub,
 * and asked with once; nothing else is said of what is kept already, for what was taken at a hub is
 * never handed on to it.
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
#endif

/* Something comes from the hub that is so many further. */
#define COMES(far)     from[(me + far) % HUBS].to[me]?what, doc -> other = (me + far) % HUBS
#define OVERTAKES(far)                                                                              \
    from[(me + far) % HUBS].to[me]??SHOWN, doc -> what = SHOWN; other = (me + far) % HUBS

mtype = { STEP, SHOWN }; /* an envelope; a relay.facts */
typedef ways { chan to[HUBS] = [ROOM] of { mtype, byte } };
ways from[HUBS];

/* Another document for a hub, unless it went there anyway. */
inline show_to(me_, doc_, hub_)
{
    if
    :: !WENT(doc_, hub_) -> from[me_].to[hub_]!SHOWN(doc_)
    :: else
    fi
}

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

/* Also when it went there: who took another one did not have it then, and who did not get it either
 * would never know. */
#ifdef WHAT_WENT_IS_NOT_SHOWN
#define SHOWS_RIVAL(doc, hub) !WENT(doc, hub)
#else
#define SHOWS_RIVAL(doc, hub) (home_of[doc] != (hub))
#endif

/* `one_` is one document of a number here, `other_` another one. */
inline show_each(hub, one_, other_)
{
#ifndef NOBODY_SHOWS
    if
    :: home_of[one_] != hub ->
        if
        :: SHOWS_RIVAL(other_, home_of[one_]) -> from[hub].to[home_of[one_]]!SHOWN(other_)
        :: else
        fi
    :: else ->
#ifdef HOME_KEEPS_IT
        skip
#else
        holds = went[one_];
        n = 1;
        do
        :: n <= top[hub] ->
            holds = holds | went[STANDS(hub, n)];
            n++
        :: else -> break
        od;
        h = 0;
        do
        :: h < HUBS ->
            if
            :: h != hub && (holds & (1 << h)) && SHOWS_RIVAL(other_, h) ->
                from[hub].to[h]!SHOWN(other_)
            :: else
            fi;
            h++
        :: else -> break
        od;
        n = 0;
        h = 0;
        holds = 0
#endif
    fi
#else
    skip
#endif
}

/* All that is known of one number but this document, unless it went there anyway. */
inline hand_rivals(hub, doc_, other_)
{
    d = 1;
    do
    :: d <= DOCS ->
        if
        :: d != doc_ && KNOWS(hub, d) && number_of[d] == number_of[doc_] && !WENT(d, other_) ->
            from[hub].to[other_]!SHOWN(d)
        :: else
        fi;
        d++
    :: else -> break
    od;
    d = 0
}

/* That document's rivals, and what went before it, down to what the other hub got; when it asks,
 * that one too, unless it was taken there: it may never have come. */
inline hand_on(hub, doc_, other_, asks_)
{
    hand_rivals(hub, doc_, other_);
    n = number_of[doc_] - 1;
    do
    :: n > 0 && STANDS(hub, n) != 0 &&
            (!WENT(STANDS(hub, n), other_) || (asks_ && home_of[STANDS(hub, n)] != other_)) ->
        from[hub].to[other_]!SHOWN(STANDS(hub, n));
        hand_rivals(hub, STANDS(hub, n), other_);
        if
        :: WENT(STANDS(hub, n), other_) -> break
        :: else -> n--
        fi
    :: else -> break
    od;
    n = 0
}

/* A member of this hub went on from it before it came here: who got that step gets it now. */
inline go_on(hub, doc_)
{
#ifndef WHO_GOES_ON_KEEPS_IT
    n = number_of[doc_] + 1;
    do
    :: n <= top[hub] ->
        if
        :: STANDS(hub, n) != 0 && home_of[STANDS(hub, n)] == hub ->
            holds = holds | went[STANDS(hub, n)]
        :: else
        fi;
        n++
    :: else -> break
    od;
    n = 0;
    do
    :: h < HUBS ->
        if
        :: h != hub && (holds & (1 << h)) ->
            show_to(hub, STANDS(hub, number_of[doc_]), h);
            hand_on(hub, STANDS(hub, number_of[doc_]), h, false)
        :: else
        fi;
        h++
    :: else -> break
    od;
    h = 0;
    holds = 0
#else
    skip
#endif
}

/* It is kept; what it is a rival of is shown about. */
inline keep(hub, doc_)
{
    was = (number_of[doc_] <= top[hub] -> STANDS(hub, number_of[doc_]) : 0);
    KNOWS(hub, doc_) = true;
    if
    :: number_of[doc_] > top[hub] -> top[hub] = number_of[doc_]
    :: else
    fi;
    settle(hub, doc_);
    if
    :: was != 0 ->
        show_each(hub, was, doc_);
        show_each(hub, doc_, was)
    :: else
    fi;
    go_on(hub, doc_)
}

/* That hub knows `doc_`: it is shown the one before. */
inline meet(hub, doc_, other_)
{
#ifndef SIDES_DO_NOT_MEET
    if
    :: number_of[doc_] > 1 && STANDS(hub, number_of[doc_] - 1) != 0 && other_ != hub ->
        show_to(hub, STANDS(hub, number_of[doc_] - 1), other_)
    :: else
    fi
#else
    skip
#endif
}

/* The step before it has not come: who judged it is asked. */
inline ask(hub, doc_)
{
#ifdef NOBODY_ASKS
    skip
#else
    if
    :: number_of[doc_] > 1 && STANDS(hub, number_of[doc_] - 1) == 0 ->
        from[hub].to[home_of[doc_]]!SHOWN(doc_)
    :: else
    fi
#endif
}

inline take_step(hub, doc_)
{
    if
    :: KNOWS(hub, doc_) -> ask(hub, doc_) /* what was shown came first */
    :: else ->
        keep(hub, doc_);
        if /* what loses is refused, and no question follows */
        :: STANDS(hub, number_of[doc_]) != doc_ && was != 0 -> skip
        :: else ->
            ask(hub, doc_);
            meet(hub, doc_, home_of[doc_])
        fi
    fi;
    was = 0
}

/* One that asks and holds the case is given what went before. */
inline answer(hub, doc_, other_)
{
    d = 1;
    do
    :: d <= DOCS ->
        if
        :: KNOWS(hub, d) && WENT(d, other_) -> holds = true
        :: else
        fi;
        d++
    :: else -> break
    od;
    d = 0;
    if
#ifdef WHAT_LOST_IS_NOT_ANSWERED
    :: STANDS(hub, number_of[doc_]) == doc_ && holds && home_of[doc_] == hub ->
#else
    :: holds && home_of[doc_] == hub ->
#endif
        holds = 0;
#ifdef WHAT_WENT_IS_NOT_ANSWERED
        hand_on(hub, doc_, other_, false)
#else
        hand_on(hub, doc_, other_, true)
#endif
    :: else
    fi;
    holds = 0
}

inline take_shown(hub, doc_, other_)
{
    if
    :: KNOWS(hub, doc_) -> answer(hub, doc_, other_)
    :: !KNOWS(hub, doc_) && number_of[doc_] <= top[hub] && STANDS(hub, number_of[doc_]) != 0 ->
        keep(hub, doc_);
        meet(hub, doc_, other_)
    :: !KNOWS(hub, doc_) && number_of[doc_] < top[hub] && STANDS(hub, number_of[doc_]) == 0 &&
            STANDS(hub, number_of[doc_] + 1) != 0 ->
        keep(hub, doc_);
        if /* it is the last that is given, and had gone here, as those before it may have */
        :: WENT(doc_, hub) -> ask(hub, doc_)
        :: else
        fi
    :: else /* further ahead of what came here: refused */
    fi;
    was = 0
}

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
    byte doc, n, d, h, best, left, other, was, holds;
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
                    :: losses < LOSSES -> losses++ /* it never comes */
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
            keep(me, doc);
            was = 0;
            forget()
        }
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
            :: what == STEP -> take_step(me, doc)
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
                :: WENT(d, h) && KNOWS(h, d) ->
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
