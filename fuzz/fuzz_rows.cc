// A data file of any bytes: rows in a container, then each row in every shape.
// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "base/error.h"
#include "data/row_file.h"
#include "data/rows.h"

namespace {

template <typename Call>
void expect_only_errors(const Call& call) {
  try {
    call();
  } catch (const laconic::Error& error) {
    if (error.kind() == laconic::ErrorKind::kInternal) __builtin_trap();
    if (std::string(error.what()).find('\n') != std::string::npos) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int descriptor = ::memfd_create("rows", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, data, size, 0) != static_cast<ssize_t>(size))
    __builtin_trap();
  expect_only_errors([] {
    const laconic::RowFile file(path);
    for (int64_t i = 0; i < file.size(); ++i) {
      expect_only_errors([&] {
        const laconic::Json row = laconic::Json::parse(file.text(i), file.place(i));
        expect_only_errors([&] { laconic::parse_training_row(row, file.place(i)); });
        expect_only_errors([&] { laconic::parse_problem(row, file.place(i)); });
      });
    }
  });
  return 0;
}
