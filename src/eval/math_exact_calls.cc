// Functions in the normal form: what is known of them exactly.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "eval/math_exact.h"

namespace laconic {
namespace {

constexpr long kMaxFactorial = 2100;

bool is_integer(const mpq_class& value) { return value.get_den() == 1; }

mpz_class floor_of(const mpq_class& value) {
  mpz_class out;
  mpz_fdiv_q(out.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
  return out;
}

// Whether the first term, as it is printed, has a minus.
bool leads_with_minus(const AtomTable& kernels, const Fraction& fraction) {
  return kernels.text(fraction.above).starts_with('-');
}

}  // namespace

std::optional<Fraction> ExactReader::opaque(const std::string& name,
                                            const std::vector<Fraction>& args) {
  std::string key = name + "(";
  for (size_t i = 0; i < args.size(); ++i) key += (i ? "," : "") + kernels_.text(args[i]);
  if (key.size() > kMaxKeyBytes) return std::nullopt;
  return Fraction{kernel(key + ")"), constant_poly(1)};
}

// Functions of integers and rationals alone; nothing: no such value, or too large.
std::optional<Fraction> ExactReader::number_call(const std::string& name,
                                                 const std::vector<mpq_class>& args) {
  const mpq_class& x = args[0];
  const auto number = [](const mpz_class& value) { return constant_fraction(mpq_class(value)); };
  if (name == "floor") return number(floor_of(x));
  if (name == "ceil") return number(-floor_of(-x));
  if (name == "abs") return constant_fraction(abs(x));
  if (name == "min" || name == "max") {
    const auto [low, high] = std::minmax_element(args.begin(), args.end());
    return constant_fraction(name == "min" ? *low : *high);
  }
  for (const mpq_class& arg : args) {
    if (!is_integer(arg)) return std::nullopt;
  }
  mpz_class out = x.get_num();
  if (name == "factorial") {
    if (x < 0 || x > kMaxFactorial) return std::nullopt;
    mpz_fac_ui(out.get_mpz_t(), x.get_num().get_ui());
    return number(out);
  }
  if (args.size() < 2) return std::nullopt;
  if (name == "binom") {
    if (args[1] < 0 || args[1] > kMaxFactorial || abs(x) > 1000000) return std::nullopt;
    mpz_bin_ui(out.get_mpz_t(), x.get_num_mpz_t(), args[1].get_num().get_ui());
    return number(out);
  }
  if (name == "mod") {
    if (args[1] == 0) return std::nullopt;
    mpz_fdiv_r(out.get_mpz_t(), x.get_num_mpz_t(), args[1].get_num_mpz_t());
    return number(out);
  }
  for (size_t i = 1; i < args.size(); ++i) {
    if (name == "gcd") out = gcd(out, args[i].get_num());
    if (name == "lcm") out = lcm(out, args[i].get_num());
  }
  return number(out);
}

std::optional<Fraction> ExactReader::read_call(const Node& node) {
  const std::string name = node.op == Op::kFactorial ? "factorial" : node.text;
  std::vector<Fraction> args;
  std::vector<mpq_class> numbers;
  for (const Node* arg : node.args) {
    const Result one = read(*arg);
    if (!one) return std::nullopt;
    mpq_class number;
    if (is_constant(*one, number)) numbers.push_back(number);
    args.push_back(*one);
  }
  if (args.empty()) return opaque(name, args);
  // y(0), u(t): as free as a symbol.
  if (is_free_call(node)) {
    const Result call = opaque(name, args);
    if (call) kernels_.at(call->above.begin()->first[0].first).independent = true;
    return call;
  }
  static constexpr std::array<std::string_view, 10> kNumberCalls = {
      "floor", "ceil", "abs", "min", "max", "factorial", "binom", "mod", "gcd", "lcm"};
  const bool of_numbers =
      std::find(kNumberCalls.begin(), kNumberCalls.end(), name) != kNumberCalls.end();
  if (of_numbers && numbers.size() == args.size()) {
    const Result value = number_call(name, numbers);
    if (value) return value;
  }
  if (name == "ln") return logarithm(args[0]);
  if (name == "lg" || name == "log") {
    const Fraction base = name == "log" && args.size() == 2 ? args[1] : constant_fraction(10);
    const Result above = logarithm(args[0]);
    const Result below = above ? logarithm(base) : std::nullopt;
    if (!below) return std::nullopt;
    const Fraction by = kernels_.inverse(*below);
    if (kernels_.failed()) return std::nullopt;
    return kernels_.multiply(*above, by);
  }
  if (name == "abs" && leads_with_minus(kernels_, args[0]))
    return opaque(name, {kernels_.multiply(args[0], constant_fraction(-1))});
  return trigonometric(name, args[0]).has_value() ? trigonometric(name, args[0])
                                                  : opaque(name, args);
}

std::optional<Fraction> ExactReader::trigonometric(const std::string& name, Fraction argument) {
  if (name == "sin" || name == "cos") return sine(std::move(argument), name == "cos");
  static constexpr std::array<std::string_view, 4> kQuotients = {"tan", "cot", "sec", "csc"};
  if (std::find(kQuotients.begin(), kQuotients.end(), name) == kQuotients.end())
    return std::nullopt;
  const Result s = sine(argument, false);
  const Result c = sine(argument, true);
  if (!s || !c) return std::nullopt;
  const Result above = name == "tan" ? s : name == "cot" ? c : constant_fraction(1);
  const Result below = name == "tan" || name == "sec" ? c : s;
  const Fraction by = kernels_.inverse(*below);
  if (kernels_.failed()) return std::nullopt;
  return kernels_.multiply(*above, by);
}

std::optional<Fraction> ExactReader::sine(Fraction argument, bool cosine) {
  mpq_class number;
  // A multiple of \pi, in twelfths of a turn... of a half turn.
  const Poly pi = kernel("\\pi", 1, true);
  const Fraction turns = kernels_.multiply(argument, kernels_.inverse({pi, constant_poly(1)}));
  if (is_constant(turns, number)) {
    mpq_class twelfths = number * 12;
    if (cosine) twelfths = 6 - twelfths;  // cos x = sin(pi/2 - x)
    if (is_integer(twelfths)) {
      const mpz_class rest = twelfths.get_num() - 24 * floor_of(twelfths / 24);
      long step = rest.get_si();
      const int sign = step >= 12 ? -1 : 1;
      step %= 12;
      if (step > 6) step = 12 - step;
      // sin of 0, 30, 45, 60, 90 degrees is sqrt(n)/2.
      const long under = step == 0   ? 0
                         : step == 2 ? 1
                         : step == 3 ? 2
                         : step == 4 ? 3
                         : step == 6 ? 4
                                     : -1;
      if (under == 0) return constant_fraction(0);
      if (under > 0) {
        const Result root = rational_power(constant_fraction(under), mpq_class(1, 2));
        if (!root) return std::nullopt;
        return kernels_.multiply(*root, constant_fraction(mpq_class(sign, 2)));
      }
    }
  }
  if (is_constant(argument, number) && number == 0) return constant_fraction(cosine ? 1 : 0);
  const bool minus = leads_with_minus(kernels_, argument);
  if (minus) argument = kernels_.multiply(argument, constant_fraction(-1));
  const std::string inside = "(" + kernels_.text(argument) + ")";
  if (inside.size() > kMaxKeyBytes) return std::nullopt;
  const Poly cos = kernel("cos" + inside);
  Fraction out{cos, constant_poly(1)};
  if (!cosine) {
    const Poly sin = kernel("sin" + inside);
    Kernel& one = kernels_.at(sin.begin()->first[0].first);
    if (one.relation_power == 0) {
      const int cos_id = cos.begin()->first[0].first;
      const Poly square = {{Monomial{{cos_id, mpq_class(2)}}, mpq_class(1)}};
      one.relation = kernels_.add(constant_poly(1), square, -1);
      one.relation_power = 2;
    }
    out = {sin, constant_poly(1)};
    if (minus) out = kernels_.multiply(out, constant_fraction(-1));
  }
  return out;
}

std::optional<Poly> ExactReader::logarithm_of_poly(const Poly& argument) {
  const auto of_number = [&](const mpq_class& value) -> std::optional<Poly> {
    Poly out;
    if (value <= 0) return std::nullopt;
    for (const auto& [n, sign] : {std::pair{value.get_num(), 1}, {value.get_den(), -1}}) {
      mpz_class rest = n;
      for (unsigned long p = 2; p < 2000 && rest > 1; ++p) {
        long count = 0;
        while (mpz_divisible_ui_p(rest.get_mpz_t(), p)) {
          mpz_divexact_ui(rest.get_mpz_t(), rest.get_mpz_t(), p);
          ++count;
        }
        if (count) out = kernels_.add(out, kernel("ln(" + std::to_string(p) + ")"), sign * count);
      }
      if (rest > 1) out = kernels_.add(out, kernel("ln(" + rest.get_str() + ")"), sign);
    }
    return out;
  };
  if (argument.size() != 1) return kernel("ln(" + kernels_.text(argument) + ")");
  const auto& [monomial, coefficient] = *argument.begin();
  std::optional<Poly> out = of_number(coefficient);
  if (!out) return kernel("ln(" + kernels_.text(argument) + ")");
  for (const auto& [k, power] : monomial) {
    const Kernel& one = kernels_.at(k);
    mpq_class number;
    if (one.key == "i") return kernel("ln(" + kernels_.text(argument) + ")");
    if (one.key == "e") {
      out = kernels_.add(*out, constant_poly(1), power);
    } else if (!one.logarithm.empty()) {
      out = kernels_.add(*out, one.logarithm, power);
    } else if (one.relation_power == 1 && is_constant(one.relation, number)) {
      const auto part = of_number(number);
      if (!part) return std::nullopt;
      out = kernels_.add(*out, *part, power);
    } else {
      if (one.key != "\\pi") assumes_positive_ = true;
      out = kernels_.add(*out, kernel("ln(" + std::string(one.key) + ")"), power);
    }
  }
  return out;
}

std::optional<Fraction> ExactReader::logarithm(const Fraction& argument) {
  if (argument.above.empty()) return std::nullopt;
  const auto above = logarithm_of_poly(argument.above);
  const auto below = above ? logarithm_of_poly(argument.below) : std::nullopt;
  if (!below || kernels_.failed()) return std::nullopt;
  if (argument.below.size() > 1) assumes_positive_ = true;
  return Fraction{kernels_.add(*above, *below, -1), constant_poly(1)};
}

}  // namespace laconic
