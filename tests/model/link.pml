/* link - messages of one conversation from a sender over hubs to a recipient, and their receipts
 * back. PROTOCOL.md 15, hub/README.md "Nothing is acknowledged before it is on disk".
 *
 *   0 sender ── 1 hub ── … ── HUBS hub ── LAST recipient          link i joins node i and i + 1
 *
 * What is durable at a node stands in the arrays known, queued, relayed, final: a step of a node is
 * its transaction. What is not, that is what was sent on this connection, is lost with the
 * connection (cut), which is also what a killed process loses. A hub that is restored from a
 * backup has lost everything since, begins another log, and its neighbours hear so in its hello.
 *
 * Checked: a message is applied once and in order; the sender knows it final only when it was
 * applied; when nothing moves any more, every message has been applied and its sender knows.
 *
 * Each -D of the list in tests/model/run leaves one rule out; the checker must then find a fault.
 */
#ifndef HUBS
#define HUBS 3
#endif
#define LAST (HUBS + 1)
#define NODES (HUBS + 2)
#define LINKS (HUBS + 1)
#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef CUTS
#define CUTS 2
#endif
#ifndef RESTORES
#define RESTORES 1
#endif

mtype = { ENVELOPE, RELAYED, FINAL };

typedef row { bool m[MESSAGES] };

chan down[LINKS] = [MESSAGES] of { byte };
chan up[LINKS] = [2 * MESSAGES] of { mtype, byte };

/* durable */
row known[NODES];
row queued[NODES];
row relayed[NODES]; /* this node owes the one above it the receipt "relayed" */
row final[NODES];   /* it has the final receipt, which it owes the one above */
byte applied[MESSAGES];

/* of the connection: sent on link i since it was made */
row sent_down[LINKS];
row sent_relayed[LINKS];
row sent_final[LINKS];

inline lose(i)
{
    do
    :: nempty(down[i]) -> down[i]?_
    :: empty(down[i]) -> break
    od;
    do
    :: nempty(up[i]) -> up[i]?_, _
    :: empty(up[i]) -> break
    od;
    k = 0;
    do
    :: k < MESSAGES ->
       sent_down[i].m[k] = false;
#ifndef RECEIPTS_ONCE
       sent_relayed[i].m[k] = false;
       sent_final[i].m[k] = false;
#endif
       k++
    :: else -> break
    od
}

/* An envelope goes down: the older one first. */
#ifdef ANY_ORDER
#define MAY_GO(n, i) (queued[n].m[i] && !sent_down[n].m[i])
#else
#define MAY_GO(n, i)                                                                               \
    (queued[n].m[i] && !sent_down[n].m[i] && (i == 0 || !queued[n].m[0] || sent_down[n].m[0]))
#endif

proctype sender()
{
    byte i;
    mtype what;
end:
    do
    :: atomic { MAY_GO(0, 0) && nfull(down[0]) -> down[0]!0; sent_down[0].m[0] = true }
#if MESSAGES > 1
    :: atomic { MAY_GO(0, 1) && nfull(down[0]) -> down[0]!1; sent_down[0].m[1] = true }
#endif
    :: atomic {
           up[0]?what, i ->
           if
           :: what == FINAL ->
              assert(applied[i] == 1);
              queued[0].m[i] = false;
              final[0].m[i] = true
#ifdef FORGET_AT_ACCEPTED
           :: what == RELAYED -> queued[0].m[i] = false
#else
           :: what == RELAYED -> skip
#endif
           fi;
           what = 0; i = 0
       }
    od
}

proctype hub(byte n)
{
    byte i;
    mtype what;
end:
    do
    :: atomic {
           down[n - 1]?i ->
           if
           :: !known[n].m[i] -> known[n].m[i] = true; queued[n].m[i] = true; relayed[n].m[i] = true
           :: else /* a repeat is told again what is known of it */
              ->
              sent_relayed[n - 1].m[i] = false;
              sent_final[n - 1].m[i] = false
           fi;
           i = 0
       }
    :: atomic { MAY_GO(n, 0) && nfull(down[n]) -> down[n]!0; sent_down[n].m[0] = true }
#if MESSAGES > 1
    :: atomic { MAY_GO(n, 1) && nfull(down[n]) -> down[n]!1; sent_down[n].m[1] = true }
#endif
    :: atomic {
           up[n]?what, i ->
           if
           :: !known[n].m[i] -> skip /* of a message from before the backup: it comes again */
#ifdef RELAYED_UNASKED
           :: known[n].m[i] && what == RELAYED -> queued[n].m[i] = false
#else
           /* It answers what went on this connection: one from before a restore ends nothing. */
           :: known[n].m[i] && what == RELAYED ->
              queued[n].m[i] = queued[n].m[i] && !sent_down[n].m[i]
#endif
           :: known[n].m[i] && what == FINAL -> queued[n].m[i] = false; final[n].m[i] = true
           fi;
           what = 0; i = 0
       }
    :: atomic {
           relayed[n].m[0] && !sent_relayed[n - 1].m[0] && nfull(up[n - 1]) ->
           up[n - 1]!RELAYED, 0; sent_relayed[n - 1].m[0] = true
       }
#if MESSAGES > 1
    :: atomic {
           relayed[n].m[1] && !sent_relayed[n - 1].m[1] && nfull(up[n - 1]) ->
           up[n - 1]!RELAYED, 1; sent_relayed[n - 1].m[1] = true
       }
#endif
    :: atomic {
           final[n].m[0] && !sent_final[n - 1].m[0] && nfull(up[n - 1]) ->
           up[n - 1]!FINAL, 0; sent_final[n - 1].m[0] = true
       }
#if MESSAGES > 1
    :: atomic {
           final[n].m[1] && !sent_final[n - 1].m[1] && nfull(up[n - 1]) ->
           up[n - 1]!FINAL, 1; sent_final[n - 1].m[1] = true
       }
#endif
    od
}

proctype recipient()
{
    byte i;
end:
    do
    :: atomic {
           down[HUBS]?i ->
#ifndef APPLY_REPEATS
           if
           :: !known[LAST].m[i] ->
#endif
              assert(i == 0 || applied[0] > 0);
              applied[i]++;
              assert(applied[i] == 1);
              known[LAST].m[i] = true;
              final[LAST].m[i] = true
#ifndef APPLY_REPEATS
           :: else -> sent_final[HUBS].m[i] = false
           fi
#endif
           ;
           i = 0
       }
    :: atomic {
           final[LAST].m[0] && !sent_final[HUBS].m[0] && nfull(up[HUBS]) ->
           up[HUBS]!FINAL, 0; sent_final[HUBS].m[0] = true
       }
#if MESSAGES > 1
    :: atomic {
           final[LAST].m[1] && !sent_final[HUBS].m[1] && nfull(up[HUBS]) ->
           up[HUBS]!FINAL, 1; sent_final[HUBS].m[1] = true
       }
#endif
    od
}

/* Hub n is restored from a backup of before: both neighbours hear of its new log. The one above
 * sends again what it gave away and what is not final; the one below says again what it owes. */
inline restore(n)
{
    k = 0;
    do
    :: k < MESSAGES ->
       known[n].m[k] = false;
       queued[n].m[k] = false;
       relayed[n].m[k] = false;
       final[n].m[k] = false;
       if
#ifndef NO_SENDING_AGAIN
       :: n > 1 && known[n - 1].m[k] && !final[n - 1].m[k] -> queued[n - 1].m[k] = true
#endif
       :: else -> skip
       fi;
       k++
    :: else -> break
    od;
    lose(n - 1);
    lose(n)
}

proctype misfortune()
{
    byte cuts = 0;
    byte restores = 0;
    byte k;
    do
    :: cuts < CUTS -> atomic { cuts++; lose(0) }
    :: cuts < CUTS -> atomic { cuts++; lose(1) }
    :: cuts < CUTS -> atomic { cuts++; lose(2) }
#if HUBS > 2
    :: cuts < CUTS -> atomic { cuts++; lose(3) }
#endif
    :: restores < RESTORES -> atomic { restores++; restore(1) }
    :: restores < RESTORES -> atomic { restores++; restore(2) }
    :: break
    od
}

/* Nothing moves any more. */
proctype outcome()
{
    timeout ->
    assert(applied[0] == 1 && final[0].m[0]);
#if MESSAGES > 1
    assert(applied[1] == 1 && final[0].m[1])
#endif
}

init
{
    atomic {
        queued[0].m[0] = true;
#if MESSAGES > 1
        queued[0].m[1] = true;
#endif
        run sender();
        run hub(1);
        run hub(2);
#if HUBS > 2
        run hub(3);
#endif
        run recipient();
        run misfortune();
        run outcome()
    }
}
