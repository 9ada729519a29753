// Convolutions in bytes of many shapes, with weights, bounds and bytes drawn at random and at the
// extremes: how many bytes of some loops differ from the definition. Without a library, for firmware.
#pragma once

#include <ctnn/quantization/int8_convolution.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace random_convolution {

using ctnn::detail::axis;
using ctnn::detail::convolution;

/// Marsaglia's xorshift.
struct numbers {
    std::uint32_t state = 2463534242;
    constexpr std::uint32_t operator()() noexcept {
        state ^= state << 13;
        state ^= state >> 17;
        return state ^= state << 5;
    }
    constexpr std::int32_t between(std::int32_t low, std::int32_t high) noexcept {
        return low +
               static_cast<std::int32_t>((*this)() % static_cast<std::uint32_t>(high - low + 1));
    }
};

/// An axis of `input` pixels, `taps` of them seen, with some padding.
constexpr axis along(std::size_t input, std::size_t taps, std::size_t stride = 1,
                     std::size_t dilation = 1, std::size_t before = 0, std::size_t after = 0) {
    return {input, taps, stride, dilation, before, after};
}

/// Bytes that differ, in `Runs` runs with other numbers each; those behind what the loops may write to count, too.
template <convolution Conv, class Loops, class Rounding>
std::size_t differences(std::size_t runs = 4) {
    constexpr auto packing = ctnn::detail::int8_packing::of(Conv);
    constexpr std::size_t inputs = Conv.rows.input * Conv.columns.input * Conv.channels,
                          rows = Conv.rows.output(),
                          outputs = rows * Conv.columns.output() * Conv.filters;
    constexpr std::size_t guard = 8;
    static std::int8_t x[inputs];
    alignas(16) static std::int8_t weights[packing.bytes()];
    static std::uint32_t starts[Conv.filters];
    static typename Rounding::factor factors[Conv.filters];
    static std::int8_t wanted[outputs], found[outputs + guard];
    alignas(16) static std::int8_t scratch[Loops::scratch_size + guard];
    numbers random;
    std::size_t different = 0;
    for (std::size_t run = 0; run < runs; ++run) {
        // All bytes; then the extremes alone, of one sign, of both.
        const auto byte = [&](std::int32_t least) {
            return static_cast<std::int8_t>(run == 0            ? random.between(least, 127)
                                            : run == 1          ? least
                                            : run == 2          ? 127
                                            : random() % 2 != 0 ? least
                                                                : 127);
        };
        for (auto& b : x) b = byte(-128);
        for (auto& w : weights) w = 0;
        for (std::size_t f = 0; f < Conv.filters; ++f) {
            for (std::size_t i = 0; i < Conv.rows.taps; ++i)
                for (std::size_t j = 0; j < Conv.columns.taps; ++j)
                    for (std::size_t c = 0; c < Conv.group_channels(); ++c)
                        weights[packing.place(Conv, i, j, c, f)] = byte(run % 2 == 0 ? -127 : -128);
            starts[f] = random();  // sums wrap around
            if (run == 0) starts[f] = starts[f] % 65536 - 32768;
            factors[f] =
                Rounding::factor_of(1.0f, static_cast<float>(random.between(1, 4096)) / 4096.0f,
                                    run == 0 ? 256.0f : 16777216.0f, false);
        }
        const ctnn::detail::int8_operands<Rounding> o{weights,
                                                      starts,
                                                      factors,
                                                      random.between(-128, 127),
                                                      random.between(-128, 127),
                                                      run % 2 == 0 ? -128 : random.between(-128, 0),
                                                      run % 2 == 0 ? 127 : random.between(0, 127)};
        ctnn::detail::int8_convolve_plainly<Conv>(x, wanted, 0, rows, o);
        std::fill(std::begin(found), std::end(found), std::int8_t{85});
        std::fill(std::begin(scratch), std::end(scratch), std::int8_t{85});
        const std::size_t middle = rows / 2;  // rows in two parts
        Loops::run(x, found, 0, middle, o, scratch);
        Loops::run(x, found + middle * Conv.columns.output() * Conv.filters, middle, rows, o,
                   scratch);
        for (std::size_t i = 0; i < outputs; ++i) different += wanted[i] != found[i];
        for (std::size_t i = 0; i < guard; ++i)
            different += (found[outputs + i] != 85) + (scratch[Loops::scratch_size + i] != 85);
    }
    return different;
}

/// Channels around 4 and 16, odd sizes, strides, dilation, groups, padding wider than the kernel.
template <class Check>
void for_each_shape(const Check& check) {
    // rows, columns, channels, filters, groups
    check.template operator()<convolution{along(1, 1), along(1, 1), 1, 1, 1, true}>();
    check.template operator()<convolution{along(1, 1), along(1, 1), 37, 11, 1, true}>();
    check.template operator()<convolution{along(1, 1), along(1, 1), 64, 12, 1, true}>();
    check.template operator()<convolution{along(5, 1), along(7, 1), 16, 8, 1, true}>();
    check.template operator()<convolution{along(25, 1), along(5, 1), 64, 6, 1, true}>();
    check.template operator()<convolution{along(3, 1), along(5, 1), 7, 5, 1, true}>();
    check.template operator()<convolution{along(6, 1, 2), along(7, 1, 2), 16, 6, 1, true}>();
    check.template
    operator()<convolution{along(7, 5, 1, 1, 2, 2), along(9, 5, 1, 1, 2, 2), 1, 6, 1, true}>();
    check.template operator()<convolution{along(7, 5), along(14, 5), 6, 16, 1, true}>();
    check.template
    operator()<convolution{along(7, 3, 1, 1, 1, 1), along(9, 3, 1, 1, 1, 1), 3, 5, 1, true}>();
    check.template
    operator()<convolution{along(5, 3, 1, 1, 1, 1), along(33, 3, 1, 1, 1, 1), 16, 7, 1, true}>();
    check.template
    operator()<convolution{along(9, 3, 2, 1, 0, 1), along(17, 3, 2, 1, 0, 1), 17, 8, 1, true}>();
    check.template
    operator()<convolution{along(11, 10, 2, 1, 4, 5), along(10, 4, 2, 1, 1, 1), 1, 9, 1, true}>();
    check.template
    operator()<convolution{along(9, 3, 1, 2, 2, 2), along(11, 3, 1, 3, 3, 4), 5, 4, 1, true}>();
    check.template
    operator()<convolution{along(9, 2, 1, 2), along(11, 3, 2, 2, 5, 6), 20, 4, 1, true}>();
    check.template
    operator()<convolution{along(5, 3, 1, 1, 1, 1), along(6, 3, 1, 1, 1, 1), 12, 6, 3, true}>();
    check.template
    operator()<convolution{along(5, 2, 2, 1, 1, 1), along(6, 3, 1, 1, 1, 1), 6, 10, 2, true}>();
    check.template operator()<convolution{along(5, 1), along(6, 1), 34, 6, 2, true}>();
    check.template operator()<convolution{along(7, 1, 3), along(40, 1, 2), 22, 5, 1, true}>();
    check.template operator()<convolution{along(6, 1, 2), along(8, 1, 3), 32, 6, 2, true}>();
    check.template operator()<convolution{along(9, 1, 2), along(31, 1, 2), 64, 4, 1, true}>();
    check.template operator()<convolution{along(7, 1, 2), along(6, 1), 5, 4, 1, true}>();
    check.template operator()<convolution{along(3, 3), along(400, 2, 1, 1, 7, 9), 2, 3, 1, true}>();
    // every filter sees one channel
    check.template
    operator()<convolution{along(5, 3, 1, 1, 1, 1), along(6, 3, 1, 1, 1, 1), 3, 3, 3, true}>();
    check.template
    operator()<convolution{along(25, 3, 1, 1, 1, 1), along(5, 3, 1, 1, 1, 1), 64, 64, 64, true}>();
    check.template
    operator()<convolution{along(9, 3, 2, 1, 0, 1), along(11, 3, 2, 1, 0, 1), 7, 14, 7, true}>();
    check.template
    operator()<convolution{along(9, 2, 1, 2, 3, 3), along(11, 3, 1, 3, 3, 4), 5, 5, 5, true}>();
    check.template operator()<convolution{along(4, 1), along(1, 1), 6, 6, 6, true}>();
    check.template
    operator()<convolution{along(9, 7, 3), along(40, 5, 4, 1, 9, 0), 17, 34, 17, true}>();
    // and channels are a multiple of four
    check.template
    operator()<convolution{along(9, 3, 1, 1, 2, 1), along(70, 3, 1, 1, 1, 1), 16, 16, 16, true}>();
    check.template
    operator()<convolution{along(12, 3, 2, 1, 0, 1), along(11, 3, 2, 1, 1, 2), 8, 8, 8, true}>();
    check.template
    operator()<convolution{along(16, 2, 3, 1, 1, 3), along(5, 3, 1, 3, 3, 4), 12, 12, 12, true}>();
    check.template operator()<convolution{along(7, 3), along(6, 3, 1, 1, 1, 1), 4, 4, 4, true}>();
}

}  // namespace random_convolution
