// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <csignal>

namespace laconic {
namespace {

volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t interrupt_flag = 0;

void on_signal(int) { stop_flag = 1; }
void on_interrupt(int) { interrupt_flag = 1; }

}  // namespace

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  // Reset after the first: the second signal of a kind meets the default action and ends the
  // process.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() { return stop_flag != 0; }

void install_interrupt_handler() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

bool take_interrupt() {
  const bool was_set = interrupt_flag != 0;
  interrupt_flag = 0;
  return was_set;
}

}  // namespace laconic
