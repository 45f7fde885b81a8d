# The link and case protocols, searched exhaustively within small bounds.
foreach(model link case split meet)
  add_test(NAME model_${model} COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/model/run ${model})
  set_tests_properties(model_${model} PROPERTIES LABELS model TIMEOUT 900)
endforeach()
