// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_value.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "text/jinja_integer.h"

namespace laconic::jinja {
namespace {

void check_extent(int depth, size_t weight) {
  require(depth <= Value::kMaxDepth, ErrorKind::kData, "template value: expected at most ",
          Value::kMaxDepth, " levels of nesting, got more");
  require(weight <= Value::kMaxWeight, ErrorKind::kData, "template value: expected at most ",
          Value::kMaxWeight, " items in all, got more");
}

Sequence checked_sequence(Values items) {
  Sequence sequence;
  for (const Value& item : items) {
    sequence.depth = std::max(sequence.depth, item.depth() + 1);
    sequence.weight += item.weight();
  }
  check_extent(sequence.depth, sequence.weight);
  charge(items.capacity() * sizeof(Value) + sizeof(Sequence) + 48);
  sequence.items = std::move(items);
  return sequence;
}

Dict checked_dict(Dict dict) {
  for (const auto& [key, value] : dict.pairs) {
    dict.depth = std::max({dict.depth, key.depth() + 1, value.depth() + 1});
    dict.weight += key.weight() + value.weight();
  }
  check_extent(dict.depth, dict.weight);
  charge(dict.pairs.capacity() * 2 * sizeof(Value) + sizeof(Dict) + 48);
  return dict;
}

}  // namespace

Value::Value(Text value) {
  charge(value.text.size() + sizeof(Text) + 48);
  data_ = std::make_shared<const Text>(std::move(value));
}

Value::Value(Bytes value) {
  charge(value.bytes.size() + sizeof(Bytes) + 48);
  data_ = std::make_shared<const Bytes>(std::move(value));
}

Value::Value(Function value) {
  charge(sizeof(Function) + 96);
  data_ = std::make_shared<const Function>(std::move(value));
}

Value Value::undefined(std::string name) {
  Value value;
  value.data_ = Undefined{std::make_shared<const std::string>(std::move(name))};
  return value;
}

Value Value::list(Values items) {
  Value value;
  value.data_ = ListPointer{std::make_shared<const Sequence>(checked_sequence(std::move(items)))};
  return value;
}

Value Value::tuple(Values items) {
  Value value;
  value.data_ = TuplePointer{std::make_shared<const Sequence>(checked_sequence(std::move(items)))};
  return value;
}

Value Value::group(Value grouper, Value list) {
  Sequence sequence = checked_sequence({std::move(grouper), std::move(list)});
  sequence.form = Sequence::Form::kGroup;
  Value value;
  value.data_ = TuplePointer{std::make_shared<const Sequence>(std::move(sequence))};
  return value;
}

Value Value::view(Sequence sequence) {
  Sequence checked = checked_sequence(std::move(sequence.items));
  checked.form = sequence.form;
  checked.start = sequence.start;
  checked.stop = sequence.stop;
  checked.step = sequence.step;
  Value value;
  value.data_ = ViewPointer{std::make_shared<const Sequence>(std::move(checked))};
  return value;
}

Value Value::dict(Pairs items) {
  Dict dict;
  dict.pairs.reserve(items.size());
  for (auto& [key, value] : items) {
    const auto same = [&key = key](const auto& pair) { return pair.first == key; };
    const auto place = std::find_if(dict.pairs.begin(), dict.pairs.end(), same);
    if (place == dict.pairs.end()) {
      dict.pairs.emplace_back(std::move(key), std::move(value));
    } else {
      place->second = std::move(value);
    }
  }
  Value value;
  value.data_ = std::make_shared<const Dict>(checked_dict(std::move(dict)));
  return value;
}

Value Value::from_json(const Json& json) {
  switch (json.kind()) {
    case Json::Kind::kNull:
      return None{};
    case Json::Kind::kBoolean:
      return json.as_boolean("");
    case Json::Kind::kInteger:
      return json.as_integer("");
    case Json::Kind::kReal:
      return json.as_number("");
    case Json::Kind::kString:
      return json.as_string("");
    case Json::Kind::kArray: {
      Values items;
      for (const Json& item : json.as_array("")) items.push_back(from_json(item));
      return list(std::move(items));
    }
    case Json::Kind::kObject:
      break;
  }
  Dict dict;  // a Json object has no repeated key: no need to look for one
  for (const auto& [key, member] : json.as_object("")) {
    dict.pairs.emplace_back(Value(key), from_json(member));
  }
  Value value;
  value.data_ = std::make_shared<const Dict>(checked_dict(std::move(dict)));
  return value;
}

int64_t Value::integer() const {
  if (const bool* flag = std::get_if<bool>(&data_)) return *flag ? 1 : 0;
  return std::get<int64_t>(data_);
}

double Value::real() const {
  if (const double* number = std::get_if<double>(&data_)) return *number;
  return is_big() ? big_to_real(big()) : static_cast<double>(integer());
}

const Sequence& Value::sequence() const {
  if (const auto* list = std::get_if<ListPointer>(&data_)) return *list->sequence;
  if (const auto* view = std::get_if<ViewPointer>(&data_)) return *view->sequence;
  return *std::get<TuplePointer>(data_).sequence;
}

bool Value::is_range() const { return is_view() && sequence().form == Sequence::Form::kRange; }

bool Value::is_hashable() const {
  switch (kind()) {
    case Kind::kList:
    case Kind::kDict:
      return false;
    case Kind::kView:
      return is_range() || sequence().form == Sequence::Form::kValues;
    case Kind::kTuple:
      return std::all_of(items().begin(), items().end(),
                         [](const Value& item) { return item.is_hashable(); });
    default:
      return true;
  }
}

const Pairs& Value::pairs() const { return std::get<DictPointer>(data_)->pairs; }

const Value* Value::find(const Value& key) const {
  for (const auto& [name, value] : pairs()) {
    if (name == key) return &value;
  }
  return nullptr;
}

int Value::depth() const {
  switch (kind()) {
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return sequence().depth;
    case Kind::kDict:
      return std::get<DictPointer>(data_)->depth;
    case Kind::kIterator:
      return iterator().depth;
    default:
      return 0;
  }
}

size_t Value::weight() const {
  switch (kind()) {
    case Kind::kString:
      return string().size() / 16 + 1;
    case Kind::kBytes:
      return bytes().size() / 16 + 1;
    case Kind::kBig:
      return big_bits(big()) / 64 + 1;
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return sequence().weight;
    case Kind::kDict:
      return std::get<DictPointer>(data_)->weight;
    default:
      return 1;
  }
}

bool Value::truthy() const {
  switch (kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBoolean:
    case Kind::kInteger:
      return integer() != 0;
    case Kind::kReal:
      return real() != 0;
    case Kind::kString:
      return !string().empty();
    case Kind::kBytes:
      return !bytes().empty();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return !items().empty();
    case Kind::kDict:
      return !pairs().empty();
    default:
      return true;
  }
}

const char* Value::kind_name() const {
  static constexpr const char* kNames[] = {
      "undefined", "None", "bool",     "int", "float", "str",  "list",     "tuple", "dict",
      "namespace", "loop", "function", "int", "bytes", "view", "iterator", "cycler"};
  return kNames[data_.index()];
}

}  // namespace laconic::jinja
