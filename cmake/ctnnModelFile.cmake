# ctnn_model_file(TARGET FILE): the target's sources may say #include "FILE.inc" in an array of bytes, for
# ctnn::network_in: the file's numbers with commas, written when the target is built, and again when FILE has changed.
# The target must be one of this folder. CMake itself writes the numbers, with this file as its script.
if(CMAKE_SCRIPT_MODE_FILE AND DEFINED CTNN_FROM)
  file(READ "${CTNN_FROM}" bytes HEX)
  string(REGEX REPLACE "(........................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(WRITE "${CTNN_TO}" "${bytes}\n")
  return()
endif()

function(ctnn_model_file target file)
  get_filename_component(from "${file}" ABSOLUTE)
  get_filename_component(name "${file}" NAME)
  set(to "${CMAKE_CURRENT_BINARY_DIR}/${name}.inc")
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_FILE}")
  get_source_file_property(is_known "${to}" GENERATED)  # for another target
  if(NOT is_known)
    add_custom_command(OUTPUT "${to}" DEPENDS "${from}" "${script}" VERBATIM
      COMMAND "${CMAKE_COMMAND}" "-DCTNN_FROM=${from}" "-DCTNN_TO=${to}" -P "${script}")
  endif()
  target_sources(${target} PRIVATE "${to}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
