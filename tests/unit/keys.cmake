set(keys_realm ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
foreach(name hash merkle hpke key batch keyfile note log_path rest attachment vectors)
  unit_test(${name} LIBS lianshu_keys)
endforeach()
foreach(name document envelope registry registry_file receipt certificate topology)
  unit_test(${name} LIBS lianshu_keys SOURCES ${keys_realm})
endforeach()
# Seals by hand what an honest sender never would.
unit_test(seal LIBS lianshu_keys PkgConfig::sodium)
