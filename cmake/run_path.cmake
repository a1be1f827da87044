# laconic_run_path(<target> <folder of the built binary>): where the binary looks for the libraries of wheels.
#
# A wheel inside this tree (.venv) is looked for relative to the binary first, so that a tree can be moved after
# it is built, then by its absolute path, by which an installed copy finds it; a wheel elsewhere by the latter
# alone. One run path for building and installing: CMake would pad the first with colons to make room for the
# second, and an empty entry means the folder one happens to stand in.
#
# In: the global property LACONIC_LIBRARY_FOLDERS, which the find modules append to.
function(laconic_run_path target binary_folder)
  get_property(folders GLOBAL PROPERTY LACONIC_LIBRARY_FOLDERS)
  set(near)
  foreach(folder ${folders})
    cmake_path(IS_PREFIX CMAKE_SOURCE_DIR "${folder}" NORMALIZE is_inside)
    if(is_inside)
      file(RELATIVE_PATH relative "${binary_folder}" "${folder}")
      list(APPEND near "$ORIGIN/${relative}")
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "${near};${folders}" INSTALL_RPATH_USE_LINK_PATH OFF)
endfunction()
