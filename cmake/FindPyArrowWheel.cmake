# Arrow comes from the installed pyarrow wheel, so that a process never holds a second copy of it.
# Makes PyArrow::arrow, PyArrow::compute, PyArrow::acero and PyArrow::parquet; sets PyArrow_DIR and PyArrow_SO.
# The folder is asked for at every configure and never cached: an isolated build puts it in a temporary place.
if(KLEIN_PYARROW_DIR)
  set(PyArrow_DIR "${KLEIN_PYARROW_DIR}")
else()
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c
      "import importlib.util as u; print(u.find_spec('pyarrow').submodule_search_locations[0])"
    OUTPUT_VARIABLE PyArrow_DIR RESULT_VARIABLE _result OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT _result EQUAL 0)
    message(FATAL_ERROR "pyarrow is not importable by ${Python_EXECUTABLE}: pip install 'pyarrow>=26,<27'")
  endif()
endif()
file(GLOB _arrow "${PyArrow_DIR}/libarrow.so.[0-9]*")
list(FILTER _arrow INCLUDE REGEX "libarrow\\.so\\.[0-9]+$")
list(LENGTH _arrow _count)
if(NOT _count EQUAL 1)
  message(FATAL_ERROR "expected one libarrow.so.N in ${PyArrow_DIR}, found: ${_arrow}")
endif()
string(REGEX REPLACE ".*\\.so\\.([0-9]+)$" "\\1" PyArrow_SO "${_arrow}")
add_library(PyArrow::arrow SHARED IMPORTED GLOBAL)
set_target_properties(PyArrow::arrow PROPERTIES
  IMPORTED_LOCATION "${_arrow}" IMPORTED_SONAME "libarrow.so.${PyArrow_SO}"
  INTERFACE_INCLUDE_DIRECTORIES "${PyArrow_DIR}/include" INTERFACE_COMPILE_FEATURES cxx_std_20)
foreach(_component arrow_compute arrow_acero parquet)
  string(REPLACE "arrow_" "" _target ${_component})
  add_library(PyArrow::${_target} SHARED IMPORTED GLOBAL)
  set_target_properties(PyArrow::${_target} PROPERTIES
    IMPORTED_LOCATION "${PyArrow_DIR}/lib${_component}.so.${PyArrow_SO}"
    IMPORTED_SONAME "lib${_component}.so.${PyArrow_SO}")
  target_link_libraries(PyArrow::${_target} INTERFACE PyArrow::arrow)
endforeach()
