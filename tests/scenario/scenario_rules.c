/* The rules of domain B.8 that orders set off, each from its trigger to the last lift. The lines
 * are the law by hand: measures, force and who acts from B.8 and B.7, lengths from B.5, B.3 and
 * B.4. Today is 2026-04-01; a term of n years from then ends on the same day of the year, 24:00. */
#include "scenario/rulebook.h"

/* clang-format off */
/* R01 to R03 beside the list (B.8, row R01). */
#define CONSIDERED \
    {"M07", 0, CONSIDER, N_HSA, "2029-04-01", false}, \
    {"M08", 0, CONSIDER, N_HEALTH N_HSA N_TENDER, "2029-04-01", false}, \
    {"M20", 0, CONSIDER, CREDIT_ONE, "2029-04-01", false}, \
    {"M21", 0, CONSIDER, EVERY_MEMBER, "2029-04-01", false}, \
    {"M24", 0, CONSIDER, N_HEALTH N_MPA, "2029-04-01", false}, \
    {"M25", 0, CONSIDER, N_TENDER, "2029-04-01", false}
/* R09, whoever imposes it. */
#define HEAVY(issuer) \
    LISTED(issuer, "2029-04-01"), \
    {"M21", 0, MUST, N_MPA, "2029-04-01", false}, \
    {"M24", 0, CONSIDER, N_HEALTH N_MPA, "2029-04-01", false}, \
    {"M25", 0, CONSIDER, N_TENDER, "2029-04-01", false}
/* clang-format on */
#define CITY     "market.445100"
#define PROVINCE "drug.440000"

static const struct play plays[] = {
    /* B.5 DL116: ten years; DL118: four roles, life; list three years, never repaired early. */
    {PLAY("r01_fake_drugs_ban_the_four_roles_for_life_and_the_firm_for_ten_years", "R01", CITY,
          "serious_dishonesty", "DL116_118", "DL116", "DL118"),
     .persons = "LPDO", .max = "2029-04-01",
     .line = {NO_ENTRY("2036-04-01"), FOUR_BANNED(""), NO_POST(1, "2029-04-01"),
              LISTED(CITY, "2029-04-01"), CONSIDERED}},
    /* As R01 without DL116, which is for fake drugs alone. */
    {PLAY("r02_inferior_drugs_ban_the_four_roles_for_life", "R02", PROVINCE, "serious_dishonesty",
          "DL117_118", "DL117", "DL118"),
     .persons = "LPDO", .max = "2029-04-01",
     .line = {FOUR_BANNED(""), NO_POST(1, "2029-04-01"), LISTED(PROVINCE, "2029-04-01"),
              CONSIDERED}},
    /* B.5 VL80: life for five roles, whatever the entry's own end. */
    {PLAY("r03_fake_vaccines_ban_key_posts_as_well_for_life", "R03", PROVINCE, "serious_dishonesty",
          "VL80", "VL80"),
     .persons = "LPDOK", .max = "2029-04-01",
     .line = {FOUR_BANNED(""), BANNED(5, ""), NO_POST(1, "2029-04-01"),
              LISTED(PROVINCE, "2029-04-01"), CONSIDERED}},
    /* B.5 VL81, VL82: up to ten years, or life, as the decision says. */
    {PLAY("r03_other_acts_about_vaccines_ban_for_the_years_that_the_decision_says", "R03-81",
          PROVINCE, "serious_dishonesty", "VL81", "VL81"),
     .persons = "LK", .max = "2031-04-01",
     .line = {TWO_BANNED("2031-04-01"), NO_POST(1, "2029-04-01"), LISTED(PROVINCE, "2029-04-01"),
              CONSIDERED}},
    /* B.5 DL123. */
    {PLAY("r04_fraud_in_an_application_closes_applications_for_ten_years", "R04", PROVINCE,
          "serious_dishonesty", "DL123", "DL123"),
     .persons = "LPDO", .max = "2029-04-01",
     .line = {NO_ENTRY("2036-04-01"),
              FOUR_BANNED("2036-04-01"),
              LISTED(PROVINCE, "2029-04-01"),
              {"M24", 0, CONSIDER, N_HEALTH N_MPA, "2029-04-01", false}}},
    /* B.5 DL122. */
    {PLAY("r05_a_lent_licence_bans_persons_for_ten_years", "R05", PROVINCE, "serious_dishonesty",
          "DL122", "DL122"),
     .persons = "LD", .max = "2029-04-01",
     .line = {TWO_BANNED("2036-04-01"), NO_POST(1, "2029-04-01"), LISTED(PROVINCE, "2029-04-01")}},
    /* B.8 R05, B.3: without a ban the entry is repaired after a year; with one it is not. */
    {PLAY("r05_that_bans_nobody_is_repaired_after_a_year", "R05", PROVINCE, "serious_dishonesty",
          "DL122", "DL122"),
     .max = "2029-04-01", .repair = "2027-04-01", .line = {LISTED(PROVINCE, "2029-04-01")}},
    {PLAY("r05_that_bans_somebody_has_no_early_repair", "R05", PROVINCE, "serious_dishonesty",
          "DL122", "DL122"),
     .persons = "D", .max = "2029-04-01", .repair = "2027-04-01", .refused = ERR_TERM},
    /* B.5 DL126: persons ten years to life; GLP and GCP institutions five years without studies. */
    {PLAY("r06_a_serious_breach_of_good_practice_bans_as_long_as_the_decision_says", "R06",
          PROVINCE, "serious_dishonesty", "DL126", "DL126"),
     .persons = "LD", .max = "2037-04-01",
     .line = {TWO_BANNED("2037-04-01"), LISTED(PROVINCE, "2029-04-01")}},
    {PLAY("r06_that_bans_nobody_is_repaired_after_a_year", "R06", PROVINCE, "serious_dishonesty",
          "DL126", "DL126"),
     .max = "2029-04-01", .repair = "2027-04-01", .line = {LISTED(PROVINCE, "2029-04-01")}},
    {PLAY("r06_a_trial_institution_makes_no_studies_for_five_years", "R06-GLP-GCP", PROVINCE,
          "serious_dishonesty", "DL126_GLP_GCP", "DL126"),
     .persons = "LD", .max = "2037-04-01",
     .line = {{"M01", 0, MUST, N_HEALTH N_MPA, "2031-04-01", false},
              TWO_BANNED("2037-04-01"),
              LISTED(PROVINCE, "2029-04-01")}},
    /* B.5 CL178-4, RG12: three years from revocation, all registries of the nation, runs out. */
    {PLAY("r07_the_head_of_a_revoked_firm_is_locked_out_everywhere_for_three_years", "R07", CITY,
          "licence_revoked", "licence_revoked", "CL178-4"),
     .persons = "L", .max = "2029-04-01",
     .line = {NO_POST(1, "2029-04-01"), PUBLISHED(CITY, "2029-04-01")}},
    /* The law of 2018 until 2024-06-30. */
    {PLAY("r07_of_before_july_2024_is_judged_by_the_law_of_2018", "R07-2018", CITY,
          "licence_revoked", "ordered_closed", "CL146-4"),
     .persons = "L", .decided = "2024-06-30", .max = "2027-06-30",
     .line = {NO_POST(1, "2027-06-30"), PUBLISHED(CITY, "2027-06-30")}},
    /* B.3: entity only; honours are those of the listing departments; repaired after a year. */
    {PLAY("r09_a_heavy_penalty_lists_the_firm_alone_and_is_repaired_after_a_year", "R09", PROVINCE,
          "serious_dishonesty", "SAMR44_6_1", "SAMR44-6"),
     .persons = "L", .max = "2029-04-01", .repair = "2027-04-01", .line = {HEAVY(PROVINCE)}},
    {PLAY("r09_that_nobody_repairs_runs_out_after_three_years", "R09", CITY, "serious_dishonesty",
          "SAMR44_6_3", "SAMR44-6"),
     .max = "2029-04-01", .line = {HEAVY(CITY)}},
    /* B.5, one-person company: the flag reaches the sole shareholder, to be considered. */
    {PLAY("r09_the_sole_shareholder_of_a_listed_one_person_company_is_looked_at_strictly", "R09",
          PROVINCE, "serious_dishonesty", "SAMR44_6_1", "SAMR44-6"),
     .persons = "SL", .max = "2029-04-01", .repair = "2027-04-01",
     .line = {HEAVY(PROVINCE), {"M24", 1, CONSIDER, N_HEALTH N_MPA, "2029-04-01", false}}},
    {PLAY("r01_so_is_the_one_of_a_firm_that_sold_fake_drugs", "R01", CITY, "serious_dishonesty",
          "DL116_118", "DL116", "DL118"),
     .persons = "DS", .max = "2029-04-01",
     .line = {NO_ENTRY("2036-04-01"),
              BANNED(1, ""),
              LISTED(CITY, "2029-04-01"),
              CONSIDERED,
              {"M24", 2, CONSIDER, N_HEALTH N_MPA, "2029-04-01", false}}},
    /* B.2, B.4 by the day of the decision. */
    {PLAY("r10_a_larger_fine_is_published_for_a_year_and_repaired_after_three_months", "R10", CITY,
          "penalty_record", "penalty_larger_fine", "AP48"),
     .max = "2027-04-01", .repair = "2026-07-01", .ordinary = true,
     .line = {PUBLISHED(CITY, "2027-04-01")}},
    {PLAY("r10_of_a_person_runs_out_after_its_year", "R10", "health.445100", "penalty_record",
          "penalty_larger_fine", "AP48"),
     .kind = "person", .max = "2027-04-01", .ordinary = true,
     .line = {PUBLISHED("health.445100", "2027-04-01")}},
    {PLAY("r10_of_the_eve_of_order_36_lasts_three_years_and_is_repaired_after_one", "R10-2023",
          CITY, "penalty_record", "penalty_larger_fine", "AP48"),
     .decided = "2026-03-31", .max = "2029-03-31", .repair = "2027-03-31", .ordinary = true,
     .line = {PUBLISHED(CITY, "2029-03-31")}},
    {PLAY("r10_of_before_may_2023_lasts_three_years", "R10-2021", CITY, "penalty_record",
          "penalty_larger_fine", "AP48"),
     .decided = "2023-04-30", .max = "2026-04-30", .ordinary = true,
     .line = {PUBLISHED(CITY, "2026-04-30")}},
    {PLAY("r10_of_before_september_2021_lasts_five_years", "R10-2014", CITY, "penalty_record",
          "penalty_larger_fine", "EI6", "SAIC71"),
     .decided = "2021-08-31", .max = "2026-08-31", .ordinary = true,
     .line = {PUBLISHED(CITY, "2026-08-31")}},
    /* B.5 AD55: a year without review; the sale stop is the province's to consider. An early
     * removal waits until every statutory term is over (B.3): the day after 2027-04-01. */
    {PLAY("r12_repeated_false_advertisements_close_the_review_for_a_year", "R12", "market.440000",
          "serious_dishonesty", "AD55_repeat", "AD55"),
     .max = "2029-04-01", .repair = "2027-04-02",
     .line = {{"M10", 0, MUST, N_MPA, "2027-04-01", false},
              {"M09", 0, CONSIDER, GD_HEALTH GD_MPA, "2029-04-01", true},
              LISTED("market.440000", "2029-04-01")}},
    {PLAY("r12_is_not_repaired_on_the_last_day_of_the_closed_review", "R12", "market.440000",
          "serious_dishonesty", "AD55_serious", "AD55"),
     .max = "2029-04-01", .repair = "2027-04-01", .refused = ERR_TERM},
    /* 国卫法制发〔2013〕50号: two years in the province; the second time in the nation. */
    {PLAY("r13_bribery_ends_purchases_in_the_province_for_two_years", "R13", "health.440000",
          "bribery_record", "bribery_first", "NHC2013-50"),
     .max = "2028-04-01",
     .line = {{"M08", 0, CONSIDER, GD_HEALTH GD_HSA GD_TENDER, "2028-04-01", true},
              PUBLISHED("health.440000", "2028-04-01")}},
    {PLAY("r13_bribery_again_ends_them_in_the_nation", "R13-2", "health.440000", "bribery_record",
          "bribery_second", "NHC2013-50"),
     .max = "2028-04-01",
     .line = {{"M08", 0, CONSIDER, N_HEALTH N_HSA N_TENDER, "2028-04-01", false},
              PUBLISHED("health.440000", "2028-04-01")}},
    /* B.8 R14: until corrected, as soon as it is. */
    {PLAY("r14_dishonest_prices_count_in_the_province_until_they_are_corrected", "R14",
          "procurement.440000", "procurement_credit", "procurement_price", "NHSA-CREDIT"),
     .max = "2029-04-01", .repair = "2026-04-20",
     .line = {{"M08", 0, CONSIDER, GD_HEALTH GD_HSA GD_TENDER, "2029-04-01", true}}},
    {PLAY("r14_of_the_top_grade_counts_in_the_nation", "R14-TOP", "insurance.440000",
          "procurement_credit", "procurement_top", "NHSA-CREDIT"),
     .max = "2029-04-01", .repair = "2026-06-01",
     .line = {{"M08", 0, CONSIDER, N_HEALTH N_HSA N_TENDER, "2029-04-01", false}}},
    /* B.5 MI40: six to twelve months; MI43: the head five years. */
    {PLAY("r15_insurance_fraud_stops_the_agreement_for_six_months", "R15", "insurance.440000",
          "insurance_fraud", "MI40", "MI40"),
     .max = "2026-10-01",
     .line = {NOT_INSURED("2026-10-01"),
              {"M06", 0, CONSIDER, N_HEALTH N_MPA, "2026-10-01", false}}},
    {PLAY("r15_with_heavy_loss_keeps_the_head_away_for_five_years", "R15", "insurance.445100",
          "insurance_fraud", "MI43", "MI43"),
     .persons = "LP", .max = "2027-04-01",
     .line = {NOT_INSURED("2027-04-01"),
              {"M06", 0, CONSIDER, N_HEALTH N_MPA, "2027-04-01", false},
              {"M07", 1, MUST, N_HSA, "2031-04-01", false},
              {"M07", 2, MUST, N_HSA, "2031-04-01", false}}},
    {PLAY("r17_a_pharmacist_who_hangs_the_licence_registers_nowhere_for_three_years", "R17",
          PROVINCE, "pharmacist_record", "pharmacist_hanging", "NMPA2021-36"),
     .kind = "person", .max = "2029-04-01",
     .line = {{"M01", 0, CONSIDER, N_MPA, "2029-04-01", false}}},
    /* B.5 PH54 to PH58; the payment follows the practice, at most a year by MI41. */
    {PLAY("r18_a_suspended_physician_is_suspended_for_the_months_that_the_decision_says", "R18",
          "health.445100", "physician_record", "PH56", "PH56"),
     .kind = "person", .max = "2026-10-01",
     .line = {{"M06", 0, MUST, N_HEALTH, "2026-10-01", false},
              {"M07", 0, CONSIDER, N_HSA, "2026-10-01", false}}},
    {PLAY("r18_a_revoked_physician_is_not_bound_to_a_year", "R18-REV", "health.445100",
          "physician_record", "PH55_revoked", "PH55-REV"),
     .kind = "person", .max = "2029-04-01",
     .line = {{"M06", 0, MUST, N_HEALTH, "2029-04-01", false},
              {"M07", 0, CONSIDER, N_HSA, "2027-04-01", false}}},
    {PLAY("r18_a_licence_by_improper_means_closes_applications_for_three_years", "R18-54",
          "health.445100", "physician_record", "PH54", "PH54"),
     .kind = "person", .max = "2029-04-01",
     .line = {{"M01", 0, MUST, N_HEALTH, "2029-04-01", false}}},
    {PLAY("r18_a_grave_breach_of_ethics_bans_for_life", "R18-58", "health.440000",
          "physician_record", "PH58", "PH58"),
     .kind = "person", .max = "",
     .line = {{"M06", 0, MUST, N_HEALTH, "", false},
              {"M07", 0, CONSIDER, N_HSA, "2027-04-01", false}}},
    {PLAY("r19_a_refused_recall_stops_the_sale_and_is_repaired_after_a_year", "R19", PROVINCE,
          "serious_dishonesty", "DL135", "DL135"),
     .max = "2029-04-01", .repair = "2027-04-01",
     .line = {{"M09", 0, MUST, N_HEALTH N_MPA, "2029-04-01", false},
              {"M23", 0, MUST, N_HEALTH N_MPA, "2029-04-01", false},
              PUBLISHED(PROVINCE, "2029-04-01")}},
    {PLAY("r20_a_hidden_reaction_is_watched_in_the_province_for_a_year", "R20", PROVINCE,
          "penalty_record", "ADR_late", "DL134"),
     .max = "2027-04-01", .repair = "2026-07-01", .ordinary = true,
     .line = {{"M23", 0, MUST, GD_HEALTH GD_MPA, "2027-04-01", true}}},
    {PLAY("r20_of_the_eve_of_order_36_runs_out_after_its_year", "R20-2023", "health.440000",
          "penalty_record", "AEFI_late", "VL89"),
     .decided = "2026-03-31", .max = "2027-03-31", .ordinary = true,
     .line = {{"M23", 0, MUST, GD_HEALTH GD_MPA, "2027-03-31", true}}},
    /* Order 45 of 2021: its year was over on 2024-04-30; the record says so, nobody owes it. */
    {PLAY("r20_of_before_may_2023_is_over_when_it_arrives", "R20-2021", PROVINCE, "penalty_record",
          "ADR_late", "DL134"),
     .decided = "2023-04-30", .max = "2024-04-30", .ordinary = true,
     .line = {{"M23", 0, MUST, GD_HEALTH GD_MPA, "2024-04-30", true}}},
    {PLAY("r21_a_decision_that_is_not_performed_lists_the_firm_until_it_is_repaired", "R21", CITY,
          "serious_dishonesty", "SAMR44_11", "SAMR44-11"),
     .max = "2029-04-01", .repair = "2027-04-01", .line = {LISTED(CITY, "2029-04-01")}},
    /* B.8 R22: two years, deleted on performance. */
    {PLAY("r22_a_judgment_defaulter_is_deleted_on_performance", "R22", "court.440000",
          "judgment_defaulter", "defaulter", "CT7"),
     .max = "2028-04-01", .repair = "2026-04-10",
     .line = {{"M04", 0, MUST, COURT_ONE, "2028-04-01", false},
              {"M25", 0, CONSIDER, N_TENDER, "2028-04-01", false},
              {"M31", 0, NOTIFY, FUNDS_ONE, "2028-04-01", false}}},
    /* B.8 R22: its legal representative is limited in spending too. */
    {PLAY("r22_whoever_heads_a_judgment_defaulter_is_limited_in_spending", "R22", "court.440000",
          "judgment_defaulter", "defaulter", "CT7"),
     .persons = "L", .max = "2028-04-01", .repair = "2026-04-10",
     .line = {{"M04", 0, MUST, COURT_ONE, "2028-04-01", false},
              {"M04", 1, MUST, COURT_ONE, "2028-04-01", false},
              {"M25", 0, CONSIDER, N_TENDER, "2028-04-01", false},
              {"M31", 0, NOTIFY, FUNDS_ONE, "2028-04-01", false}}},
    /* B.5 CL178-5: no post while listed. */
    {PLAY("r22_a_person_who_does_not_perform_takes_no_post_while_listed", "R22-P", "court.440000",
          "judgment_defaulter", "defaulter", "CT7"),
     .kind = "person", .max = "2028-04-01",
     .line = {{"M03", 0, MUST, N_MARKET, "2028-04-01", false},
              {"M04", 0, MUST, COURT_ONE, "2028-04-01", false},
              {"M31", 0, NOTIFY, FUNDS_ONE, "2028-04-01", false}}},
    /* B.5 CT7, person or organisation; CL178-5 is of 2024. */
    {PLAY("r22_a_person_listed_before_july_2024_is_limited_in_spending_alone", "R22-P-2022",
          "court.440000", "judgment_defaulter", "defaulter", "CT7"),
     .kind = "person", .decided = "2024-06-30", .max = "2026-06-30",
     .line = {{"M04", 0, MUST, COURT_ONE, "2026-06-30", false},
              {"M31", 0, NOTIFY, FUNDS_ONE, "2026-06-30", false}}},
    /* B.8 R23: on correction. */
    {PLAY("r23_procurement_dishonesty_counts_in_the_province_until_it_is_corrected", "R23",
          "procurement.440000", "procurement_dishonesty", "P4_2", "POLICY000-4"),
     .max = "2028-04-01", .repair = "2026-05-06",
     .line = {{"M08", 0, CONSIDER, GD_HEALTH GD_HSA GD_TENDER, "2028-04-01", true},
              {"M27", 0, CONSIDER, "procurement.440000 ", "2028-04-01", false}}},
};

int main(void)
{
    return rulebook_run("rules", plays, T_COUNT(plays));
}
