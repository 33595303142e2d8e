// SPDX-License-Identifier: MIT
//
// Which program this is, and where its code is: what makes an address mean the same in two processes.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace simul::detail {

/// The program's build id; zeros when it was linked without one.
std::array<unsigned char, 32> program_build() noexcept;

/// Whether it is code of the program itself, not of a shared object.
bool is_in_program(std::uintptr_t address) noexcept;

/// "crunch(int)", or "program+0x1234" where there is no symbol.
std::string code_name(std::uintptr_t address);

} // namespace simul::detail
