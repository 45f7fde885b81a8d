# Measurement programs; tests/bench/run builds and starts them.
pkg_check_modules(zmq REQUIRED IMPORTED_TARGET libzmq)
find_package(Threads REQUIRED)

add_executable(lianshu-bench-realm ${CMAKE_SOURCE_DIR}/tests/bench/realm.c
  ${CMAKE_SOURCE_DIR}/tests/bench/place.c)
target_link_libraries(lianshu-bench-realm PRIVATE lianshu_flags lianshu_keys)

add_executable(lianshu-bench-primitives ${CMAKE_SOURCE_DIR}/tests/bench/primitives.c
  ${CMAKE_SOURCE_DIR}/tests/bench/place.c)
target_link_libraries(lianshu-bench-primitives PRIVATE lianshu_flags lianshu_keys)

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
    ${CMAKE_SOURCE_DIR}/tests/bench/peer_rabbitmq.c)
  target_link_libraries(lianshu-bench-peers PRIVATE lianshu_flags PkgConfig::rabbitmq
    PkgConfig::mosquitto PkgConfig::ssl Threads::Threads)
  target_include_directories(lianshu-bench-peers PRIVATE ${CMAKE_SOURCE_DIR}/tests)
endif()

# So that it cannot rot: a second of it with every build that has tests.
if(LIANSHU_TESTS)
  add_test(NAME bench_smoke
    COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/bench/smoke.py $<TARGET_FILE_DIR:lianshu-bench-client>)
  set_tests_properties(bench_smoke PROPERTIES LABELS system TIMEOUT 300 RUN_SERIAL ON)
endif()
