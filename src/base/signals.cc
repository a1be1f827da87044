// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace laconic {
namespace {

volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t interrupt_flag = 0;

void on_signal(int) { stop_flag = 1; }
int interrupt_pipe[2] = {-1, -1};  // readable from an interrupt on until it is taken

void on_interrupt(int) {
  const int error = errno;
  interrupt_flag = 1;
  // Full where interrupts were not taken for long: then it is readable anyway.
  if (interrupt_pipe[1] >= 0) (void)!write(interrupt_pipe[1], "", 1);
  errno = error;
}

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
  if (interrupt_pipe[0] < 0 && pipe2(interrupt_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
    interrupt_pipe[0] = interrupt_pipe[1] = -1;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

bool take_interrupt() {
  const bool was_set = interrupt_flag != 0;
  interrupt_flag = 0;
  char bytes[64];
  while (interrupt_pipe[0] >= 0 && read(interrupt_pipe[0], bytes, sizeof(bytes)) > 0) {
  }
  return was_set;
}

bool interrupted_before_input(int file) {
  pollfd waited[] = {{file, POLLIN, 0}, {interrupt_pipe[0], POLLIN, 0}};
  while (poll(waited, 2, -1) < 0 && errno == EINTR && interrupt_flag == 0) {
  }
  return interrupt_flag != 0;
}

}  // namespace laconic
