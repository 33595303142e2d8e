// SPDX-License-Identifier: MIT
// expect: private constructor|is private
#include <simul/task/group.hpp>

#ifdef SIMUL_CONTROL
void use(simul::group& given) { static_cast<void>(given.size()); }
#else
void use(simul::detail::group_join& join) { simul::group mine(join); }
#endif
