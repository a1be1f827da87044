# laconic_precompile(<target> [TORCH] [GTEST]): the headers that most files of a target include are read once.
#
# A file of the engine spends three of its four seconds in ATen's and the standard library's headers. Every file
# still includes what it uses: the asan preset builds core without this, and so finds what it hides.
# ccache reads precompiled headers only when told that their defines and times are no concern.
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
endif()
function(laconic_precompile target)
  set(headers <algorithm> <array> <cmath> <cstdint> <filesystem> <functional> <map> <memory> <optional> <set>
    <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
  if("TORCH" IN_LIST ARGN)
    list(APPEND headers <ATen/core/Tensor.h> <ATen/TensorOperators.h> <ATen/Parallel.h> <ATen/ops/empty.h>
      <ATen/ops/zeros.h>)
  endif()
  if("GTEST" IN_LIST ARGN)
    list(APPEND headers <gtest/gtest.h>)
  endif()
  target_precompile_headers(${target} PRIVATE ${headers})
endfunction()
