// SPDX-License-Identifier: MIT
//
// Where an error came through: the awaits it crossed, innermost first.
//
//     try { simul::run(serve()); }
//     catch (const std::exception& e) {
//         for (auto& at : simul::await_chain()) fmt::print("  at {}:{} in {}\n", at.file_name(), at.line(), at.function_name());
//     }
//
// Costs nothing until something is thrown.
#pragma once

#include <exception>
#include <source_location>
#include <vector>

namespace simul {

/// The awaits that the exception being handled (or `error`) crossed on its way here, innermost first. Ask in the `catch`
/// that received it from an await, from `run` or from `future::result`: a thread remembers the last one only.
std::vector<std::source_location> await_chain(const std::exception_ptr& error = std::current_exception());

} // namespace simul
