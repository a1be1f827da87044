// SPDX-License-Identifier: Apache-2.0
#include "data/decompress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "base/error.h"

namespace laconic {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 18;
constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr int kMaxWindowLog = 27;  // zstd's own limit without --long

using Sink = std::function<void(std::string_view)>;

[[noreturn]] void fail_damaged(const std::string& place, const char* name, const char* why) {
  fail(ErrorKind::kData, place, ": expected whole ", name, " data, got ", why);
}

void gunzip(std::string_view bytes, const std::string& place, const Sink& sink) {
  z_stream stream{};
  LACONIC_CHECK(inflateInit2(&stream, kGzipOnly) == Z_OK, "zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::vector<char> block(kBlockBytes);
  bool is_done = false;
  while (!is_done) {
    if (stream.avail_in == 0) {
      const size_t size = std::min<size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(size);
      bytes.remove_prefix(size);
    }
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    sink({block.data(), block.size() - stream.avail_out});
    if (code == Z_STREAM_END) {
      is_done = stream.avail_in == 0 && bytes.empty();
      if (!is_done) inflateReset(&stream);
    } else if (code == Z_BUF_ERROR ||
               (code == Z_OK && stream.avail_out > 0 && stream.avail_in == 0 && bytes.empty())) {
      fail_damaged(place, "gzip", "an end in the middle");
    } else if (code != Z_OK) {
      fail_damaged(place, "gzip", stream.msg ? stream.msg : "damaged data");
    }
  }
}

void unzstd(std::string_view bytes, const std::string& place, const Sink& sink) {
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                        ZSTD_freeDStream);
  LACONIC_CHECK(stream != nullptr, "libzstd cannot start");
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  std::vector<char> block(kBlockBytes);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  size_t left = 0;  // 0: a frame has ended and all of it is out
  bool is_out_full = false;
  while (in.pos < in.size || is_out_full) {
    ZSTD_outBuffer out{block.data(), block.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left)) fail_damaged(place, "zstd", ZSTD_getErrorName(left));
    sink({block.data(), out.pos});
    // Asked again at the end of a frame, zstd would wait for the header of another.
    is_out_full = out.pos == out.size && left != 0;
  }
  if (left != 0) fail_damaged(place, "zstd", "an end in the middle");
}

}  // namespace

Compression compression_of(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return Compression::kGzip;
  // A skippable frame (0x184D2A5?) may stand in front of a file's first.
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  if (bytes.size() >= 4 && bytes.substr(1, 3) == "\x2a\x4d\x18" && (bytes[0] & 0xf0) == 0x50)
    return Compression::kZstd;
  return Compression::kNone;
}

const char* compression_name(Compression compression) {
  if (compression == Compression::kNone) return "";
  return compression == Compression::kGzip ? "gzip" : "zstd";
}

void decompress(Compression compression, std::string_view bytes, const std::string& place,
                const Sink& sink) {
  LACONIC_CHECK(compression != Compression::kNone, "nothing to unpack");
  if (compression == Compression::kGzip)
    gunzip(bytes, place, sink);
  else
    unzstd(bytes, place, sink);
}

}  // namespace laconic
