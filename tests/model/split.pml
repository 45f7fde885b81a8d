/* split - steps of one case that hubs take on both sides of a cut, each with a number, and what
 * stands when every document has come everywhere. PROTOCOL.md 15, Cases.
 *
 * HUBS hubs; each takes up to TAKES steps whenever the state lets it, numbers it by its own card,
 * and sends it to the others on ways of their own, in order within each. A step is of kind OPEN
 * (allowed in state 0 and 1, leads to 1) or END (allowed in 0 and 1, leads to 2: nothing follows).
 * No two documents are accepted at one moment; the moment is the order of the documents.
 *
 * Checked: when nothing moves any more, every hub has the same document standing for each number,
 * the same effect of it and the same state; and no step has effect that the state before forbids.
 *
 * Each -D of the list in tests/model/run leaves one rule out; the checker must then find a fault.
 */
#ifndef HUBS
#define HUBS 2
#endif
#ifndef TAKES
#define TAKES 2
#endif
#define NUMBERS 5 /* numbers are 1 to TAKES * HUBS */
#define DOCS    5 /* documents are 1 to TAKES * HUBS, in the order of their acceptance; 0: none */

bool knows[HUBS * DOCS]; /* hub * DOCS + document */
byte stands[HUBS * NUMBERS];
bool acts[HUBS * NUMBERS]; /* what stands there has effect */
byte state[HUBS];
byte top[HUBS]; /* the highest number */
byte number_of[DOCS];
bool ends[DOCS];
byte docs;

typedef ways { chan to[HUBS] = [DOCS] of { byte } };
ways from[HUBS];

/* State and standing documents are made again from all steps in order: for each number the first
 * one that the state allows, else the first of all. */
inline settle(hub)
{
    d_step {
        state[hub] = 0;
        n = 1;
        do
        :: n < NUMBERS ->
            best = 0;
            d = DOCS - 1;
            do
            :: d > 0 ->
                if
                :: knows[hub * DOCS + d] && number_of[d] == n ->
                    best = d
                :: else
                fi;
                d--
            :: else -> break
            od;
            stands[hub * NUMBERS + n] = best;
#ifdef WHAT_WAS_BUILT_STAYS
            acts[hub * NUMBERS + n] = best != 0;
#else
            acts[hub * NUMBERS + n] = best != 0 && state[hub] != 2;
#endif
            if
            :: acts[hub * NUMBERS + n] && ends[best] -> state[hub] = 2
            :: acts[hub * NUMBERS + n] && !ends[best] -> state[hub] = 1
            :: else
            fi;
            if
            :: best != 0 && n > top[hub] -> top[hub] = n
            :: else
            fi;
            n++
        :: else -> break
        od;
        n = 0;
        d = 0;
        best = 0
    }
}

/* A number that another document has already: what came first stays. */
inline take(hub)
{
    d_step {
#ifdef FIRST_ARRIVAL_STANDS
        d = 1;
        best = 0;
        do
        :: d < DOCS ->
            if
            :: d != doc && knows[hub * DOCS + d] && number_of[d] == number_of[doc] -> best = d
            :: else
            fi;
            d++
        :: else -> break
        od;
        if
        :: best == 0 -> knows[hub * DOCS + doc] = true
        :: else
        fi;
        d = 0;
        best = 0
#else
        knows[hub * DOCS + doc] = true
#endif
    }
#ifdef NOT_JUDGED_AGAIN
    if
    :: number_of[doc] > top[hub] -> settle(hub)
    :: else
    fi
#else
    settle(hub)
#endif
    ;
    doc = 0
}

proctype hub(byte me)
{
    byte doc, n, d, best, left, other;
    left = TAKES;
end:
    do
    :: atomic {
        left > 0 && state[me] != 2 ->
        left--;
        docs++;
        number_of[docs] = top[me] + 1;
        if
        :: ends[docs] = true
        :: ends[docs] = false
        fi;
        knows[me * DOCS + docs] = true;
        other = 0;
        do
        :: other < HUBS ->
            if
            :: other != me -> from[me].to[other]!docs
            :: else
            fi;
            other++
        :: else -> break
        od;
        other = 0;
        settle(me)
    }
    :: atomic { from[(me + 1) % HUBS].to[me]?doc -> take(me) }
#if HUBS > 2
    :: atomic { from[(me + 2) % HUBS].to[me]?doc -> take(me) }
#endif
    od
}

/* Nothing moves any more. */
proctype outcome()
{
    byte n, h, was;
    timeout ->
    d_step {
        h = 1;
        do
        :: h < HUBS ->
            assert(state[h] == state[0]);
            n = 1;
            do
            :: n < NUMBERS ->
                assert(stands[h * NUMBERS + n] == stands[n]);
                assert(acts[h * NUMBERS + n] == acts[n]);
                n++
            :: else -> break
            od;
            h++
        :: else -> break
        od;
        /* By the effects alone: what ends the case is followed by none. */
        n = 1;
        do
        :: n < NUMBERS ->
            assert(!(acts[n] && was));
            if
            :: acts[n] && ends[stands[n]] -> was = 1
            :: else
            fi;
            n++
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
