# Real processes on loopback.
foreach(name day kill canary newcomer full_disk attachment joint restore keytoken canary_secrets witness revocation rekey)
  add_test(NAME system_${name}
    COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/system/${name}.py $<TARGET_FILE_DIR:lianshu-day>)
  set_tests_properties(system_${name} PROPERTIES LABELS system TIMEOUT 900)
  real_processes(system_${name})
endforeach()

# Five hubs.
add_test(NAME federation
  COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/system/federation.py $<TARGET_FILE_DIR:lianshu-day>)
set_tests_properties(federation PROPERTIES LABELS federation TIMEOUT 300)
real_processes(federation)

unit_test(city LIBS lianshu_schemas SOURCES ${CMAKE_SOURCE_DIR}/deploy/day/city.c)
target_include_directories(test_city PRIVATE ${CMAKE_SOURCE_DIR}/deploy)
