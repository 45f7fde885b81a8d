/* 行刑衔接: every step T01 to T35 taken once on its way, and refused where the law does not allow
 * it. Written from C.3 and C.4. */
#include "scenario/casepath.h"

#define FILED_HERE                                                                                 \
    REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED")
#define PENALTY(severity)                                                                          \
    {                                                                                              \
        "T03", severity, "penalty.decision", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", LEG_AGAIN,      \
            NULL, NULL                                                                             \
    }

/* clang-format off */
static const struct path paths[] = {
    {"from the clue to the judgment and the list",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"),
      {"T02", "extended", "case.record", MPA, {HUB}, 0, MPA, "VERIFY", 0, NULL, NULL},
      WITHIN("T02", "filed", MPA, "ADMIN_FILED"),
      {"T03", "measure", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_FILED", LEG_AGAIN, NULL, NULL},
      WITHIN("T04", "suspected", MPA, "CRIME_SUSPECTED"),
      {"T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T03", "none", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      WITHIN("T05", "reported", MPA, "HEAD_REVIEW"),
      {"T03", "other", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      WITHIN("T06", "approved", MPA, "APPROVED"),
      {"T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T07", "", "case.referral", MPA, {PP, PS}, 2, PS, "TRANSFERRED", LEG_OPENS, ORDERS, NULL},
      {"T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T03", "measure", "case.result", MPA, {HUB}, 0, PS, "TRANSFERRED", LEG_AGAIN, NULL, NULL},
      RECEIVED,
      {"T09", "", "case.supplement", PS, {MPA}, 1, MPA, "SUPPLEMENT", 0, NULL, NULL},
      {"T10", "", "case.supplement", MPA, {PS}, 1, PS, "PS_REVIEW", 0, NULL, NULL},
      FILED,
      {"T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T15", "", "case.handover", MPA, {PS}, 1, PS, "CRIM_FILED", LEG_AGAIN, NULL, NULL},
      TO_COURT,
      {"T25", "indicted", "case.result", PP, {COURT}, 1, COURT, "INDICTED", 0, NULL, NULL},
      {"T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T28", "judged", "case.result", COURT, {MPA}, 1, MPA, "JUDGED", 0, NULL, NULL},
      WITHIN("T30", "evaluated", MPA, "LIST_EVAL"),
      {"T29", "fine", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL},
      {"T31", "closed", "case.result", MPA, {PS, PP, COURT}, 3, "", "CLOSED", 0, NULL, NULL}}},

    {"not filed, reconsidered, supervised, filed as ordered, withdrawn and handed back",
     {REFERRED, RECEIVED, NOT_FILED,
      {"T16", "", "case.reconsider", MPA, {PS}, 1, PS, "RECONSIDER", 0, NULL, NULL},
      {"T03", "fine", "case.result", MPA, {HUB}, 0, PS, "", LEG_BARRED, NULL, NULL},
      {"T17", "not_filed", "case.decision", PS, {MPA}, 1, MPA, "NOT_FILED_CONFIRMED", 0, NULL, NULL},
      {"T18", "requested", "case.supervise", MPA, {PP}, 1, PP, "PP_SUPERVISION", 0, NULL, NULL},
      {"T19", "explain", "case.supervise", PP, {PS}, 1, PS, "PS_EXPLAINS", 0, NULL, NULL},
      {"T19", "reasons", "case.supervise", PS, {PP}, 1, PP, "EXPLAINED", 0, NULL, NULL},
      {"T20", "order", "case.supervise", PP, {PS}, 1, PS, "FILING_ORDERED", 0, NULL, NULL},
      {"T21", "told", "case.supervise", PP, {MPA}, 1, PS, "FILING_ORDERED", LEG_AGAIN, NULL, NULL},
      {"T20", "filed", "case.decision", PS, {PP, MPA}, 2, PS, "CRIM_FILED", 0, NULL, NULL},
      {"T23", "withdrawn", "case.result", PS, {MPA}, 1, PS, "CASE_WITHDRAWN", 0, NULL, NULL},
      {"T27", "no_crime", "case.reverse", PS, {MPA}, 1, MPA, "REVERSE", LEG_OPENS, NULL, NULL},
      {"T27", "checked", "case.record", MPA, {HUB}, 0, MPA, "REVERSE", LEG_AGAIN, NULL, NULL},
      {"T27", "told", "case.result", MPA, {PS}, 1, MPA, "REVERSE", LEG_AGAIN, NULL, NULL},
      {"T29", "other", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL},
      {"T31", "closed", "case.result", MPA, {PS, PP}, 2, "", "CLOSED", 0, NULL, NULL}}},

    {"forwarded to the competent police, no police matter, detention",
     {REFERRED, RECEIVED,
      {"T11", "competent", "case.forward", PS, {PS_OTHER, MPA}, 2, PS_OTHER, "FORWARDED", 0, NULL, NULL},
      {"T08", "", "case.acknowledged", PS_OTHER, {MPA}, 1, PS_OTHER, "RECEIVED", 0, NULL, NULL},
      {"T12", "not_police", "case.acknowledged", PS_OTHER, {MPA}, 1, MPA, "RETURNED_NOT_PS", 0, NULL, NULL},
      {"T22", "other", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL},
      {"T33", "detention", "case.referral", MPA, {PS}, 1, PS, "DETENTION_REFERRAL", 0, NULL, NULL},
      {"T33", "detention", "case.result", PS, {MPA}, 1, MPA, "ADMIN_DECISION", 0, NULL, NULL},
      {"T31", "closed", "case.result", MPA, {PS, PS_OTHER}, 2, "", "CLOSED", 0, NULL, NULL}}},

    {"filing told later, passed to other police, handed back by the court",
     {REFERRED, RECEIVED,
      {"T13", "filed", "case.record", PS, {PP}, 1, PS, "FILED_UNTOLD", 0, NULL, NULL},
      {"T14", "filed", "case.decision", PS, {PP, MPA}, 2, PS, "CRIM_FILED", 0, NULL, NULL},
      {"T24", "filed_case", "case.forward", PS, {PS_OTHER, MPA}, 2, PS_OTHER, "FORWARDED", 0, NULL, NULL},
      {"T08", "filed_case", "case.acknowledged", PS_OTHER, {MPA}, 1, PS_OTHER, "CRIM_FILED", 0, NULL, NULL},
      {"T25", "prosecution", "case.result", PS_OTHER, {PP}, 1, PP, "PROSECUTION", 0, NULL, NULL},
      {"T25", "indicted", "case.result", PP, {COURT}, 1, COURT, "INDICTED", 0, NULL, NULL},
      {"T27", "no_crime", "case.reverse", COURT, {MPA}, 1, MPA, "REVERSE", LEG_OPENS, NULL, NULL},
      {"T29", "none", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL}}},

    {"not filed told later, the reasons stand, fined",
     {REFERRED, RECEIVED,
      {"T13", "not_filed", "case.record", PS, {PP}, 1, PS, "NOT_FILED_UNTOLD", 0, NULL, NULL},
      {"T14", "not_filed", "case.decision", PS, {PP, MPA}, 2, MPA, "NOT_FILED", 0, NULL, NULL},
      {"T18", "requested", "case.supervise", MPA, {PP}, 1, PP, "PP_SUPERVISION", 0, NULL, NULL},
      {"T19", "explain", "case.supervise", PP, {PS}, 1, PS, "PS_EXPLAINS", 0, NULL, NULL},
      {"T19", "reasons", "case.supervise", PS, {PP}, 1, PP, "EXPLAINED", 0, NULL, NULL},
      {"T03", "fine", "case.result", MPA, {HUB}, 0, PP, "", LEG_BARRED, NULL, NULL},
      {"T21", "upheld", "case.supervise", PP, {MPA}, 1, MPA, "NOT_FILED_CONFIRMED", 0, NULL, NULL},
      {"T22", "fine", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL}}},

    {"a longer review, not prosecuted, the opinion answered",
     {REFERRED, RECEIVED,
      {"T13", "prolonged", "case.record", PS, {MPA}, 1, PS, "RECEIVED", LEG_AGAIN, NULL, "major"},
      {"T13", "extended", "case.record", PS_UPPER, {PS}, 1, PS, "RECEIVED", LEG_JOINS, NULL, NULL},
      FILED, TO_COURT,
      {"T25", "non_prosecuted", "case.result", PP, {PS}, 1, PP, "NON_PROSECUTED", 0, NULL, NULL},
      {"T26", "opinion", "case.reverse", PP, {MPA}, 1, MPA, "REVERSE", 0, NULL, NULL},
      {"T26", "answered", "case.result", MPA, {PP}, 1, MPA, "REVERSE", LEG_AGAIN, NULL, NULL},
      {"T31", "closed", "case.result", MPA, {PS, PS_UPPER, PP}, 3, "", "CLOSED", 0, NULL, NULL}}},

    {"reconsidered and filed, handed back by the procuratorate",
     {REFERRED, RECEIVED, NOT_FILED,
      {"T16", "", "case.reconsider", MPA, {PS}, 1, PS, "RECONSIDER", 0, NULL, NULL},
      {"T17", "filed", "case.decision", PS, {MPA}, 1, PS, "CRIM_FILED", 0, NULL, NULL},
      TO_COURT,
      {"T27", "no_crime", "case.reverse", PP, {MPA}, 1, MPA, "REVERSE", LEG_OPENS, NULL, NULL}}},

    {"not prosecuted and closed by the procuratorate",
     {REFERRED, RECEIVED, FILED, TO_COURT,
      {"T25", "non_prosecuted", "case.result", PP, {PS}, 1, PP, "NON_PROSECUTED", 0, NULL, NULL},
      {"T31", "closed", "case.result", PP, {PS, MPA}, 2, "", "CLOSED", 0, NULL, NULL}}},

    {"withdrawn and closed by the police",
     {REFERRED, RECEIVED, FILED,
      {"T23", "withdrawn", "case.result", PS, {MPA}, 1, PS, "CASE_WITHDRAWN", 0, NULL, NULL},
      {"T31", "closed", "case.result", PS, {MPA}, 1, "", "CLOSED", 0, NULL, NULL}}},

    {"not approved, decided by the administration, then ordered by the procuratorate",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED"),
      WITHIN("T04", "suspected", MPA, "CRIME_SUSPECTED"), WITHIN("T05", "reported", MPA, "HEAD_REVIEW"),
      WITHIN("T06", "not_approved", MPA, "NOT_APPROVED"),
      {"T22", "none", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL},
      {"T32", "transfer", "case.supervise", PP, {MPA}, 1, MPA, "ORDERED_TRANSFER", LEG_OPENS | LEG_JOINS, NULL, NULL},
      {"T03", "advertising", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T07", "", "case.referral", MPA, {PP, PS}, 2, PS, "TRANSFERRED", LEG_OPENS, ORDERS, NULL},
      {"T03", "advertising", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL}}},

    {"an administrative case that ends where it began",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed_tell", MPA, "ADMIN_FILED"),
      {"T03", "other", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL},
      WITHIN("T30", "evaluated", MPA, "LIST_EVAL"),
      {"T31", "closed", "case.result", MPA, {HUB}, 0, "", "CLOSED", 0, NULL, NULL}}},

    {"fined at the end of the inquiry",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED"),
      {"T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL}}},

    {"no penalty at the end of the inquiry",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED"),
      {"T03", "none", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL}}},

    {"the penalty decision is the step, and another one follows it",
     {FILED_HERE, PENALTY("serious"), PENALTY("light"), PENALTY("ordinary"), PENALTY("serious"),
      WITHIN("T30", "evaluated", MPA, "LIST_EVAL")}},
    {"an ordinary penalty decision", {FILED_HERE, PENALTY("ordinary")}},
    {"a warning", {FILED_HERE, PENALTY("light")}},
    {"a penalty decision in place of a transfer",
     {FILED_HERE, WITHIN("T04", "suspected", MPA, "CRIME_SUSPECTED"),
      {"T03", "ordinary", "penalty.decision", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T03", "serious", "penalty.decision", MPA, {HUB}, 0, MPA, "", LEG_BARRED, NULL, NULL},
      {"T03", "light", "penalty.decision", MPA, {HUB}, 0, MPA, "CRIME_SUSPECTED", LEG_AGAIN, NULL, NULL}}},

    {"a missent clue is given up",
     {{"C02", "clue", "case.forward", MEDIA, {MPA}, 1, MPA, "CLUE", LEG_OPENS | LEG_ANYONE, NULL, NULL},
      {"C04", "missent", "case.acknowledged", MPA, {MEDIA}, 1, MEDIA, "MISSENT", 0, NULL, NULL},
      {"T31", "closed", "case.result", MEDIA, {MPA}, 1, "", "CLOSED", LEG_ANYONE, NULL, NULL}}},

    {"a clue refused",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "refused", "", "CLOSED")}},

    {"a clue checked, no case",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "not_filed", "", "CLOSED")}},

    {"a clue checked, no case, a reporter to be told",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "not_filed_tell", MPA, "CLOSED")}},

    {"an advertiser is punished",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED"),
      {"T03", "advertising", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL}}},

    {"public interest",
     {{"C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL},
      {"T34", "public_interest", "case.forward", MPA, {PP}, 1, PP, "PUBLIC_INTEREST", 0, NULL, NULL},
      {"T31", "closed", "case.result", PP, {MPA}, 1, "", "CLOSED", 0, NULL, NULL}}},

    {"a breach of duty out of a case, and as a clue of its own",
     {REFERRED,
      {"T35", "duty", "case.forward", MPA, {DISCIPLINE}, 1, PS, "TRANSFERRED",
       LEG_AGAIN | LEG_OPENS | LEG_ANYONE, NULL, NULL}}},
    {"a clue of a breach of duty",
     {{"T35", "duty", "case.forward", PP, {DISCIPLINE}, 1, DISCIPLINE, "DUTY_CLUE",
       LEG_AGAIN | LEG_OPENS | LEG_ANYONE, NULL, NULL},
      {"T31", "closed", "case.result", DISCIPLINE, {PP}, 1, "", "CLOSED", 0, NULL, NULL}}},
    {"the police hand over an offence that is no crime",
     {{"T27", "no_crime", "case.reverse", PS, {MPA}, 1, MPA, "REVERSE", LEG_OPENS, NULL, NULL},
      {"T29", "fine", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL}}},
};
/* clang-format on */

int main(void)
{
    return casepath_run("cases_referral", paths, T_COUNT(paths), CASEPATH_REFERRAL);
}
