# Checks that read the tree instead of running it.
foreach(check layers tree headers proof threats units format)
  add_test(NAME lint_${check} COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/lint/${check}.py)
  set_tests_properties(lint_${check} PROPERTIES LABELS lint TIMEOUT 120)
endforeach()
