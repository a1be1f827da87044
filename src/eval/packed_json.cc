// SPDX-License-Identifier: Apache-2.0
#include "eval/packed_json.h"

#include <zlib.h>

#include "base/error.h"
#include "eval/html.h"

namespace laconic {
namespace {

constexpr int kLevel = 6;
constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header

std::string gzip(std::string& bytes) {
  z_stream stream = {};
  require(deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
          ErrorKind::kMemory, "report: expected memory to pack replies, got none");
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  LACONIC_CHECK(end == Z_STREAM_END, end);
  return out;
}

}  // namespace

std::string packed_json(const Json& value) {
  std::string text = value.dump();
  return base64(gzip(text));
}

}  // namespace laconic
