/* case - one case, its card at the hubs of three sides (M inspectors, P police, J procuratorate),
 * which take steps by documents that reach the other sides on different ways and in any order of
 * arrival between two ways. PROTOCOL.md 15, hub/policy/rules/cases.yaml.
 *
 *   0 ─M─> 1 ─P─> 2 ─M─> 3 ─P─> 4 filed
 *          └──────P──────┴─P─> 5 not filed ─J─> 6 ─P─> 7 ─J─> 4 filed
 *
 * The hub of who sends a document judges the step and gives it the next number of the case; the
 * other hubs take it by its number: the state is that of the highest number seen.
 *
 * Checked: two documents never get one number; when nothing moves any more the case is at its end
 * and every side that the last step was addressed to shows that end.
 *
 * Each -D of the list in tests/model/run leaves one rule out; the checker must then find a fault.
 */
#define M 0
#define P 1
#define J 2
#define SIDES 3
#define STEPS 8

#define FILED 4

typedef card {
    byte state;
    byte number
};
card at[SIDES];
bool taken[STEPS]; /* a document has this number */

/* Every way between two sides is its own: in order within itself only. */
typedef ways { chan to[SIDES] = [STEPS] of { byte, byte } }; /* number, state */
ways from[SIDES];

inline step(side, next, to_m, to_p, to_j)
{
    at[side].number++;
    assert(!taken[at[side].number]);
    taken[at[side].number] = true;
    at[side].state = next;
    if
    :: to_m -> from[side].to[M]!at[side].number, next
    :: else
    fi;
    if
    :: to_p -> from[side].to[P]!at[side].number, next
    :: else
    fi;
    if
    :: to_j -> from[side].to[J]!at[side].number, next
    :: else
    fi
}

inline take(side)
{
#ifndef STATE_OF_LAST_ARRIVAL
    if
    :: number > at[side].number ->
#endif
       at[side].number = number;
       at[side].state = state
#ifndef STATE_OF_LAST_ARRIVAL
    :: else
    fi
#endif
    ;
    number = 0;
    state = 0
}

proctype market()
{
    byte number, state;
end:
    do
    :: atomic { at[M].state == 0 -> step(M, 1, 0, 1, 1) }
    :: atomic { at[M].state == 2 -> step(M, 3, 0, 1, 0) }
#ifdef TWO_SIDES_ACT
    :: atomic { at[M].state == 1 -> step(M, 3, 0, 1, 0) }
#endif
    :: atomic { from[P].to[M]?number, state -> take(M) }
    :: atomic { from[J].to[M]?number, state -> take(M) }
    od
}

proctype police()
{
    byte number, state;
end:
    do
    :: atomic { at[P].state == 1 -> step(P, 2, 1, 0, 0) }
    :: atomic { at[P].state == 1 -> step(P, 5, 1, 0, 1) }
    :: atomic { at[P].state == 3 -> step(P, FILED, 1, 0, 1) }
#ifdef ACTOR_NOT_ADDRESSED
    :: atomic { at[P].state == 3 -> step(P, 5, 1, 0, 0) }
#else
    :: atomic { at[P].state == 3 -> step(P, 5, 1, 0, 1) }
#endif
    :: atomic { at[P].state == 6 -> step(P, 7, 1, 0, 1) }
    :: atomic { from[M].to[P]?number, state -> take(P) }
    :: atomic { from[J].to[P]?number, state -> take(P) }
    od
}

proctype procuratorate()
{
    byte number, state;
end:
    do
    :: atomic { at[J].state == 5 -> step(J, 6, 1, 1, 0) }
    :: atomic { at[J].state == 7 -> step(J, FILED, 1, 1, 0) }
    :: atomic { from[M].to[J]?number, state -> take(J) }
    :: atomic { from[P].to[J]?number, state -> take(J) }
    od
}

/* Nothing moves any more. */
proctype outcome()
{
    timeout ->
    assert(at[M].state == FILED && at[P].state == FILED && at[J].state == FILED);
    assert(at[M].number == at[P].number && at[P].number == at[J].number)
}

init
{
    atomic {
        run market();
        run police();
        run procuratorate();
        run outcome()
    }
}
