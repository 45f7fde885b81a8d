/* Clues, complaints, supervised matters and assistance across regions, each step once on its way
 * and refused where it does not belong. Written from C.5 and D.6. */
#include "scenario/casepath.h"

#define CLUE_SENT                                                                                  \
    {                                                                                              \
        "C02", "clue", "case.forward", MEDIA, {MPA}, 1, MPA, "CLUE", LEG_OPENS | LEG_ANYONE, NULL, \
            NULL                                                                                   \
    }

/* clang-format off */
static const struct path paths[] = {
    {"assistance drafted, sent, extended, replied, supplemented, closed",
     {{"A01", "drafted", "case.record", MPA, {HUB}, 0, MPA, "DRAFT", LEG_OPENS | LEG_ANYONE, NULL, NULL},
      SENT("case"), ACCEPTED(MPA_OTHER, MPA),
      {"A05", "", "assist.extend", MPA_OTHER, {MPA}, 1, MPA_OTHER, "EXTENDED", LEG_ANYONE, NULL, NULL},
      REPLIED,
      {"A07", "more", "assist.request", MPA, {MPA_OTHER}, 1, MPA_OTHER, "SUPPLEMENT_ASKED", LEG_ANYONE, NULL, NULL},
      REPLIED,
      {"A08", "", "assist.close", MPA, {MPA_OTHER}, 1, "", "CLOSED", LEG_ANYONE, NULL, NULL}}},
    {"rejected, disputed, accepted by agreement",
     {SENT("check"), REJECTED, DISPUTED,
      {"A10", "agreed", "assist.accept", MPA_OTHER, {MPA}, 1, MPA_OTHER, "ACCEPTED", LEG_ANYONE, NULL, NULL},
      REPLIED}},
    {"rejected, disputed, designated by the common superior",
     {SENT("urgent"), REJECTED, DISPUTED,
      {"A11", "designated", "assist.accept", MPA_UPPER, {MPA, MPA_OTHER}, 0, MPA_OTHER, "ACCEPTED",
       LEG_ANYONE | LEG_JOINS, NULL, NULL},
      REPLIED}},
    {"withdrawn by the requester",
     {{"A02", "platform", "assist.request", MPA, {MPA_OTHER}, 1, MPA_OTHER, "SENT", LEG_OPENS | LEG_ANYONE, NULL, NULL},
      {"A08", "withdrawn", "assist.close", MPA, {MPA_OTHER}, 1, "", "CLOSED", LEG_ANYONE, NULL, NULL}}},
    {"a draft given up",
     {{"A01", "drafted", "case.record", MPA, {HUB}, 0, MPA, "DRAFT", LEG_OPENS | LEG_ANYONE, NULL, NULL},
      {"A08", "withdrawn", "case.record", MPA, {HUB}, 0, "", "CLOSED", LEG_ANYONE, NULL, NULL}}},
    {"a complaint registered by who is competent",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL}}},
    {"a penalty pushed to the place of registration", {SENT("publish"), ACCEPTED(MPA_OTHER, MPA)}},
    {"the police check an identity", {SENT_POLICE("identity"), ACCEPTED(PS_OTHER, PS)}},
    {"the police fetch evidence", {SENT_POLICE("evidence"), ACCEPTED(PS_OTHER, PS)}},
    {"a matter supervised by the superior",
     {SENT("case"),
      {"S01", "supervised", "case.supervise", MPA_UPPER, {MPA_OTHER}, 1, MPA_OTHER, "SENT",
       LEG_AGAIN | LEG_ANYONE | LEG_JOINS, NULL, NULL},
      {"S02", "reported", "case.result", MPA_OTHER, {MPA_UPPER}, 1, MPA_OTHER, "SENT",
       LEG_AGAIN | LEG_ANYONE, NULL, NULL}}},

    {"a missent clue comes back and is sent elsewhere",
     {CLUE_SENT,
      {"C04", "missent", "case.acknowledged", MPA, {MEDIA}, 1, MEDIA, "MISSENT", 0, NULL, NULL},
      {"C03", "passed_on", "case.forward", MEDIA, {MPA_OTHER}, 1, MPA_OTHER, "CLUE", LEG_ANYONE, NULL, NULL}}},
    {"a clue passed on, disputed, agreed, disputed, designated",
     {CLUE_SENT,
      {"C03", "passed_on", "case.forward", MPA, {MPA_OTHER}, 1, MPA_OTHER, "CLUE", LEG_ANYONE, NULL, NULL},
      {"C05", "disputed", "case.forward", MPA_OTHER, {MPA}, 1, MPA, "DISPUTED", 0, NULL, NULL},
      {"C06", "agreed", "case.forward", MPA, {MPA_OTHER}, 1, MPA_OTHER, "CLUE", 0, NULL, NULL},
      {"C05", "disputed", "case.forward", MPA_OTHER, {MPA}, 1, MPA, "DISPUTED", 0, NULL, NULL},
      {"C07", "designated", "case.forward", MPA_UPPER, {MPA, MPA_OTHER}, 0, MPA, "CLUE", LEG_JOINS, NULL, NULL}}},
    {"a clue that came back is disputed",
     {{"C02", "clue", "case.forward", MPA_OTHER, {MPA}, 1, MPA, "CLUE", LEG_OPENS | LEG_ANYONE, NULL, NULL},
      {"C04", "missent", "case.acknowledged", MPA, {MPA_OTHER}, 1, MPA_OTHER, "MISSENT", 0, NULL, NULL},
      {"C05", "disputed", "case.forward", MPA_OTHER, {MPA}, 1, MPA, "DISPUTED", 0, NULL, NULL}}},
    {"a complaint is mediated",
     {CLUE_SENT, WITHIN("C10", "mediation", MPA, "MEDIATION"), WITHIN("C11", "ended", MPA, "MEDIATED"),
      WITHIN("C12", "told", "", "CLOSED")}},
    {"a reporter is told that no case is filed",
     {CLUE_SENT, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "not_filed_tell", MPA, "CLOSED"),
      {"C13", "reporter_told", "case.record", MPA, {HUB}, 0, "", "CLOSED", LEG_AGAIN, NULL, NULL}}},
    {"an advertisement: the advertiser's part passed on, the media regulators told",
     {CLUE_SENT, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed_tell", MPA, "ADMIN_FILED"),
      {"C13", "reporter_told", "case.record", MPA, {HUB}, 0, MPA, "ADMIN_FILED", LEG_AGAIN, NULL, NULL},
      {"C08", "advertiser", "case.forward", MPA, {MPA_OTHER}, 1, MPA, "ADMIN_FILED", LEG_AGAIN, NULL, NULL},
      {"T03", "advertising", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL},
      {"C14", "media_told", "case.result", MPA, {MEDIA}, 1, MPA, "ADMIN_DECISION", LEG_AGAIN, NULL, NULL}}},
};
/* clang-format on */

int main(void)
{
    return casepath_run("cases_assist", paths, T_COUNT(paths), CASEPATH_ASSIST);
}
