// GFLOP/s of the matrix products of a training step at SmolLM2's shapes, as CSV: own fp32, own
// bf16, and ATen's (MKL in fp32, oneDNN in bf16). The best fp32 and bf16 figures are the machine's
// peak that bench figures are shares of.
//
//   bench_gemm [tokens] [threads] [seconds a point] [fp32 | bf16] (both without the last)
//
// SPDX-License-Identifier: Apache-2.0
#include "nn/gemm.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

namespace laconic {
namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

MatrixView view(const at::Tensor& t) {
  return row_major(t.const_data_ptr<float>(), static_cast<size_t>(t.size(0)),
                   static_cast<size_t>(t.size(1)));
}

// The best of as many calls as fit: what the machine can do, not what else it was doing.
double best_s(double seconds, const std::function<void()>& call) {
  call();
  double best = 1e9;
  for (const double start = now_s(); now_s() - start < seconds;) {
    const double begin = now_s();
    call();
    best = std::min(best, now_s() - begin);
  }
  return best;
}

struct Shape {
  const char* name;
  int64_t in, out;
};

void bench(int64_t tokens, double seconds, const std::string& only) {
  const auto wanted = [&only](const char* precision) { return only.empty() || only == precision; };
  const Shape shapes[] = {{"qkv", 576, 960},
                          {"o", 576, 576},
                          {"gate_up", 576, 3072},
                          {"down", 1536, 576},
                          {"head", 576, 49152}};
  std::printf("matrix,operation,code,tokens,threads,gflops\n");
  for (const Shape& s : shapes) {
    const at::Tensor x = at::randn({tokens, s.in}), w = at::randn({s.out, s.in});
    const at::Tensor dy = at::randn({tokens, s.out}), y = at::zeros({tokens, s.out}),
                     dw = at::zeros({s.out, s.in});
    const auto row = [&](const char* operation, const char* code,
                         const std::function<void()>& call) {
      const double flops = 2.0 * static_cast<double>(tokens * s.in * s.out);
      std::printf("%s,%s,%s,%ld,%d,%.0f\n", s.name, operation, code, static_cast<long>(tokens),
                  at::get_num_threads(), flops / best_s(seconds, call) / 1e9);
      std::fflush(stdout);
    };
    for (const Precision p : {Precision::kFloat32, Precision::kBfloat16}) {
      if (!wanted(p == Precision::kFloat32 ? "fp32" : "bf16")) continue;
      const char* const code = p == Precision::kFloat32 ? "own fp32" : "own bf16";
      GemmPanels panels;
      panels.pack(view(w).transposed(), p);
      row("x W^T", code, [&] { gemm(view(x), panels, nullptr, y.data_ptr<float>()); });
      row("pack W^T", code, [&] { panels.pack(view(w).transposed(), p); });
      GemmPanels of_rows;
      of_rows.pack(view(w), p);
      at::Tensor dx = at::zeros({tokens, s.in});
      row("dy W", code, [&] { gemm(view(dy), of_rows, nullptr, dx.data_ptr<float>()); });
      row("dy^T x", code, [&] { gemm_transposed_a(view(dy), view(x), dw.data_ptr<float>(), p); });
    }
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      if (!wanted(dtype == at::kFloat ? "fp32" : "bf16")) continue;
      const at::Tensor xd = x.to(dtype), wd = w.to(dtype);
      at::Tensor yd = y.to(dtype);
      row("x W^T", dtype == at::kFloat ? "ATen fp32" : "ATen bf16",
          [&] { at::mm_out(yd, xd, wd.t()); });
    }
  }
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  const std::string only = argc > 4 ? argv[4] : "";
  if (!only.empty() && only != "fp32" && only != "bf16") {
    std::fprintf(stderr, "bench_gemm: precision: expected fp32 or bf16, got %s\n", only.c_str());
    return 2;
  }
  at::set_num_threads(argc > 2 ? std::atoi(argv[2]) : 2);
  laconic::bench(argc > 1 ? std::atoll(argv[1]) : 2048, argc > 3 ? std::atof(argv[3]) : 1, only);
}
