# Runs a program as in a pipe. It must succeed, print something that matches EXPECTED, keep to 80
# columns and print no control characters.
# cmake -DPROGRAM=... -DARGUMENTS=... -DEXPECTED=... -P program_test.cmake
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS}
  OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE status)
message("${output}${errors}")
if(NOT status EQUAL 0)
  message(FATAL_ERROR "it ended with status ${status}")
endif()
if(NOT output MATCHES "${EXPECTED}")
  message(FATAL_ERROR "it did not print what was expected: ${EXPECTED}")
endif()
string(ASCII 8 13 27 control)  # backspace, carriage return, escape
if(output MATCHES "[${control}]")
  message(FATAL_ERROR "it printed control characters")
endif()
string(REPLACE ";" "," output "${output}")
string(REGEX REPLACE "[][]" "|" output "${output}")  # brackets would keep a list's items together
string(REPLACE "\n" ";" lines "${output}")
foreach(line IN LISTS lines)
  string(LENGTH "${line}" length)
  if(length GREATER 80)
    message(FATAL_ERROR "a line is ${length} columns wide: ${line}")
  endif()
endforeach()
