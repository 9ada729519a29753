// What a network in bytes is made of, as plain arrays: a value, or a constant of the program.
#pragma once

#include <ctnn/quantization/rounding.hpp>
#include <ctnn/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace ctnn {

/// How many of each kind of number a network in bytes has.
struct int8_counts {
    std::size_t scales = 0, channels = 0, weights = 0, bounds = 0, tables = 0, sums = 0, terms = 1,
                softmaxes = 0;
    bool operator==(const int8_counts&) const = default;
};

/// The least and the largest byte of an output.
struct int8_bounds {
    std::int8_t low = -128, high = 127;
    bool operator==(const int8_bounds&) const = default;
};

/// All numbers of a network in bytes by the rules of `Rounding`.
template <class Rounding, int8_counts Counts>
struct int8_arrays {
    template <class T, std::size_t Count>
    using array = std::array<T, std::max<std::size_t>(1, Count)>;

    /// number = scale (byte - zero), of the values in the order of computation.
    array<detail::byte_scale, Counts.scales> scales{};
    /// Of every filter: bias - (zero of its input + 128) sum of its weights, modulo 2^32.
    array<std::uint32_t, Counts.channels> starts{};
    /// Of every filter: scale of its sums / scale of the output.
    array<typename Rounding::factor, Counts.channels> factors{};
    array<typename Rounding::template addition<Counts.terms>, Counts.sums> sums{};
    array<typename Rounding::softmax, Counts.softmaxes> softmaxes{};
    array<int8_bounds, Counts.bounds> bounds{};
    array<std::array<std::int8_t, 256>, Counts.tables> tables{};
    /// As detail::int8_packing says.
    alignas(detail::alignment_of<std::int8_t, Counts.weights>)
        array<std::int8_t, Counts.weights> weights{};

    bool operator==(const int8_arrays&) const = default;
};

/// The parameters of the network in bytes with this fingerprint, as `write_header` writes them: a
/// constant, in flash where there is flash. That network's `predict` takes it as it is.
template <std::uint64_t Fingerprint, class Rounding, int8_counts Counts>
struct constant_int8 : int8_arrays<Rounding, Counts> {
    static constexpr std::uint64_t fingerprint = Fingerprint;
};

}  // namespace ctnn
