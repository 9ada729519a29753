// The way back through a convolution for one image: convolutions themselves, one for each place between
// the outputs of a stride.
#pragma once

#include <ctnn/kernels/loops_of_one.hpp>
#include <ctnn/kernels/tap_sums.hpp>
#include <ctnn/simd/transpose.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// d_x = bias + what the outputs' gradients d_y give to it, see images_in_lanes.hpp. Every stride-th pixel
/// of every stride-th row takes from the same taps: these are the outputs of a convolution over d_y,
/// whose kernel, turned round, is put together in scratch memory.
template <convolution Conv, bool HasBias>
struct way_back_of_one {
private:
    static constexpr std::size_t sources = Conv.filters, targets = Conv.channels;  // of a pixel
    static constexpr std::size_t row_stride = Conv.rows.stride, column_stride = Conv.columns.stride;

    /// Along one axis, taps in the order of what they see.
    static constexpr axis axis_of(const tap_sum& sum) noexcept {
        const std::ptrdiff_t first = sum.source(0, sum.taps - 1);
        axis a{sum.sources,
               sum.taps,
               1,
               sum.taps > 1 ? static_cast<std::size_t>(-sum.shift) : 1,
               first < 0 ? static_cast<std::size_t>(-first) : 0,
               0};
        const std::size_t seen = sum.targets - 1 + a.reach();
        a.after = std::max(seen, a.padded()) - a.padded();
        return a;
    }
    /// Whether it is one: it begins with the first source and goes as far as they do.
    static constexpr bool is_axis(const tap_sum& sum) noexcept {
        return sum.taps == 0 || sum.targets == 0 ||
               (sum.source(0, sum.taps - 1) <= 0 && axis_of(sum).output() == sum.targets);
    }
    /// The pixels (Row, Column), and those a multiple of the strides further.
    template <std::size_t Row, std::size_t Column>
    struct part {
        static constexpr tap_sum rows = backward_sum(Conv.rows, Row),
                                 columns = backward_sum(Conv.columns, Column);
        static constexpr bool has_targets = rows.targets > 0 && columns.targets > 0,
                              has_taps = rows.taps > 0 && columns.taps > 0;
        static constexpr std::size_t first =
                                         (Row * Conv.columns.input + Column) * Conv.pixel_step(),
                                     step = column_stride * Conv.pixel_step(),
                                     row_step = row_stride * Conv.columns.input * Conv.pixel_step(),
                                     kernel_size = rows.taps * columns.taps * sources * targets;
        static constexpr auto find_loops() noexcept {
            return choose_loops_of_one<convolution{axis_of(rows), axis_of(columns), sources,
                                                   targets, 1, HasBias, step, row_step},
                                       no_activation, no_pooling>();
        }
        static constexpr std::size_t find_scratch() noexcept {
            if constexpr (has_targets && has_taps)
                return kernel_size + decltype(find_loops())::type::scratch_size;
            else
                return 0;
        }
    };
    template <class F>
    static constexpr void for_parts(F&& f) noexcept {
        simd::unroll<row_stride>([&](auto row) {
            simd::unroll<column_stride>([&](auto column) { f(part<row, column>{}); });
        });
    }

public:
    /// Not where so much is cut off that no pixel takes from the first source, or from the last.
    static constexpr bool exists = [] {
        bool result = simd::native_lanes > 1;
        for (std::size_t r = 0; r < row_stride; ++r)
            result = result && is_axis(backward_sum(Conv.rows, r));
        for (std::size_t c = 0; c < column_stride; ++c)
            result = result && is_axis(backward_sum(Conv.columns, c));
        return result;
    }();
    /// Numbers of scratch memory.
    static constexpr std::size_t scratch_size = [] {
        std::size_t most = 0;
        if constexpr (exists)
            for_parts([&](auto here) { most = std::max(most, decltype(here)::find_scratch()); });
        return most;
    }();
    /// That of the part with the most taps.
    static constexpr loop_choice choice() noexcept {
        loop_choice result{};
        [[maybe_unused]] std::size_t most = 0;
        if constexpr (exists)
            for_parts([&](auto here) {
                using this_part = decltype(here);
                if constexpr (this_part::find_scratch() > 0)
                    if (this_part::kernel_size > most) {
                        most = this_part::kernel_size;
                        result = decltype(this_part::find_loops())::type::choice();
                    }
            });
        return result;
    }

    static void run(const float* d_y, const float* kernel, const float* bias, float* d_x,
                    float* scratch) noexcept {
        for_parts([&](auto of) {
            using here = decltype(of);
            float* const to = d_x + here::first;
            if constexpr (here::find_scratch() > 0) {
                turn<here>(kernel, scratch);
                decltype(here::find_loops())::type::run(d_y, scratch, bias, to,
                                                        scratch + here::kernel_size);
            } else if constexpr (here::has_targets) {
                for (std::size_t h = 0; h < here::rows.targets; ++h)
                    for (std::size_t w = 0; w < here::columns.targets; ++w)
                        for (std::size_t c = 0; c < targets; ++c)
                            to[h * here::row_step + w * here::step + c] = HasBias ? bias[c] : 0.0f;
            }
        });
    }

private:
    /// The part's taps, the last first, each turned round: from (target, source) to (source, target).
    template <class Part>
    static void turn(const float* kernel, float* to) noexcept {
        for (std::size_t i = Part::rows.taps; i-- > 0;)
            for (std::size_t j = Part::columns.taps; j-- > 0; to += sources * targets) {
                const std::size_t row = Part::rows.first_tap + i * Part::rows.tap_step,
                                  column = Part::columns.first_tap + j * Part::columns.tap_step;
                turn_tap(kernel + (row * Conv.columns.taps + column) * sources * targets, to);
            }
    }
    static void turn_tap(const float* from, float* to) noexcept {
        using simd::native;
        constexpr std::size_t lanes = simd::native_lanes, whole_targets = targets / lanes * lanes,
                              whole_sources = sources / lanes * lanes;
        for (std::size_t t = 0; t < whole_targets; t += lanes)
            for (std::size_t s = 0; s < whole_sources; s += lanes) {
                native square[lanes];
                for (std::size_t n = 0; n < lanes; ++n)
                    square[n] = simd::load<native>(from + (t + n) * sources + s);
                simd::transpose(square, [&](std::size_t n, const native(&four)[4]) {
                    for (std::size_t r = 0; r < 4; ++r)
                        simd::store(to + (s + n + r) * targets + t, four[r]);
                });
            }
        for (std::size_t t = 0; t < targets; ++t)
            for (std::size_t s = t < whole_targets ? whole_sources : 0; s < sources; ++s)
                to[s * targets + t] = from[t * sources + s];
    }
};

}  // namespace ctnn::detail
