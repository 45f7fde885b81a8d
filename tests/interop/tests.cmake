# The Python client of this folder, written from schemas/PROTOCOL.md alone, against our programs.
set(interop ${CMAKE_SOURCE_DIR}/tests/interop)

add_executable(interop_peer ${interop}/peer.c ${interop}/peer_envelope.c ${interop}/peer_log.c
  ${interop}/peer_paper.c)
target_link_libraries(interop_peer PRIVATE lianshu_flags lianshu_keys)
target_include_directories(interop_peer PRIVATE ${CMAKE_SOURCE_DIR})

# Its libraries are Debian's, and so is the Python that finds them.
find_program(LIANSHU_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

# interop_test(envelopes 1000): tests/interop/envelopes.py BIN 1000
function(interop_test name)
  add_test(NAME interop_${name}
    COMMAND ${LIANSHU_PYTHON} -B ${interop}/${name}.py $<TARGET_FILE_DIR:interop_peer> ${ARGN})
  set_tests_properties(interop_${name} PROPERTIES LABELS interop TIMEOUT 600)
endfunction()

interop_test(envelopes 1000)
interop_test(papers 100)
interop_test(proofs 1000)
interop_test(refusals 200)
interop_test(vectors)
interop_test(story)
real_processes(interop_story)
