# Fuzz targets. Ordinary builds replay the committed corpus; LIANSHU_FUZZ builds (clang) link
# libFuzzer and go on from it for a while.
set(fuzz_dir ${CMAKE_CURRENT_LIST_DIR})

function(fuzz_target name)
  cmake_parse_arguments(T "" "" "LIBS" ${ARGN})
  set(target fuzz_${name})
  add_executable(${target} ${fuzz_dir}/fuzz_${name}.c)
  target_link_libraries(${target} PRIVATE lianshu_flags ${T_LIBS})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  if(LIANSHU_FUZZ)
    target_sources(${target} PRIVATE ${fuzz_dir}/mutator.c)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
    file(MAKE_DIRECTORY ${found})
    add_test(NAME ${target} COMMAND ${target} -max_total_time=10 -timeout=5 -rss_limit_mb=1024
      ${found} ${fuzz_dir}/corpus/${name})
  else()
    target_sources(${target} PRIVATE ${fuzz_dir}/replay.c)
    add_test(NAME ${target} COMMAND ${target} ${fuzz_dir}/corpus/${name})
  endif()
  set_tests_properties(${target} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()

foreach(name envelope receipts statement control document chunk bundle folded registry signature
        message json yaml)
  fuzz_target(${name} LIBS lianshu_schemas)
endforeach()

foreach(name note proof)
  fuzz_target(${name} LIBS lianshu_keys)
endforeach()
fuzz_target(keyfile LIBS lianshu_keys PkgConfig::sodium)
fuzz_target(settings LIBS lianshu_net lianshu_signing lianshu_runtime)
fuzz_target(rules LIBS lianshu_policy)
target_compile_definitions(fuzz_rules PRIVATE FUZZ_RULES="${CMAKE_SOURCE_DIR}/hub/policy/rules")

add_executable(make_corpus EXCLUDE_FROM_ALL ${fuzz_dir}/make_corpus.c ${fuzz_dir}/bodies.c
  ${fuzz_dir}/corpus_files.c ${fuzz_dir}/samples.c)
target_link_libraries(make_corpus PRIVATE lianshu_flags lianshu_keys)
target_include_directories(make_corpus PRIVATE ${CMAKE_SOURCE_DIR}/tests)
