// gzip and zstd, told apart by their first bytes, unpacked as a stream.
//
// Several members or frames behind one another are one text, as gzip and zstd themselves have it.
// Memory: one block in, one block out (and zstd's window, at most 128 MiB). Errors: Error(kData)
// naming the file for damaged or unfinished data; checksums are checked. Sources: RFC 1952, RFC
// 8878; zlib and libzstd do the work.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace laconic {

enum class Compression { kNone, kGzip, kZstd };

Compression compression_of(std::string_view bytes);
const char* compression_name(Compression compression);  // "gzip", "zstd"; "" for kNone

// Calls sink with the unpacked bytes, piece by piece. REQUIRES: not kNone.
void decompress(Compression compression, std::string_view bytes, const std::string& place,
                const std::function<void(std::string_view)>& sink);

}  // namespace laconic
