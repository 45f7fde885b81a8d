# Every case of the attack catalogue. The tests are those of the other parts, and those of this folder.
set(attack_bin $<TARGET_FILE_DIR:lianshu-day>)

function(attack_program name)
  cmake_parse_arguments(T "" "" "LIBS;SOURCES" ${ARGN})
  add_executable(attacks_${name} ${CMAKE_SOURCE_DIR}/tests/attacks/attacks_${name}.c ${T_SOURCES})
  target_link_libraries(attacks_${name} PRIVATE lianshu_flags ${T_LIBS} PkgConfig::cmocka test_only)
  target_include_directories(attacks_${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
  add_test(NAME attacks_${name} COMMAND ${reported} attacks_${name} $<TARGET_FILE:attacks_${name}>
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(attacks_${name} PROPERTIES LABELS attacks TIMEOUT 300)
endfunction()

attack_program(door LIBS lianshu_net PkgConfig::zmq)
attack_program(hub LIBS scenario_forge PkgConfig::sqlite3)
attack_program(mutations LIBS scenario_forge)
attack_program(suite LIBS scenario_forge PkgConfig::crypto)

real_processes(attacks_hub) # it measures times

foreach(name storage transport supply)
  add_test(NAME attacks_${name}
    COMMAND ${reported} ${name}.py python3 -B ${CMAKE_SOURCE_DIR}/tests/attacks/${name}.py ${attack_bin})
  set_tests_properties(attacks_${name} PROPERTIES LABELS attacks TIMEOUT 300)
endforeach()
real_processes(attacks_storage attacks_transport)

# After all others of the run: what they have shown is not shown again.
get_property(others DIRECTORY PROPERTY TESTS)
add_test(NAME attacks
  COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/attacks/run.py ${attack_bin} --out ${CMAKE_BINARY_DIR}/attacks.txt)
set_tests_properties(attacks PROPERTIES LABELS attacks TIMEOUT 600 RUN_SERIAL ON DEPENDS "${others}")
add_test(NAME attacks_tables COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/attacks/run.py . --list)
set_tests_properties(attacks_tables PROPERTIES LABELS lint TIMEOUT 30)
