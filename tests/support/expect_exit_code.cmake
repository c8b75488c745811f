# cmake -DEXPECTED=4 "-DCOMMAND=program;argument" -P expect_exit_code.cmake
#
# Passes when the command returns EXPECTED.  CTest itself knows only zero and other.
execute_process(COMMAND ${COMMAND} RESULT_VARIABLE code)
if(NOT code STREQUAL EXPECTED)
  message(FATAL_ERROR "exit code ${code}, expected ${EXPECTED}: ${COMMAND}")
endif()
