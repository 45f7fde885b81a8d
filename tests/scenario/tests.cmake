# Scripted runs of the real core: time and faults in, frames, rows and log out; no sockets.
set(SCENARIO ${CMAKE_SOURCE_DIR}/tests/scenario)

# scenario_part(forge SOURCES forge.c LIBS scenario_world): what several scenarios say in common.
function(scenario_part name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
  list(TRANSFORM T_SOURCES PREPEND ${SCENARIO}/)
  add_library(scenario_${name} STATIC ${T_SOURCES})
  target_link_libraries(scenario_${name} PUBLIC ${T_LIBS})
endfunction()

# scenario_test(cases TIMEOUT 300 LIBS scenario_world SOURCES ../fuzz/bodies.c):
# tests/scenario/scenario_cases.c. Without LIBS the world alone, without TIMEOUT 300 seconds.
function(scenario_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "LIBS;SOURCES" ${ARGN})
  if(NOT T_LIBS)
    set(T_LIBS scenario_world)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  list(TRANSFORM T_SOURCES PREPEND ${SCENARIO}/)
  add_executable(scenario_${name} ${SCENARIO}/scenario_${name}.c ${T_SOURCES})
  target_link_libraries(scenario_${name} PRIVATE ${T_LIBS} test_only)
  add_test(NAME scenario_${name} COMMAND ${reported} scenario_${name} $<TARGET_FILE:scenario_${name}>
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(scenario_${name} PROPERTIES LABELS scenario TIMEOUT ${T_TIMEOUT})
endfunction()

scenario_part(world SOURCES acts.c lawbook.c papers.c world.c world_keys.c world_mail.c world_take.c
  LIBS lianshu_flags lianshu_core PkgConfig::cmocka)
target_include_directories(scenario_world PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
# Several hubs under one registry, and the roads between them.
scenario_part(realm SOURCES realm.c LIBS scenario_world)
scenario_part(factsbook SOURCES factsbook.c LIBS scenario_realm)
# The ledger: terms, corrections, members and relations that come later, redress.
scenario_part(ledgerbook SOURCES ledgerbook.c LIBS scenario_world)
# Gates of other rules, and what two officials decide.
scenario_part(gatebook SOURCES gatebook.c heldbook.c officials.c LIBS scenario_world)
# Each rule from its trigger to the last lift.
scenario_part(rulebook SOURCES naive.c rulebook.c rulebook_gates.c rulebook_law.c
  LIBS scenario_ledgerbook scenario_gatebook)
# Steps of cases, cards and what the hub tells.
scenario_part(casework SOURCES casework.c LIBS scenario_ledgerbook)
# Cases as lists of documents.
scenario_part(casepath SOURCES casepath.c LIBS scenario_world)
# What peers and enrolled members may try.
scenario_part(forge SOURCES forge.c LIBS scenario_world)
# Evidence bundles: the commands against a hub of this process.
scenario_part(evidencebook SOURCES delegation.c evidencebook.c relog.c reregister.c ../unit/terminal.c ../unit/paper_hub.c
  LIBS scenario_world lianshu_cli lianshu_net)
target_include_directories(scenario_evidencebook PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit)
scenario_test(evidence LIBS scenario_evidencebook)
scenario_test(evidence_signed LIBS scenario_evidencebook)
scenario_test(evidence_forged LIBS scenario_evidencebook)
scenario_test(evidence_both LIBS scenario_evidencebook)
scenario_test(evidence_shape LIBS scenario_evidencebook)
scenario_test(evidence_records LIBS scenario_evidencebook)
scenario_test(evidence_receipts LIBS scenario_evidencebook)
scenario_test(evidence_parts LIBS scenario_evidencebook)
scenario_test(evidence_offices LIBS scenario_evidencebook)
scenario_test(evidence_said LIBS scenario_evidencebook PkgConfig::sodium SOURCES ../fault/memory.c)
short_of_memory(scenario_evidence_said)
refusing(scenario_evidence_said)
refusing_keys(scenario_evidence_said)
scenario_test(evidence_delegates LIBS scenario_evidencebook PkgConfig::sodium SOURCES ../fault/memory.c)
short_of_memory(scenario_evidence_delegates)
refusing(scenario_evidence_delegates)
refusing_keys(scenario_evidence_delegates)
scenario_test(no_memory LIBS scenario_world PkgConfig::sodium SOURCES ../fault/memory.c)
short_of_memory(scenario_no_memory)
scenario_test(evidence_realm LIBS scenario_casehubs scenario_casework scenario_evidencebook scenario_realm)
scenario_part(stamper SOURCES stamper.c LIBS scenario_evidencebook PkgConfig::crypto)
target_include_directories(scenario_stamper PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit)
scenario_test(evidence_stamp LIBS scenario_stamper)
# A disk that refuses at the n-th write.
scenario_part(disk SOURCES ../fault/vfs.c LIBS scenario_world PkgConfig::sqlite3)

foreach(name queries attachments preview certificate delivery ends fairness joint notices refusals sanctions cases)
  scenario_test(${name})
endforeach()
foreach(name ledger redress redress_terms relations)
  scenario_test(${name} LIBS scenario_ledgerbook TIMEOUT 600)
endforeach()
scenario_test(cases_clocks LIBS scenario_casepath scenario_casework TIMEOUT 600)
scenario_test(flow_clocks LIBS scenario_casepath scenario_casework scenario_realm TIMEOUT 600)
scenario_test(casecard LIBS scenario_casework TIMEOUT 600)
foreach(name cases_referral cases_assist)
  scenario_test(${name} LIBS scenario_casepath TIMEOUT 600)
endforeach()
foreach(name calendar rules rules_statutes rules_events rules_credit rules_batches rules_later rules_anew rules_annulled rules_whole)
  scenario_test(${name} LIBS scenario_rulebook TIMEOUT 600)
endforeach()
scenario_part(newyear SOURCES newyear.c LIBS scenario_world)
scenario_test(recount LIBS scenario_newyear scenario_rulebook TIMEOUT 600)
scenario_test(recount_clocks LIBS scenario_newyear scenario_casepath scenario_casework scenario_realm
  scenario_gatebook TIMEOUT 600)
foreach(name attacks attacks_bytes attacks_members attacks_seals attacks_streams)
  scenario_test(${name} LIBS scenario_forge)
endforeach()
scenario_test(attacks_orders LIBS scenario_forge scenario_gatebook)
scenario_test(volume LIBS scenario_evidencebook)

# From hub to hub.
foreach(name federation federation_refusals federation_partition federation_back links revocation revocation_hubs witness)
  scenario_test(${name} LIBS scenario_realm TIMEOUT 600)
endforeach()
add_library(scenario_casehubs STATIC ${CMAKE_CURRENT_LIST_DIR}/casehubs.c)
target_link_libraries(scenario_casehubs PUBLIC scenario_realm scenario_casework)
foreach(name casecard_realm cases_realm cases_join cases_random cases_share cases_split)
  scenario_test(${name} LIBS scenario_casehubs TIMEOUT 600)
endforeach()
scenario_test(cases_held LIBS scenario_casehubs scenario_gatebook TIMEOUT 600)
scenario_test(federation_held LIBS scenario_realm scenario_gatebook TIMEOUT 600)
scenario_test(federation_audit LIBS scenario_factsbook TIMEOUT 600)
foreach(name facts facts_acts facts_changes facts_ratings facts_split facts_twins facts_tally)
  scenario_test(${name} LIBS scenario_factsbook TIMEOUT 600)
endforeach()

# Every type of the catalogue, once through; every gate of the shipped rules.
scenario_test(types SOURCES ../fuzz/bodies.c)
scenario_test(gate_table SOURCES ../fuzz/bodies.c TIMEOUT 600)

# The same life with a disk that refuses; what may be said while a batch is on its way to disk.
scenario_test(faults LIBS scenario_disk TIMEOUT 600)
scenario_test(flight LIBS scenario_disk)
# What gates do on the way through and two officials decide, also while the disk refuses.
foreach(name acts gates)
  scenario_test(${name} LIBS scenario_gatebook scenario_disk TIMEOUT 600)
endforeach()
# Other storage and token keys, whatever the hub is killed by.
scenario_test(rekey LIBS scenario_gatebook scenario_disk TIMEOUT 600)
# What a stolen key ordered, and who must look at it.
scenario_test(doubt LIBS scenario_ledgerbook scenario_gatebook scenario_disk TIMEOUT 600)
# Who reported stays unknown until two officials say so.
foreach(name acts_refusals acts_parked reporters)
  scenario_test(${name} LIBS scenario_gatebook)
endforeach()
# Decisions made again, also after somebody changed what is on the disk.
scenario_test(decisions LIBS scenario_gatebook PkgConfig::sqlite3)

# Random lives against a model on paper.
scenario_test(property SOURCES naive.c TIMEOUT 600)

# The real core's mirror in a real adapter's state; the disks of both fail in turn.
scenario_test(mirror SOURCES ../unit/realm.c ../unit/exchange.c
  LIBS scenario_disk lianshu_sdk TIMEOUT 600)
target_include_directories(scenario_mirror PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit)
