// What the lexer knows by name: functions, units, symbols, macros, characters. Data alone, used by
// eval/math_lexer.cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace laconic {

using SpellingPair = std::pair<std::string_view, std::string_view>;

// Names of functions, with what they are called in the tree.
inline constexpr std::array<SpellingPair, 54> kMathFunctions = {{
    {"arcsin", "asin"},     {"arccos", "acos"},    {"arctan", "atan"},
    {"arccot", "acot"},     {"arcsinh", "asinh"},  {"arccosh", "acosh"},
    {"arctanh", "atanh"},   {"asin", "asin"},      {"acos", "acos"},
    {"atan", "atan"},       {"acot", "acot"},      {"sinh", "sinh"},
    {"cosh", "cosh"},       {"tanh", "tanh"},      {"coth", "coth"},
    {"sin", "sin"},         {"cos", "cos"},        {"tan", "tan"},
    {"cot", "cot"},         {"sec", "sec"},        {"csc", "csc"},
    {"ctg", "cot"},         {"tg", "tan"},         {"log", "log"},
    {"ln", "ln"},           {"lg", "lg"},          {"exp", "exp"},
    {"sqrt", "sqrt"},       {"cbrt", "cbrt"},      {"abs", "abs"},
    {"floor", "floor"},     {"ceil", "ceil"},      {"gcd", "gcd"},
    {"lcm", "lcm"},         {"min", "min"},        {"max", "max"},
    {"det", "det"},         {"arg", "arg"},        {"Re", "Re"},
    {"Im", "Im"},           {"binomial", "binom"}, {"binom", "binom"},
    {"choose", "choose"},   {"deg", "deg"},        {"dim", "dim"},
    {"ker", "ker"},         {"sgn", "sgn"},        {"sign", "sgn"},
    {"Gamma", "Gamma"},     {"lim", "lim"},        {"sup", "sup"},
    {"inverse", "inverse"}, {"mod", "mod"},        {"factorial", "factorial"},
}};

// Units of two letters, which would be products of names elsewhere.
inline constexpr std::array<std::string_view, 24> kMathUnits = {
    "cm", "mm", "km", "kg", "mg", "ft", "in", "mi", "lb", "oz", "hr", "ml",
    "mL", "am", "pm", "Hz", "eV", "Pa", "ms", "nm", "rs", "yd", "sq", "dm"};

// Macros that name a symbol.
inline constexpr std::array<std::string_view, 51> kMathSymbols = {
    "alpha",   "beta",     "gamma",      "delta", "epsilon",  "varepsilon", "zeta",     "eta",
    "theta",   "vartheta", "iota",       "kappa", "lambda",   "mu",         "nu",       "xi",
    "omicron", "rho",      "varrho",     "sigma", "varsigma", "tau",        "upsilon",  "phi",
    "varphi",  "chi",      "psi",        "omega", "Delta",    "Theta",      "Lambda",   "Xi",
    "Sigma",   "Upsilon",  "Phi",        "Psi",   "Omega",    "hbar",       "ell",      "partial",
    "nabla",   "emptyset", "varnothing", "odot",  "star",     "angle",      "triangle", "circ",
    "bullet",  "prime",    "forall"};

// Macros that the parser knows, with the spelling that it sees.
inline constexpr std::array<SpellingPair, 70> kMathMacros = {{
    {"frac", "\\frac"},
    {"binom", "\\binom"},
    {"dbinom", "\\binom"},
    {"tbinom", "\\binom"},
    {"pm", "\\pm"},
    {"mp", "\\mp"},
    {"cup", "\\cup"},
    {"bigcup", "\\cup"},
    {"cap", "\\cap"},
    {"setminus", "\\setminus"},
    {"backslash", "\\setminus"},
    {"infty", "\\infty"},
    {"infinity", "\\infty"},
    {"pi", "\\pi"},
    {"Pi", "\\pi"},
    {"times", "*"},
    {"le", "\\le"},
    {"ge", "\\ge"},
    {"ne", "\\ne"},
    {"approx", "\\approx"},
    {"simeq", "\\approx"},
    {"sim", "\\sim"},
    {"equiv", "="},
    {"in", "\\in"},
    {"degree", "\\degree"},
    {"begin", "\\begin"},
    {"end", "\\end"},
    {"lfloor", "\\lfloor"},
    {"rfloor", "\\rfloor"},
    {"lceil", "\\lceil"},
    {"rceil", "\\rceil"},
    {"lvert", "|"},
    {"rvert", "|"},
    {"vert", "|"},
    {"mid", "|"},
    {"lVert", "\\|"},
    {"rVert", "\\|"},
    {"langle", "\\langle"},
    {"rangle", "\\rangle"},
    {"boxed", "\\boxed"},
    {"fbox", "\\boxed"},
    {"mathbb", "\\mathbb"},
    {"mathcal", "\\mathcal"},
    {"overline", "\\overline"},
    {"bar", "\\overline"},
    {"vec", "\\vec"},
    {"hat", "\\hat"},
    {"tilde", "\\tilde"},
    {"dot", "\\dot"},
    {"ddot", "\\ddot"},
    {"widehat", "\\hat"},
    {"overrightarrow", "\\vec"},
    {"underline", "\\overline"},
    {"pmod", "\\pmod"},
    {"bmod", "\\bmod"},
    {"ldots", "\\ldots"},
    {"to", "\\to"},
    {"Rightarrow", "\\to"},
    {"implies", "\\to"},
    {"iff", "\\to"},
    {"and", "\\and"},
    {"or", "\\or"},
    {"land", "\\and"},
    {"lor", "\\or"},
    {"wedge", "\\and"},
    {"vee", "\\or"},
    {"colon", ":"},
    {"over", "\\over"},
    {"rbrace", "\\}"},
    {"vdots", "\\ldots"},
}};

inline constexpr std::array<SpellingPair, 35> kMathCharacters = {{
    {"\u221a", "\\sqrt"},
    {"\u221e", "\\infty"},
    {"\u222a", "\\cup"},
    {"\u2229", "\\cap"},
    {"\u2260", "\\ne"},
    {"\u2248", "\\approx"},
    {"\u00b1", "\\pm"},
    {"\u2213", "\\mp"},
    {"\u2208", "\\in"},
    {"\u03b1", "\\alpha"},
    {"\u03b2", "\\beta"},
    {"\u03b3", "\\gamma"},
    {"\u03b4", "\\delta"},
    {"\u03b8", "\\theta"},
    {"\u03bb", "\\lambda"},
    {"\u03bc", "\\mu"},
    {"\u03c1", "\\rho"},
    {"\u03c3", "\\sigma"},
    {"\u03c4", "\\tau"},
    {"\u03c6", "\\phi"},
    {"\u03c9", "\\omega"},
    {"\u211d", "\\mathbb{R}"},
    {"\u2124", "\\mathbb{Z}"},
    {"\u2115", "\\mathbb{N}"},
    {"\u2032", "'"},
    {"\u2019", "'"},
    {"\u2217", "*"},
    {"\u22c5", "*"},
    {"\u2044", "/"},
    {"\u2215", "/"},
    {"\u2211", "\\sum"},
    {"\u220f", "\\prod"},
    {"\u222b", "\\int"},
    {"\u2026", "\\ldots"},
    {"\u00bd", "\\frac{1}{2}"},
}};

}  // namespace laconic
