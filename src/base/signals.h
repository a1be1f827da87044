// SIGINT and SIGTERM as a flag that loops poll: long work then saves and the process exits with 75.
// A second signal of the same kind ends the process at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

void install_signal_handlers();
bool stop_requested();

// For commands that talk: SIGINT as a flag that take_interrupt() clears, again and again, and a
// read that waits then ends with EINTR.
void install_interrupt_handler();
bool take_interrupt();

inline constexpr int kExitSavedOnSignal = 75;

}  // namespace laconic
