# The link and case protocols, searched exhaustively within small bounds.
add_test(NAME model COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/model/run)
set_tests_properties(model PROPERTIES LABELS model TIMEOUT 900)
