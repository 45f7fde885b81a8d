# Scripted runs of the real core: time and faults in, frames, rows and log out; no sockets.
add_library(scenario_world STATIC
  ${CMAKE_SOURCE_DIR}/tests/scenario/acts.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_keys.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_mail.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_take.c)
target_link_libraries(scenario_world PUBLIC lianshu_flags lianshu_core PkgConfig::cmocka)
target_include_directories(scenario_world PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)

foreach(name attachments delivery ends fairness refusals sanctions cases)
  add_executable(scenario_${name} ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_${name}.c)
  target_link_libraries(scenario_${name} PRIVATE scenario_world)
  add_test(NAME scenario_${name} COMMAND scenario_${name}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(scenario_${name} PROPERTIES LABELS scenario TIMEOUT 300)
endforeach()

# The same life with a disk that refuses at the n-th write.
add_executable(scenario_faults ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_faults.c
  ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
target_link_libraries(scenario_faults PRIVATE scenario_world PkgConfig::sqlite3)
add_test(NAME scenario_faults COMMAND scenario_faults WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_faults PROPERTIES LABELS scenario TIMEOUT 600)

# What two officials decide, also while the disk refuses.
add_executable(scenario_acts ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_acts.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/officials.c ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
target_link_libraries(scenario_acts PRIVATE scenario_world PkgConfig::sqlite3)
add_test(NAME scenario_acts COMMAND scenario_acts WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_acts PROPERTIES LABELS scenario TIMEOUT 600)

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

# Random lives against a model on paper.
add_executable(scenario_property ${CMAKE_SOURCE_DIR}/tests/scenario/scenario_property.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/naive.c)
target_link_libraries(scenario_property PRIVATE scenario_world)
add_test(NAME scenario_property COMMAND scenario_property WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(scenario_property PROPERTIES LABELS scenario TIMEOUT 600)
