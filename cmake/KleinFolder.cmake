# klein_folder(name): an object library of a folder's sources, and its tests beside them (`x_test.cpp`) in klein_tests.
# klein_kinds(name folder): the same for a folder of plug-ins; every x.cpp in it defines klein::register_x(Registry&),
# and the table that calls them all is generated: one file adds a kind, a file without the function fails to link.
function(klein_folder target folder)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.cpp")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test[.]cpp$")
  list(FILTER tests INCLUDE REGEX "_test[.]cpp$")
  set_property(GLOBAL APPEND PROPERTY klein_test_sources ${tests})
  add_library(${target} OBJECT ${sources} ${ARGN})
  target_link_libraries(${target} PUBLIC klein_flags)
  set_property(GLOBAL APPEND PROPERTY klein_objects ${target})
endfunction()

function(klein_kinds target folder)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "_test[.]cpp$")
  set(declare "")
  set(call "")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM kind)
    string(APPEND declare "void register_${kind}(Registry&);\n")
    string(APPEND call "  register_${kind}(registry);\n")
  endforeach()
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}_table.cpp" @ONLY CONTENT
    "namespace klein {\nclass Registry;\n@declare@void register_${target}(Registry& registry);\nvoid register_${target}([[maybe_unused]] Registry& registry) {\n@call@}\n}  // namespace klein\n")
  klein_folder(${target} ${folder} "${CMAKE_CURRENT_BINARY_DIR}/${target}_table.cpp")
endfunction()
