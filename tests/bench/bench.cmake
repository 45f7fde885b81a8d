# Measurement programs; tests/bench/run builds and starts them.
pkg_check_modules(zmq REQUIRED IMPORTED_TARGET libzmq)
find_package(Threads REQUIRED)

add_executable(lianshu-bench-realm ${CMAKE_SOURCE_DIR}/tests/bench/realm.c
  ${CMAKE_SOURCE_DIR}/tests/bench/place.c)
target_link_libraries(lianshu-bench-realm PRIVATE lianshu_flags lianshu_keys)

add_executable(lianshu-bench-primitives ${CMAKE_SOURCE_DIR}/tests/bench/primitives.c
  ${CMAKE_SOURCE_DIR}/tests/bench/place.c)
target_link_libraries(lianshu-bench-primitives PRIVATE lianshu_flags lianshu_keys)

# The hub's store alone, beside plain SQLite.
add_executable(lianshu-bench-store ${CMAKE_SOURCE_DIR}/tests/bench/store_cycle.c)
target_link_libraries(lianshu-bench-store PRIVATE lianshu_flags lianshu_store)

# The hub's log alone, and what verifying an entry of it costs.
add_executable(lianshu-bench-log ${CMAKE_SOURCE_DIR}/tests/bench/log_cost.c)
target_link_libraries(lianshu-bench-log PRIVATE lianshu_flags lianshu_store)

add_executable(lianshu-bench-client
  ${CMAKE_SOURCE_DIR}/tests/bench/client.c
  ${CMAKE_SOURCE_DIR}/tests/bench/official.c
  ${CMAKE_SOURCE_DIR}/tests/bench/place.c
  ${CMAKE_SOURCE_DIR}/tests/bench/receiver.c
  ${CMAKE_SOURCE_DIR}/tests/bench/sender.c
  ${CMAKE_SOURCE_DIR}/tests/bench/site.c
  ${CMAKE_SOURCE_DIR}/tests/bench/usage.c)
target_link_libraries(lianshu-bench-client PRIVATE lianshu_flags lianshu_net PkgConfig::zmq
  Threads::Threads m)

# The same load through whole adapters.
add_executable(bench_adapter ${CMAKE_SOURCE_DIR}/tests/bench/bench_adapter.c)
target_link_libraries(bench_adapter PRIVATE lianshu_flags lianshu_runtime)

# The core alone with everything around it simulated: no socket, but a database on the disk.
pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
add_library(bench_world STATIC
  ${CMAKE_SOURCE_DIR}/tests/bench/rounds.c
  ${CMAKE_SOURCE_DIR}/tests/bench/usage.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/acts.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/gatebook.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/lawbook.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_keys.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_mail.c
  ${CMAKE_SOURCE_DIR}/tests/scenario/world_take.c)
target_link_libraries(bench_world PUBLIC lianshu_flags lianshu_core PkgConfig::cmocka)
target_include_directories(bench_world PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
foreach(program gate decisions)
  add_executable(bench_${program} ${CMAKE_SOURCE_DIR}/tests/bench/bench_${program}.c)
  target_link_libraries(bench_${program} PRIVATE bench_world)
endforeach()

add_executable(bench_orders ${CMAKE_SOURCE_DIR}/tests/bench/bench_orders.c
  ${CMAKE_SOURCE_DIR}/tests/bench/nation.c
  ${CMAKE_SOURCE_DIR}/tests/bench/post.c)
target_link_libraries(bench_orders PRIVATE bench_world lianshu_net)

# The adapter's own mirror of restrictions.
add_executable(bench_mirror ${CMAKE_SOURCE_DIR}/tests/bench/bench_mirror.c)
target_include_directories(bench_mirror PRIVATE $<TARGET_PROPERTY:lianshu_sdk,INCLUDE_DIRECTORIES>)
target_link_libraries(bench_mirror PRIVATE lianshu_flags lianshu_sdk)

# Evidence bundles of a hub of one process.
if(LIANSHU_TESTS)
  add_executable(bench_evidence ${CMAKE_SOURCE_DIR}/tests/bench/bench_evidence.c)
  target_link_libraries(bench_evidence PRIVATE scenario_evidencebook)
endif()

foreach(program lianshu-bench-realm lianshu-bench-primitives lianshu-bench-client)
  target_include_directories(${program} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
endforeach()

# Other brokers, where their packaged client libraries are installed.
pkg_check_modules(rabbitmq IMPORTED_TARGET librabbitmq)
pkg_check_modules(mosquitto IMPORTED_TARGET libmosquitto)
pkg_check_modules(ssl IMPORTED_TARGET libssl)
if(rabbitmq_FOUND AND mosquitto_FOUND AND ssl_FOUND)
  add_executable(lianshu-bench-peers
    ${CMAKE_SOURCE_DIR}/tests/bench/peers.c
    ${CMAKE_SOURCE_DIR}/tests/bench/peer_mosquitto.c
    ${CMAKE_SOURCE_DIR}/tests/bench/peer_nats.c
    ${CMAKE_SOURCE_DIR}/tests/bench/peer_rabbitmq.c
    ${CMAKE_SOURCE_DIR}/tests/bench/peer_seal.c
    ${CMAKE_SOURCE_DIR}/tests/bench/place.c)
  target_link_libraries(lianshu-bench-peers PRIVATE lianshu_flags lianshu_keys PkgConfig::rabbitmq
    PkgConfig::mosquitto PkgConfig::ssl Threads::Threads)
  target_include_directories(lianshu-bench-peers PRIVATE ${CMAKE_SOURCE_DIR}
    ${CMAKE_SOURCE_DIR}/tests)
endif()

# So that it cannot rot: a second of it with every build that has tests.
if(LIANSHU_TESTS)
  add_test(NAME bench_smoke
    COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/bench/smoke.py $<TARGET_FILE_DIR:lianshu-bench-client>)
  set_tests_properties(bench_smoke PROPERTIES LABELS system TIMEOUT 300 RESOURCE_LOCK processes COST 1000)
endif()
