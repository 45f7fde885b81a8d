# Every case of the attack catalogue. The tests are those of the other parts, and those of this folder,
# which only the suite runs.
function(attack_program name)
  cmake_parse_arguments(T "" "" "LIBS;SOURCES" ${ARGN})
  add_executable(attacks_${name} ${CMAKE_SOURCE_DIR}/tests/attacks/attacks_${name}.c ${T_SOURCES})
  target_link_libraries(attacks_${name} PRIVATE lianshu_flags ${T_LIBS} PkgConfig::cmocka test_only)
  target_include_directories(attacks_${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
endfunction()

attack_program(door LIBS lianshu_net PkgConfig::zmq)
attack_program(hub LIBS scenario_forge PkgConfig::sqlite3)
attack_program(mutations LIBS scenario_forge)
attack_program(suite LIBS scenario_forge PkgConfig::crypto)

add_test(NAME attacks
  COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/attacks/run.py $<TARGET_FILE_DIR:lianshu-day>
    --out ${CMAKE_BINARY_DIR}/attacks.txt)
set_tests_properties(attacks PROPERTIES LABELS attacks TIMEOUT 600 RUN_SERIAL ON)
add_test(NAME attacks_tables COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/attacks/run.py . --list)
set_tests_properties(attacks_tables PROPERTIES LABELS lint TIMEOUT 30)
