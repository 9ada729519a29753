// Many images in bytes: moved into the lanes and back, or computed one by one where that is faster.
#pragma once

#include <ctnn/quantization/int8_computation.hpp>
#include <ctnn/simd/integer_vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace ctnn::detail {

/// Scratch memory of predictions, and room for the images in the lanes.
template <class Network, bool HasLanes = int8_stages<Network>::has_lanes>
struct int8_batch_memory {
    alignas(64) std::int8_t scratch[std::max<std::size_t>(1, int8_stages<Network>::plan.size)];
};
template <class Network>
struct int8_batch_memory<Network, true> {
    static constexpr std::size_t images = simd::integer_lanes;
    alignas(64) std::int8_t x[Network::input_shape::size * images];
    alignas(64) std::int8_t y[Network::output_shape::size * images];
    alignas(64) std::int8_t
        scratch[std::max<std::size_t>(1, int8_stages<Network>::template plan_for<images>.size) *
                images];
};

#if CTNN_HAS_XSIMD
/// `to[i]` gets byte i of every image, `size` of each.
template <std::size_t Images>
inline void bytes_to_lanes(const std::int8_t* const (&from)[Images], std::size_t size,
                           std::int8_t* to) noexcept {
    using vector = simd::integers<4>;
    const std::size_t whole = size / 16 * 16;
    for (std::size_t i = 0; i < whole; i += 16, to += 16 * Images) {
        vector::reg a[16], b[16];
        for (std::size_t n = 0; n < 16; ++n) a[n] = vector::load(from[n % Images] + i);
        // Four times, the bytes of every second half are put between those of the first.
        CTNN_UNROLLED
        for (std::size_t step = 0; step < 4; ++step) {
            CTNN_UNROLLED
            for (std::size_t n = 0; n < 8; ++n) {
                b[2 * n] = vector::low_bytes(a[n], a[n + 8]);
                b[2 * n + 1] = vector::high_bytes(a[n], a[n + 8]);
            }
            CTNN_UNROLLED
            for (std::size_t n = 0; n < 16; ++n) a[n] = b[n];
        }
        for (std::size_t n = 0; n < 16; ++n) std::memcpy(to + n * Images, &a[n], Images);
    }
    for (std::size_t i = whole; i < size; ++i, to += Images)
        for (std::size_t n = 0; n < Images; ++n) to[n] = from[n][i];
}

/// outputs = predictions of images, both `count` tensors of bytes.
template <class Network, class Rounding, class Arrays, class Input, class Output>
inline void int8_predict(const Arrays& w, const Input* images, Output* outputs, std::size_t count,
                         int8_batch_memory<Network, true>& memory) noexcept {
    constexpr std::size_t lanes = simd::integer_lanes, size = Network::output_shape::size;
    for (std::size_t first = 0; first < count; first += lanes) {
        const std::size_t some = std::min(lanes, count - first);
        const std::int8_t* from[lanes];
        for (std::size_t n = 0; n < lanes; ++n)  // where there is none, the first one
            from[n] = images[first + (n < some ? n : 0)].data();
        bytes_to_lanes(from, Network::input_shape::size, memory.x);
        int8_computation<Network, Rounding, lanes>::run(w, memory.x, memory.y, memory.scratch, 0);
        for (std::size_t n = 0; n < some; ++n)
            for (std::size_t i = 0; i < size; ++i) outputs[first + n][i] = memory.y[i * lanes + n];
    }
}
#endif
template <class Network, class Rounding, class Arrays, class Input, class Output>
constexpr void int8_predict(const Arrays& w, const Input* images, Output* outputs,
                            std::size_t count, int8_batch_memory<Network, false>& memory) noexcept {
    for (std::size_t n = 0; n < count; ++n)
        int8_computation<Network, Rounding, 1>::run(w, images[n].data(), outputs[n].data(),
                                                    memory.scratch, 0);
}

}  // namespace ctnn::detail
