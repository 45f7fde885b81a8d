set(adapters_exchange ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c
    ${CMAKE_CURRENT_SOURCE_DIR}/unit/exchange.c)
foreach(name outbox kept reseal own_record own_registry outcome inbox inbox_files held unpack chunks flight recall groups hubs)
  unit_test(${name} LIBS lianshu_sdk SOURCES ${adapters_exchange})
endforeach()
unit_test(archive LIBS lianshu_sdk PkgConfig::sqlite3 SOURCES ${adapters_exchange}
          ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
foreach(name mirror mirror_refusals mirror_renew)
  unit_test(${name} LIBS lianshu_sdk SOURCES ${adapters_exchange}
            ${CMAKE_CURRENT_SOURCE_DIR}/unit/mirror_paper.c)
endforeach()
unit_test(no_memory_sdk LIBS lianshu_sdk PkgConfig::sodium SOURCES ${adapters_exchange} ${memory})
short_of_memory(test_no_memory_sdk)
unit_test(link LIBS lianshu_sdk PkgConfig::zmq)
unit_test(map LIBS lianshu_runtime)
unit_test(value LIBS lianshu_runtime)
unit_test(forms LIBS lianshu_runtime SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/bodies.c)
unit_test(csv LIBS lianshu_runtime)
unit_test(progress LIBS lianshu_runtime)
set(adapters_site ${adapters_exchange} ${CMAKE_CURRENT_SOURCE_DIR}/unit/site_world.c)
unit_test(source LIBS lianshu_runtime SOURCES ${adapters_site})
unit_test(sink LIBS lianshu_runtime SOURCES ${adapters_site})
unit_test(preview LIBS lianshu_runtime SOURCES ${adapters_site})


# R7: adapters and the real core over a link that loses, doubles, reorders and cuts.
add_executable(test_lossy ${CMAKE_SOURCE_DIR}/tests/fault/test_lossy.c ${adapters_exchange})
target_link_libraries(test_lossy PRIVATE lianshu_flags lianshu_sdk lianshu_core PkgConfig::cmocka)
target_include_directories(test_lossy PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
add_test(NAME lossy COMMAND ${reported} test_lossy $<TARGET_FILE:test_lossy> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(lossy PROPERTIES LABELS scenario TIMEOUT 300)
