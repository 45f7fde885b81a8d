# Scripted runs of the real core: time and faults in, frames, rows and log out; no sockets.
add_library(scenario_world STATIC
  ${CMAKE_SOURCE_DIR}/tests/scenario/acts.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_keys.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_mail.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_take.c)
target_link_libraries(scenario_world PUBLIC lianshu_flags lianshu_core PkgConfig::cmocka)
target_include_directories(scenario_world PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)

foreach(name attachments preview certificate delivery ends fairness refusals sanctions cases)
  add_executable(scenario_${name} ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_${name}.c)
  target_link_libraries(scenario_${name} PRIVATE scenario_world)
  add_test(NAME scenario_${name} COMMAND scenario_${name}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(scenario_${name} PROPERTIES LABELS scenario TIMEOUT 300)
endforeach()

# Every type of the catalogue, once through.
add_executable(scenario_types ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_types.c
  ${CMAKE_SOURCE_DIR}/tests/fuzz/bodies.c)
target_link_libraries(scenario_types PRIVATE scenario_world)
add_test(NAME scenario_types COMMAND scenario_types WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_types PROPERTIES LABELS scenario TIMEOUT 300)

# The ledger: terms, corrections, members and relations that come later, redress.
add_library(scenario_ledgerbook STATIC ${CMAKE_SOURCE_DIR}/tests/scenario/ledgerbook.c)
target_link_libraries(scenario_ledgerbook PUBLIC scenario_world)
foreach(name ledger redress relations)
  add_executable(scenario_${name} ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_${name}.c)
  target_link_libraries(scenario_${name} PRIVATE scenario_ledgerbook)
  add_test(NAME scenario_${name} COMMAND scenario_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(scenario_${name} PROPERTIES LABELS scenario TIMEOUT 600)
endforeach()

# Each rule from its trigger to the last lift.
add_library(scenario_rulebook STATIC ${CMAKE_SOURCE_DIR}/tests/scenario/rulebook.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/gatebook.c ${CMAKE_SOURCE_DIR}/tests/scenario/naive.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/officials.c)
target_link_libraries(scenario_rulebook PUBLIC scenario_ledgerbook)
foreach(name rules rules_statutes rules_events)
  add_executable(scenario_${name} ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_${name}.c)
  target_link_libraries(scenario_${name} PRIVATE scenario_rulebook)
  add_test(NAME scenario_${name} COMMAND scenario_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(scenario_${name} PROPERTIES LABELS scenario TIMEOUT 600)
endforeach()

# The same life with a disk that refuses at the n-th write.
add_executable(scenario_faults ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_faults.c
  ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
target_link_libraries(scenario_faults PRIVATE scenario_world PkgConfig::sqlite3)
add_test(NAME scenario_faults COMMAND scenario_faults WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_faults PROPERTIES LABELS scenario TIMEOUT 600)

# What may be said while a batch is on its way to disk and signature.
add_executable(scenario_flight ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_flight.c
  ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
target_link_libraries(scenario_flight PRIVATE scenario_world PkgConfig::sqlite3)
add_test(NAME scenario_flight COMMAND scenario_flight WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_flight PROPERTIES LABELS scenario TIMEOUT 300)

# What two officials decide, also while the disk refuses.
add_executable(scenario_acts ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_acts.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/gatebook.c ${CMAKE_SOURCE_DIR}/tests/scenario/officials.c
  ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
target_link_libraries(scenario_acts PRIVATE scenario_world PkgConfig::sqlite3)
add_test(NAME scenario_acts COMMAND scenario_acts WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_acts PROPERTIES LABELS scenario TIMEOUT 600)

# Every gate of the shipped rules.
add_executable(scenario_gate_table ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_gate_table.c
  ${CMAKE_SOURCE_DIR}/tests/fuzz/bodies.c)
target_link_libraries(scenario_gate_table PRIVATE scenario_world)
add_test(NAME scenario_gate_table COMMAND scenario_gate_table WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_gate_table PROPERTIES LABELS scenario TIMEOUT 600)

# What gates do on the way through, also while the disk refuses.
add_executable(scenario_gates ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_gates.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/gatebook.c ${CMAKE_SOURCE_DIR}/tests/scenario/officials.c
  ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
target_link_libraries(scenario_gates PRIVATE scenario_world PkgConfig::sqlite3)
add_test(NAME scenario_gates COMMAND scenario_gates WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_gates PROPERTIES LABELS scenario TIMEOUT 600)

# Decisions made again, also after somebody changed what is on the disk.
add_executable(scenario_decisions ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_decisions.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/gatebook.c)
target_link_libraries(scenario_decisions PRIVATE scenario_world PkgConfig::sqlite3)
add_test(NAME scenario_decisions COMMAND scenario_decisions WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_decisions PROPERTIES LABELS scenario TIMEOUT 300)

# Attacks: what peers and enrolled members may try, by family.
add_library(scenario_forge STATIC ${CMAKE_SOURCE_DIR}/tests/scenario/forge.c)
target_link_libraries(scenario_forge PUBLIC scenario_world)
foreach(name attacks attacks_bytes attacks_members attacks_orders attacks_seals attacks_streams)
  add_executable(scenario_${name} ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_${name}.c)
  target_link_libraries(scenario_${name} PRIVATE scenario_forge)
  add_test(NAME scenario_${name} COMMAND scenario_${name}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(scenario_${name} PROPERTIES LABELS scenario TIMEOUT 300)
endforeach()
target_sources(scenario_attacks_orders PRIVATE ${CMAKE_SOURCE_DIR}/tests/scenario/gatebook.c)

# Random lives against a model on paper.
add_executable(scenario_property ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_property.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/naive.c)
target_link_libraries(scenario_property PRIVATE scenario_world)
add_test(NAME scenario_property COMMAND scenario_property WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_property PROPERTIES LABELS scenario TIMEOUT 600)

# The real core's mirror in a real adapter's state; the disks of both fail in turn.
add_executable(scenario_mirror ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_mirror.c
  ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c ${CMAKE_SOURCE_DIR}/tests/unit/realm.c
  ${CMAKE_SOURCE_DIR}/tests/unit/exchange.c)
target_include_directories(scenario_mirror PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit)
target_link_libraries(scenario_mirror PRIVATE scenario_world lianshu_sdk PkgConfig::sqlite3)
add_test(NAME scenario_mirror COMMAND scenario_mirror WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_mirror PROPERTIES LABELS scenario TIMEOUT 600)
