# The three programs of the hub, and the parts of them that tests run in-process.
add_library(lianshu_signing STATIC signer/serve.c signer/slots.c signer/state.c signer/config.c)
target_link_libraries(lianshu_signing PUBLIC lianshu_keys lianshu_local)

add_library(lianshu_cli STATIC
  cli/act.c cli/args.c cli/ask.c cli/await.c cli/cli.c cli/cli_act.c cli/cli_certificate.c
  cli/cli_case.c cli/cli_check.c cli/cli_decision.c cli/cli_joint.c cli/cli_key.c cli/cli_query.c cli/cli_registry.c cli/cli_rule.c
  cli/cli_rule_sign.c cli/cli_rule_try.c cli/cli_send.c cli/cli_topology.c cli/joint.c cli/members.c cli/preview.c cli/pubfile.c
  cli/show.c cli/site.c cli/steps.c cli/subject.c cli/table.c cli/words.c)
target_link_libraries(lianshu_cli PUBLIC lianshu_policy lianshu_local lianshu_sdk)

add_executable(lianshu cli/main.c)
target_link_libraries(lianshu PRIVATE lianshu_cli)

add_executable(lianshu-signer signer/main.c)
target_link_libraries(lianshu-signer PRIVATE lianshu_signing)

add_executable(lianshu-hub net/main.c)
target_link_libraries(lianshu-hub PRIVATE lianshu_net)
