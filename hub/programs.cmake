# The three programs of the hub, and the parts of them that tests run in-process.
add_library(lianshu_signing STATIC signer/config.c signer/logkeys.c signer/restore.c signer/serve.c signer/slots.c
  signer/state.c)
target_link_libraries(lianshu_signing PUBLIC lianshu_keys lianshu_local)

# README.md and verify.py of every evidence bundle stand in the program.
set(evidence_texts ${CMAKE_CURRENT_BINARY_DIR}/evidence_texts.c)
set(evidence_from ${CMAKE_CURRENT_SOURCE_DIR}/cli/evidence)
add_custom_command(OUTPUT ${evidence_texts}
  COMMAND ${CMAKE_COMMAND} -DIN_README=${evidence_from}/README.md -DIN_SCRIPT=${evidence_from}/verify.py
          -DOUT=${evidence_texts} -P ${CMAKE_CURRENT_SOURCE_DIR}/cli/evidence_texts.cmake
  DEPENDS ${evidence_from}/README.md ${evidence_from}/verify.py
          ${CMAKE_CURRENT_SOURCE_DIR}/cli/evidence_texts.cmake VERBATIM)

add_library(lianshu_cli STATIC
  cli/act.c cli/act_body.c cli/args.c cli/ask.c cli/await.c cli/cli.c cli/cli_act.c cli/cli_certificate.c
  cli/cli_case.c cli/cli_check.c cli/cli_decision.c cli/cli_disclose.c cli/cli_evidence.c cli/cli_held.c cli/cli_enrol.c cli/cli_enrol_desk.c cli/cli_joint.c cli/cli_key.c cli/cli_key_revoke.c cli/cli_query.c cli/cli_rekey.c cli/cli_registry.c cli/cli_registry_build.c cli/cli_registry_sign.c cli/cli_root.c cli/registry_build.c cli/registry_diff.c cli/signing.c cli/waiting.c cli/cli_rule.c
  cli/cli_rule_sign.c cli/cli_rule_try.c cli/cli_send.c cli/cli_topology.c cli/cli_release.c cli/cli_scrub.c cli/copy.c cli/install.c cli/joint.c cli/ledger.c cli/members.c cli/preview.c cli/pubfile.c
  cli/evidence_again.c cli/evidence_case.c cli/evidence_course.c cli/evidence_gather.c cli/evidence_keys.c cli/evidence_make.c cli/evidence_names.c cli/evidence_pack.c cli/evidence_parties.c
  cli/evidence_report.c cli/evidence_rules.c cli/evidence_seen.c cli/evidence_told.c ${evidence_texts}
  cli/show.c cli/site.c cli/steps.c cli/subject.c cli/table.c cli/cli_witness.c cli/cli_log.c cli/logbook.c cli/office.c cli/tiles.c cli/words.c)
target_link_libraries(lianshu_cli PUBLIC lianshu_policy lianshu_local lianshu_sdk)

add_executable(lianshu cli/main.c)
target_link_libraries(lianshu PRIVATE lianshu_cli)

add_executable(lianshu-signer signer/main.c)
target_link_libraries(lianshu-signer PRIVATE lianshu_signing)

add_executable(lianshu-hub net/main.c)
target_link_libraries(lianshu-hub PRIVATE lianshu_net)
