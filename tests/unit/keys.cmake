set(keys_realm ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
foreach(name bundle hash merkle hpke key enrol_code batch keyfile note roles root log_path rest attachment vectors)
  unit_test(${name} LIBS lianshu_keys)
endforeach()
foreach(name amend amend_records document release enrol enrol_approval envelope registry registry_chain registry_file registry_officials receipt certificate topology twice cosign witness)
  unit_test(${name} LIBS lianshu_keys SOURCES ${keys_realm})
endforeach()
# Seals by hand what an honest sender never would.
unit_test(seal LIBS lianshu_keys PkgConfig::sodium)
# Keys on a token: SoftHSM.
unit_test(pkcs11 LIBS lianshu_keys SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/token.c)
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/unit/test_pkcs11.c PROPERTIES
  COMPILE_DEFINITIONS CRYPTOKI_GNU INCLUDE_DIRECTORIES "${p11_INCLUDE_DIRS}")
# short_of_memory(test_no_memory): allocations that fail one after the other.
set(memory ${CMAKE_SOURCE_DIR}/tests/fault/memory.c)
function(short_of_memory target)
  foreach(call malloc calloc realloc guard_alloc sodium_malloc)
    target_link_options(${target} PRIVATE LINKER:--wrap=${call})
  endforeach()
endfunction()
foreach(name no_memory no_memory_enrol no_memory_offices)
  unit_test(${name} LIBS lianshu_keys PkgConfig::sodium SOURCES ${keys_realm} ${memory})
  short_of_memory(test_${name})
endforeach()
