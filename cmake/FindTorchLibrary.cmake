# Finds libtorch inside a PyTorch wheel or a libtorch archive, without the wheel's own CMake config:
# the CUDA wheel's config asks for a CUDA toolkit that a user of the binary does not need.
#
# In:  LIBTORCH (cache variable or environment) = folder that holds include/ and lib/.
# Out: target torch::torch.
if(NOT LIBTORCH AND DEFINED ENV{LIBTORCH})
  set(LIBTORCH "$ENV{LIBTORCH}")
endif()
if(NOT LIBTORCH)
  foreach(python "${CMAKE_SOURCE_DIR}/.venv/bin/python3" python3)
    execute_process(
      COMMAND ${python} -c "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '')"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(found AND EXISTS "${found}/include/ATen/ATen.h")
      set(LIBTORCH "${found}")
      break()
    endif()
  endforeach()
endif()
set(LIBTORCH "${LIBTORCH}" CACHE PATH "folder with libtorch's include/ and lib/")
find_path(TorchLibrary_INCLUDE_DIR ATen/ATen.h PATHS "${LIBTORCH}/include" NO_DEFAULT_PATH)
find_library(TorchLibrary_CPU torch_cpu PATHS "${LIBTORCH}/lib" NO_DEFAULT_PATH)
find_library(TorchLibrary_C10 c10 PATHS "${LIBTORCH}/lib" NO_DEFAULT_PATH)
find_library(TorchLibrary_CUDA torch_cuda PATHS "${LIBTORCH}/lib" NO_DEFAULT_PATH)
find_library(TorchLibrary_C10_CUDA c10_cuda PATHS "${LIBTORCH}/lib" NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchLibrary
  REQUIRED_VARS TorchLibrary_CPU TorchLibrary_C10 TorchLibrary_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "set LIBTORCH to the folder that holds include/ and lib/, or run dev/setup")
if(TorchLibrary_FOUND AND NOT TARGET torch::torch)
  add_library(torch::torch INTERFACE IMPORTED)
  target_include_directories(torch::torch SYSTEM INTERFACE
    "${TorchLibrary_INCLUDE_DIR}" "${TorchLibrary_INCLUDE_DIR}/torch/csrc/api/include")
  target_link_libraries(torch::torch INTERFACE "${TorchLibrary_CPU}" "${TorchLibrary_C10}")
  if(TorchLibrary_CUDA AND TorchLibrary_C10_CUDA)
    # Loaded for its registrations: no symbol of it is named, so the linker must be told to keep it.
    target_link_libraries(torch::torch INTERFACE "-Wl,--no-as-needed" "${TorchLibrary_CUDA}" "${TorchLibrary_C10_CUDA}" "-Wl,--as-needed")
    # The CUDA runtime lies in wheels beside torch, found by libtorch's own run path, not by the linker.
    target_link_options(torch::torch INTERFACE "-Wl,--allow-shlib-undefined")
  endif()
  set_property(GLOBAL APPEND PROPERTY LACONIC_LIBRARY_FOLDERS "${LIBTORCH}/lib")
endif()
