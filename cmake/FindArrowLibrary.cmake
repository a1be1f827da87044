# Finds Arrow's and Parquet's C++ libraries, with their headers, inside a pyarrow wheel. Optional: without
# them Parquet files are refused in one sentence (src/data/parquet_none.cc).
#
# In:  ARROW (cache variable or environment) = folder that holds include/ and libarrow.so.<version>; "" with
#      LACONIC_PARQUET=OFF.
# Out: ArrowLibrary_FOUND, ArrowLibrary_INCLUDE_DIR, target arrow::arrow (to link; one file includes it).
# The wheel and this program must agree on the standard library's ABI (wheels since 2023 have the C++11 one,
# as libtorch from 2.7 has): a link test says so.
if(NOT ARROW AND DEFINED ENV{ARROW})
  set(ARROW "$ENV{ARROW}")
endif()
if(NOT ARROW)
  foreach(python "${CMAKE_SOURCE_DIR}/.venv/bin/python3" python3)
    execute_process(
      COMMAND ${python} -c "import importlib.util as u, os; s = u.find_spec('pyarrow'); print(os.path.dirname(s.origin) if s else '')"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(found AND EXISTS "${found}/include/parquet/arrow/reader.h")
      set(ARROW "${found}")
      break()
    endif()
  endforeach()
endif()
set(ARROW "${ARROW}" CACHE PATH "folder of a pyarrow wheel, with include/ and libarrow.so.*")
find_path(ArrowLibrary_INCLUDE_DIR parquet/arrow/reader.h PATHS "${ARROW}/include" NO_DEFAULT_PATH)
file(GLOB arrow_file "${ARROW}/libarrow.so.*")
file(GLOB parquet_file "${ARROW}/libparquet.so.*")
if(ArrowLibrary_INCLUDE_DIR AND arrow_file AND parquet_file)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES "${ArrowLibrary_INCLUDE_DIR}")
  set(CMAKE_REQUIRED_LIBRARIES "${arrow_file}")
  string(MD5 this_one "${ARROW} ${CMAKE_CXX_COMPILER}")  # another folder is asked again
  check_cxx_source_compiles(
    "#include <arrow/status.h>\nint main() { return arrow::Status::OK().ToString().empty(); }" arrow_links_${this_one})
  set(ArrowLibrary_LINKS "${arrow_links_${this_one}}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowLibrary
  REQUIRED_VARS ArrowLibrary_INCLUDE_DIR ArrowLibrary_LINKS
  REASON_FAILURE_MESSAGE "Parquet files will be refused (to read them: pip install pyarrow, set ARROW to its folder)")
if(ArrowLibrary_FOUND AND NOT TARGET arrow::arrow)
  add_library(arrow::arrow INTERFACE IMPORTED)
  target_link_libraries(arrow::arrow INTERFACE "${parquet_file}" "${arrow_file}")
  set_property(GLOBAL APPEND PROPERTY LACONIC_LIBRARY_FOLDERS "${ARROW}")
endif()
