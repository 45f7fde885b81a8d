# Tests of hub/net, hub/signer and hub/cli.
pkg_check_modules(zmq REQUIRED IMPORTED_TARGET libzmq)
unit_test(zap LIBS lianshu_net)
unit_test(endpoint LIBS lianshu_net PkgConfig::zmq)
unit_test(parcel LIBS lianshu_net)
unit_test(lander LIBS lianshu_net)
unit_test(routes LIBS lianshu_net)
unit_test(control LIBS lianshu_net)
unit_test(config LIBS lianshu_net lianshu_signing)
unit_test(signer LIBS lianshu_signing)
unit_test(signer_client LIBS lianshu_net lianshu_signing)
unit_test(cli LIBS lianshu_cli)
unit_test(cli_send LIBS lianshu_cli)
unit_test(cli_rules LIBS lianshu_cli)
unit_test(cli_hub LIBS lianshu_cli lianshu_net)
unit_test(cli_act LIBS lianshu_cli lianshu_net)

# The real processes, on loopback.
unit_test(hub LIBS lianshu_cli lianshu_net PkgConfig::zmq)
target_compile_definitions(test_hub PRIVATE
  HUB_PROGRAM="$<TARGET_FILE:lianshu-hub>" SIGNER_PROGRAM="$<TARGET_FILE:lianshu-signer>")
add_dependencies(test_hub lianshu-hub lianshu-signer)
set_tests_properties(hub PROPERTIES LABELS system)
