# Into the wheel: beside pyarrow, whose libraries all of these find through their RPATH.
get_property(plugins GLOBAL PROPERTY klein_plugins)
install(TARGETS klein ${plugins} _core LIBRARY DESTINATION pyklein)
install(DIRECTORY "${CMAKE_BINARY_DIR}/python/" DESTINATION pyklein)
