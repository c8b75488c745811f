add_library(mobi_warnings INTERFACE)
target_compile_options(mobi_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wdouble-promotion
  $<$<BOOL:${MOBI_WERROR}>:-Werror>)
if(MOBI_SANITIZE)
  target_compile_options(mobi_warnings INTERFACE -fsanitize=${MOBI_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(mobi_warnings INTERFACE -fsanitize=${MOBI_SANITIZE})
endif()

# mobi_module(<name> SOURCES ... HEADERS ... [USES <module>...] [LINKS <imported target>...])
#
# Declares the static library mobi::<name> from the folder below src/ where it is called.  USES is the
# module's whole permitted dependency list: it is what gets linked, and what tests/layering_test.py checks
# #include lines against.
function(mobi_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;USES;LINKS" ${ARGN})
  add_library(mobi_${name} STATIC ${ARG_SOURCES})
  add_library(mobi::${name} ALIAS mobi_${name})
  target_sources(mobi_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${ARG_HEADERS})
  list(TRANSFORM ARG_USES PREPEND mobi::)
  target_link_libraries(mobi_${name} PUBLIC ${ARG_USES} ${ARG_LINKS} PRIVATE mobi_warnings)
  set_target_properties(mobi_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  list(TRANSFORM ARG_USES REPLACE "mobi::" "")
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  set_property(GLOBAL APPEND_STRING PROPERTY MOBI_LAYERS "${name} ${folder}: ${ARG_USES}\n")
endfunction()

# Where tests find reference data that is not part of the project, unless the caller's environment has
# MOBI_SHARED (see tests/support/shared_data.hpp).
set(MOBI_SHARED "$ENV{MOBI_SHARED}" CACHE PATH "Folder of reference data; default ../shared")
if(NOT MOBI_SHARED)
  set(MOBI_SHARED "${PROJECT_SOURCE_DIR}/../shared")
endif()

# mobi_test(<name> SOURCES ... USES ... [RANKS 1 2 4] [LABELS ...] [TIMEOUT s])
# With RANKS the binary runs once per rank count under mpiexec, with the rank-agreeing main.  A binary all
# of whose tests skip returns 77 (tests/support/all_skipped.hpp) and is reported as Skipped.
function(mobi_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;USES;RANKS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 30)
  endif()
  if(MOBI_SANITIZE)
    math(EXPR ARG_TIMEOUT "20 * ${ARG_TIMEOUT}")  # the slowest are ten times slower, and machines are busy
  endif()
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_USES PREPEND mobi::)
  set(environment "MOBI_SHARED_DEFAULT=${MOBI_SHARED}" "MOBI_SOURCE=${PROJECT_SOURCE_DIR}" "OMP_NUM_THREADS=1")
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  if(NOT ARG_RANKS)
    target_link_libraries(${name} PRIVATE ${ARG_USES} mobi_gtest_main mobi_warnings)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "unit;${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
      SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
    return()
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_USES} mobi_mpi_gtest_main mobi_warnings)
  foreach(ranks IN LISTS ARG_RANKS)
    add_test(NAME ${name}.np${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS} $<TARGET_FILE:${name}>)
    set_tests_properties(${name}.np${ranks} PROPERTIES
      LABELS "mpi;${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${ranks} SKIP_RETURN_CODE 77
      ENVIRONMENT "${environment};OMPI_MCA_rmaps_base_oversubscribe=1;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
  endforeach()
endfunction()

# mobi_fuzz(<name> USES <module>... [TIMEOUT s]): the entry tests/fuzz/<name>_fuzz.cpp, driven by the
# deterministic changes of <name>_fuzz_test.cpp in CTest and, with MOBI_FUZZ, by clang's libFuzzer.
function(mobi_fuzz name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "USES" ${ARGN})
  set(entry ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}_fuzz.cpp)
  mobi_test(${name}_fuzz_test SOURCES ${name}_fuzz_test.cpp ${entry} USES ${ARG_USES} TIMEOUT ${ARG_TIMEOUT})
  if(MOBI_FUZZ)
    add_executable(${name}_fuzz ${entry})
    list(TRANSFORM ARG_USES PREPEND mobi::)
    target_link_libraries(${name}_fuzz PRIVATE ${ARG_USES} mobi_warnings)
    target_include_directories(${name}_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
