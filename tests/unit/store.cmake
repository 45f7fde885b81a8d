# hub/store: every promise of its headers.
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
foreach(name db db_files db_later fresh log log_bytes log_head log_proof message queue queue_order queue_landed
        queue_model queue_tomb reserve retain stream chunk order subject obligation restriction
        decision casefile handle reporter redress slots store_mirror store_roll store_tally store_twin
        store)
  unit_test(${name} LIBS lianshu_store PkgConfig::sqlite3)
endforeach()
unit_test(store_fault LIBS lianshu_store PkgConfig::sqlite3
  SOURCES ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
unit_test(store_sync LIBS lianshu_store PkgConfig::sqlite3
  SOURCES ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
unit_test(restricted LIBS lianshu_store PkgConfig::sqlite3
  SOURCES ${CMAKE_SOURCE_DIR}/tests/fault/vfs.c)
unit_test(store_document LIBS lianshu_store)
unit_test(no_memory_store LIBS lianshu_store PkgConfig::sodium PkgConfig::sqlite3
  SOURCES ${CMAKE_SOURCE_DIR}/tests/fault/memory.c)
short_of_memory(test_no_memory_store)
