set(keys_realm ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
foreach(name bundle hash merkle hpke enrol_code batch keyfile private_file note root log_path rest attachment tlog_proof vectors)
  unit_test(${name} LIBS lianshu_keys)
endforeach()
foreach(name amend amend_again amend_records room document release enrol enrol_approval envelope envelope_bounds registrar registry registry_chain registry_file registry_officials registry_parts receipt restored certificate roles topology twice cosign witness)
  unit_test(${name} LIBS lianshu_keys SOURCES ${keys_realm})
endforeach()
# Seals by hand what an honest sender never would, and makes of one key another.
foreach(name seal key keyfile_inside)
  unit_test(${name} LIBS lianshu_keys PkgConfig::sodium)
endforeach()
# An authority of its own.
foreach(name stamp stamp_no_memory)
  unit_test(${name} LIBS lianshu_keys PkgConfig::crypto SOURCES ${CMAKE_SOURCE_DIR}/tests/scenario/stamper.c)
endforeach()
unit_test(enrol_keys LIBS lianshu_keys PkgConfig::sodium SOURCES ${keys_realm})
# Keys on a token: SoftHSM.
unit_test(pkcs11 LIBS lianshu_keys SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/token.c)
set(torn ${CMAKE_CURRENT_SOURCE_DIR}/unit/test_pkcs11_torn.c)
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/unit/test_pkcs11.c ${torn} PROPERTIES
  COMPILE_DEFINITIONS CRYPTOKI_GNU INCLUDE_DIRECTORIES "${p11_INCLUDE_DIRS}")
# short_of_memory(test_no_memory): allocations that fail one after the other.
set(memory ${CMAKE_SOURCE_DIR}/tests/fault/memory.c)
function(short_of_memory target)
  helper_sources(${target} LIBS lianshu_schemas SOURCES ${CMAKE_SOURCE_DIR}/tests/fault/places.c)
  foreach(call malloc calloc realloc guard_alloc sodium_malloc yaml_parser_initialize yaml_parser_parse)
    target_link_options(${target} PRIVATE LINKER:--wrap=${call})
  endforeach()
endfunction()
# refusing_keys(test_no_memory): and calls into libsodium and between the modules of keys/.
function(refusing_keys target)
  put_between(${target} lianshu_keys refusal_keys)
endfunction()
foreach(name no_memory no_memory_enrol no_memory_log no_memory_offices no_memory_parts release_log)
  unit_test(${name} LIBS lianshu_keys PkgConfig::sodium SOURCES ${keys_realm} ${memory})
  short_of_memory(test_${name})
  refusing(test_${name})
  refusing_keys(test_${name})
endforeach()
# And a token that fails.
unit_test(pkcs11_torn LIBS lianshu_keys PkgConfig::sodium
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/token.c ${memory})
short_of_memory(test_pkcs11_torn)
refusing(test_pkcs11_torn)
refusing_keys(test_pkcs11_torn)
target_link_options(test_pkcs11_torn PRIVATE LINKER:--wrap=dlopen LINKER:--wrap=dlsym LINKER:--wrap=stat)
# The files of schemas/ with a system that refuses; guarded memory is of keys/.
unit_test(file LIBS lianshu_keys PkgConfig::sodium SOURCES ${memory})
short_of_memory(test_file)
refusing(test_file)
# And its texts.
unit_test(no_memory_texts LIBS lianshu_keys PkgConfig::sodium SOURCES ${memory} ${samples})
short_of_memory(test_no_memory_texts)
