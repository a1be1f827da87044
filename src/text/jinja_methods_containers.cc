// Methods of dict, list, tuple, range, numbers and bytes.
//
// As transformers' sandbox has it, methods that change a list or dict are not there.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/jinja_case.h"
#include "text/jinja_integer.h"
#include "text/jinja_methods.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

template <Sequence::Form kForm>
Value dict_view(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self"});
  run.spend(bound[0].pairs().size());
  Sequence view;
  view.form = kForm;
  for (const auto& [key, value] : bound[0].pairs())
    view.items.push_back(kForm == Sequence::Form::kKeys     ? key
                         : kForm == Sequence::Form::kValues ? value
                                                            : Value::tuple({key, value}));
  return Value::view(std::move(view));
}

Value get(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/key", "/default"}, 2);
  run.check_hashable(bound[1]);
  run.spend(bound[0].pairs().size() / 8);
  if (const Value* value = bound[0].find(bound[1])) return *value;
  return bound.has(2) ? bound[2] : Value(None{});
}

Value from_keys(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/iterable", "/value"}, 2);
  Pairs pairs;
  for (Value& key : run.iterate(bound[1])) {
    run.check_hashable(key);
    pairs.emplace_back(std::move(key), bound.has(2) ? bound[2] : Value(None{}));
  }
  run.spend(pairs.size() * pairs.size() / 16);
  return Value::dict(std::move(pairs));
}

Value index(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/value", "/start", "/stop"}, 2);
  const Values& items = bound[0].items();
  const auto size = static_cast<int64_t>(items.size());
  const auto place = [&](size_t i, int64_t otherwise) {
    const int64_t at = bound.integer(i, otherwise);
    return std::clamp<int64_t>(at < 0 ? (at < -size ? 0 : at + size) : at, 0, size);
  };
  run.spend(std::min(bound[0].weight(), items.size() * bound[1].weight()));
  for (int64_t i = place(2, 0); i < place(3, size); ++i) {
    if (items[static_cast<size_t>(i)] == bound[1]) return i;
  }
  run.fail("index: expected the value in the list, got a list without it");
}

Value count(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/value"}, 2);
  const Values& items = bound[0].items();
  run.spend(std::min(bound[0].weight(), items.size() * bound[1].weight()));
  return static_cast<int64_t>(std::count(items.begin(), items.end(), bound[1]));
}

Value copy(Run& run, Arguments& arguments) { return Bound(run, arguments, {"/self"})[0]; }

Value bit_length(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self"});
  if (bound[0].is_big()) return static_cast<int64_t>(big_bits(bound[0].big()));
  const int64_t value = bound[0].integer();
  const auto size =
      value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return size == 0 ? int64_t{0} : int64_t{64 - __builtin_clzll(size)};
}

Value is_integer(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self"});
  return std::isfinite(bound[0].real()) && std::floor(bound[0].real()) == bound[0].real();
}

Value decode(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "encoding", "errors"});
  const std::string& bytes = bound[0].bytes();
  run.spend_bytes(bytes.size());
  const std::string name = bound.has(1) ? lower(bound.string(1)) : "utf-8";
  if (name == "utf-8" || name == "utf8" || name == "ascii") {
    if (valid_utf8_prefix(bytes) == bytes.size()) return bytes;
    run.fail("decode: expected UTF-8, got other bytes");
  }
  if (name != "latin-1" && name != "latin1")
    run.fail(cat("expected the encoding utf-8, latin-1 or ascii, got \"", name, "\""));
  std::string out;
  for (const char byte : bytes) append_utf8(static_cast<unsigned char>(byte), out);
  return out;
}

Value hex(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self"});
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char byte : bound[0].bytes()) {
    const auto c = static_cast<unsigned char>(byte);
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

constexpr BuiltinEntry kDictMethods[] = {
    {"keys", dict_view<Sequence::Form::kKeys>},
    {"values", dict_view<Sequence::Form::kValues>},
    {"items", dict_view<Sequence::Form::kItems>},
    {"get", get},
    {"copy", copy},
    {"fromkeys", from_keys},
};
constexpr BuiltinEntry kListMethods[] = {{"index", index}, {"count", count}, {"copy", copy}};
constexpr BuiltinEntry kIntegerMethods[] = {{"bit_length", bit_length}, {"conjugate", copy}};
constexpr BuiltinEntry kRealMethods[] = {{"is_integer", is_integer}, {"conjugate", copy}};
constexpr BuiltinEntry kBytesMethods[] = {{"decode", decode}, {"hex", hex}};

Builtin look_up(std::span<const BuiltinEntry> entries, std::string_view name) {
  for (const BuiltinEntry& entry : entries) {
    if (entry.name == name) return entry.call;
  }
  return nullptr;
}

}  // namespace

Builtin find_method(const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Value::Kind::kString: {
      const Builtin method = look_up(search_methods(), name);
      return method ? method : look_up(text_methods(), name);
    }
    case Value::Kind::kDict:
      return look_up(kDictMethods, name);
    case Value::Kind::kView:
      if (!object.is_range()) return nullptr;
      [[fallthrough]];
    case Value::Kind::kTuple:
      return name == "copy" ? nullptr : look_up(kListMethods, name);
    case Value::Kind::kList:
      return look_up(kListMethods, name);
    case Value::Kind::kBoolean:
    case Value::Kind::kInteger:
    case Value::Kind::kBig:
      return look_up(kIntegerMethods, name);
    case Value::Kind::kReal:
      return look_up(kRealMethods, name);
    case Value::Kind::kBytes:
      return look_up(kBytesMethods, name);
    default:
      return nullptr;
  }
}

}  // namespace laconic::jinja
