// TensorBoard's event files: TFRecord frames around the few protobuf fields of scalar summaries.
//
// Source: tensorflow/core/util/event.proto (Event: wall_time 1, step 2, file_version 3, summary 5,
// session_log 7), summary.proto (Summary.value 1: tag 1, simple_value 2), lib/io/record_writer.h
// (length, masked CRC32C of it, payload, masked CRC32C of it; little-endian). Only what a writer of
// scalars needs; reading is TensorBoard's business. Pure functions; no errors. wall_time in seconds
// since 1970.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace laconic {

// CRC-32C (Castagnoli), as in RFC 3720.
uint32_t crc32c(std::string_view bytes);

// Each returns one whole record.
std::string event_file_version(double wall_time);  // the first of every file
// A process (again) begins at `step`: a reader forgets what it knows from there on.
std::string event_session_start(double wall_time, int64_t step);
std::string event_scalars(double wall_time, int64_t step,
                          std::span<const std::pair<std::string, double>> values);

}  // namespace laconic
