# pyklein._core: the bindings over libklein, and what is generated from the registry once it can be asked: the verbs of Flow
# with their docs, the module's stub, the option structs of C++ and the page of operators.
execute_process(COMMAND "${Python_EXECUTABLE}" -m nanobind --cmake_dir
  OUTPUT_VARIABLE nanobind_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
find_package(nanobind CONFIG REQUIRED)
file(GLOB bindings CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/python/bindings/*.cpp")
nanobind_add_module(_core NB_STATIC NOMINSIZE ${bindings})
target_include_directories(_core PRIVATE "${CMAKE_SOURCE_DIR}/python/bindings")
get_target_property(includes nanobind-static INTERFACE_INCLUDE_DIRECTORIES)
set_target_properties(nanobind-static PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${includes}")  # without our warnings
target_link_libraries(_core PRIVATE klein)
set_target_properties(_core PROPERTIES INSTALL_RPATH "$ORIGIN;$ORIGIN/../pyarrow")
if(KLEIN_IN_PLACE)
  set_target_properties(_core PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${CMAKE_SOURCE_DIR}/python/pyklein")
endif()

set(package "${CMAKE_SOURCE_DIR}/python/pyklein")
set(generated "${CMAKE_BINARY_DIR}/python")
if(KLEIN_IN_PLACE)
  set(generated "${package}")
endif()
set(stamp "${CMAKE_BINARY_DIR}/python_api.stamp")
add_custom_command(OUTPUT "${stamp}"
  COMMAND "${Python_EXECUTABLE}" "${CMAKE_SOURCE_DIR}/tools/generate_api.py" --built $<TARGET_FILE_DIR:_core>
    --out "${generated}" --docs "${CMAKE_BINARY_DIR}/docs"
  COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
  DEPENDS _core klein "${CMAKE_SOURCE_DIR}/tools/generate_api.py" "${package}/_render.py" "${package}/flow.py"
    "${package}/sources.py"
  COMMENT "Python's verbs, C++'s options and the page of operators, from the registry")
add_custom_target(klein_python ALL DEPENDS "${stamp}")
