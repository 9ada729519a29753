// Under which conditions a comparison is measured, and the one number that is left of its rounds.
#pragma once

#include <sched.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace bench {

inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Says which libraries are left out, and whether the process may wander from core to core.
inline void print_conditions([[maybe_unused]] bool asks_libtorch = true) {
#ifndef BENCH_ONEDNN
    std::printf("left out: oneDNN 2 was not found when this was built (libdnnl-dev)\n");
#endif
#ifndef BENCH_LIBTORCH
    if (asks_libtorch)
        std::printf("left out: libtorch was not found when this was built (libtorch-dev)\n");
#endif
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) != 1)
        std::printf("not pinned to one core, expect noise: taskset -c 1 ...\n");
}

}  // namespace bench
