# Tests of hub/net, hub/signer and hub/cli.
pkg_check_modules(zmq REQUIRED IMPORTED_TARGET libzmq)
unit_test(zap LIBS lianshu_net)
unit_test(endpoint LIBS lianshu_net PkgConfig::zmq)
unit_test(parcel LIBS lianshu_net)
unit_test(gather LIBS lianshu_net)
unit_test(lander LIBS lianshu_net)
unit_test(links LIBS lianshu_net PkgConfig::zmq)
unit_test(routes LIBS lianshu_net)
unit_test(users LIBS lianshu_net SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
unit_test(control LIBS lianshu_net)
unit_test(local LIBS lianshu_net)
unit_test(hub_registry LIBS lianshu_net SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
unit_test(config LIBS lianshu_net lianshu_signing)
unit_test(signer LIBS lianshu_signing)
unit_test(logkeys LIBS lianshu_signing SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
target_compile_definitions(test_logkeys PRIVATE SIGNER_PROGRAM="$<TARGET_FILE:lianshu-signer>")
add_dependencies(test_logkeys lianshu-signer)
unit_test(signer_restore LIBS lianshu_signing SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
unit_test(signer_client LIBS lianshu_net lianshu_signing)
set(terminal ${CMAKE_CURRENT_SOURCE_DIR}/unit/terminal.c)
foreach(group cli cli_enrol cli_files cli_joint cli_key cli_officials cli_registry cli_revoke cli_rules cli_send cli_preview)
  unit_test(${group} LIBS lianshu_cli SOURCES ${terminal})
endforeach()
foreach(group cli_log office)
  unit_test(${group} LIBS lianshu_cli
            SOURCES ${terminal} ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
endforeach()
unit_test(cli_certificate LIBS lianshu_cli
          SOURCES ${terminal} ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c)
unit_test(cli_check LIBS lianshu_cli
          SOURCES ${terminal} ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c
                  ${CMAKE_CURRENT_SOURCE_DIR}/unit/exchange.c
                  ${CMAKE_CURRENT_SOURCE_DIR}/unit/mirror_paper.c)
unit_test(cli_disclose LIBS lianshu_cli
          SOURCES ${terminal} ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c
                  ${CMAKE_CURRENT_SOURCE_DIR}/unit/exchange.c)
foreach(group cli_hub cli_act)
  unit_test(${group} LIBS lianshu_cli lianshu_net
            SOURCES ${terminal} ${CMAKE_CURRENT_SOURCE_DIR}/unit/paper_hub.c)
endforeach()

# The real processes, on loopback.
unit_test(hub LIBS lianshu_cli lianshu_net PkgConfig::zmq)
target_compile_definitions(test_hub PRIVATE
  HUB_PROGRAM="$<TARGET_FILE:lianshu-hub>" SIGNER_PROGRAM="$<TARGET_FILE:lianshu-signer>")
add_dependencies(test_hub lianshu-hub lianshu-signer)
set_tests_properties(hub PROPERTIES LABELS system)
unit_test(cli_token LIBS lianshu_cli SOURCES ${terminal} ${CMAKE_CURRENT_SOURCE_DIR}/unit/token.c)
set(paper_release ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/paper_release.c)
unit_test(install LIBS lianshu_cli SOURCES ${paper_release})
unit_test(measure LIBS lianshu_net SOURCES ${paper_release})
unit_test(cli_release LIBS lianshu_cli lianshu_net
          SOURCES ${terminal} ${CMAKE_CURRENT_SOURCE_DIR}/unit/paper_hub.c ${paper_release})
