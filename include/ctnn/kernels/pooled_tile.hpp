// What every loop of a convolution does around its taps: bias, scale, activation, pooling, all in registers,
// so that the map before pooling is never stored.
#pragma once

#include <ctnn/kernels/fusion.hpp>
#include <ctnn/simd/loops.hpp>

#include <cstddef>

namespace ctnn::detail {

/// Sums of a tile lie part after part, unless a loop says otherwise.
template <std::size_t Items>
struct parts_apart {
    constexpr std::size_t operator()(std::size_t item, std::size_t part) const noexcept {
        return part * Items + item;
    }
};

/// `Items` outputs (vectors of them), each of a window that is `Parts` sums at once, `steps` times:
/// sum number place(item, part) is one of item's. add(step, sums) starts them and adds the taps,
/// output(item, sum) is the convolution's output, store(item, value) takes what is done.
template <class Vector, activation Activation, pooling Pooling, std::size_t Items,
          std::size_t Parts, class Add, class Output, class Store, class Place = parts_apart<Items>>
[[gnu::always_inline]] constexpr void pooled_tile(std::size_t steps, Add&& add, Output&& output,
                                                  Store&& store, Place place = {}) noexcept {
    using around = activation_around<Activation, Pooling>;
    Vector kept[Items];
    CTNN_UNROLLED
    for (std::size_t item = 0; item < Items; ++item) kept[item] = Pooling::template start<Vector>();
    for (std::size_t step = 0; step < steps; ++step) {
        Vector sum[Parts * Items];
        add(step, sum);
        CTNN_UNROLLED
        for (std::size_t item = 0; item < Items; ++item)
            kept[item] = combine_row<Pooling, Parts>(kept[item], [&](auto part) CTNN_INLINED {
                return around::before::value(Vector(output(item, sum[place(item, part)])));
            });
    }
    // Not a loop: it would be unrolled too late, 5 % slower with SSE2.
    simd::unroll<Items>([&](auto item) CTNN_INLINED {
        store(item, Vector(around::after::value(Pooling::finish(kept[item]))));
    });
}

}  // namespace ctnn::detail
