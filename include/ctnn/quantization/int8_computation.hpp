// A network in bytes, stage by stage: for one image, or for one in each lane, whose bytes lie side by
// side.
#pragma once

#include <ctnn/quantization/int8_pooling.hpp>
#include <ctnn/quantization/int8_stages.hpp>
#include <ctnn/quantization/int8_sums.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

template <class Network, class Rounding, std::size_t Images>
struct int8_computation {
    using stages = int8_stages<Network>;
    static constexpr auto& plan = stages::template plan_for<Images>;

    /// y = f(w, x), with plan.size * Images bytes of memory. `observe(value, first, size)` is called
    /// behind every stage, if it is given.
    template <class Arrays, class Observe>
    static constexpr void run(const Arrays& w, const std::int8_t* x, std::int8_t* y,
                              std::int8_t* memory,
                              [[maybe_unused]] const Observe& observe) noexcept {
        const auto run_stage = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            if constexpr (stages::lengths[I] > 0) {
                compute_stage<I>(w, x, y, memory);
                if constexpr (!std::is_same_v<Observe, int>) {
                    constexpr std::size_t given = I + stages::lengths[I];
                    observe(given, place_of<given>(x, y, memory),
                            leaf<given - 1>::output_shape::size);
                }
            }
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (run_stage(std::integral_constant<std::size_t, I>{}), ...);
        }
        (std::make_index_sequence<stages::count>{});
        constexpr std::size_t output = Network::reads.output;
        if constexpr (plan.values[output].where != placement::result)  // it is the input
            std::copy_n(place_of<output>(x, y, memory), Network::output_shape::size * Images, y);
    }

private:
    template <std::size_t Index>
    using leaf = typename Network::template leaf<Index>;
    using network = Network;
    using kind = int8_kind;
    template <convolution Conv>
    using loops_of =
        std::conditional_t<Images == 1, int8_convolution<Conv>, int8_batch_convolution<Conv>>;

    /// The bytes of all images side by side, as one number for layers that move numbers.
    using lane_bytes = std::array<std::int8_t, Images>;
    static lane_bytes* in_lanes(std::int8_t* x) noexcept {
        return reinterpret_cast<lane_bytes*>(x);
    }
    template <std::size_t Inputs>
    static auto in_lanes(const std::array<const std::int8_t*, Inputs>& x) noexcept {
        std::array<const lane_bytes*, Inputs> result;
        for (std::size_t k = 0; k < Inputs; ++k)
            result[k] = reinterpret_cast<const lane_bytes*>(x[k]);
        return result;
    }

    template <std::size_t Value>
    static constexpr std::int8_t* place_of(const std::int8_t* x, std::int8_t* y,
                                           std::int8_t* memory) noexcept {
        constexpr placement place = plan.values[Value];
        if constexpr (place.where == placement::memory)
            return memory + place.offset * Images;
        else if constexpr (place.where == placement::result)
            return y;
        else
            return const_cast<std::int8_t*>(x);  // read only
    }

    template <std::size_t Index, class Arrays>
    static constexpr void compute_stage(const Arrays& w, const std::int8_t* x, std::int8_t* y,
                                        std::int8_t* memory) noexcept {
        constexpr auto& reads = network::reads;
        constexpr std::size_t first = reads.first[Index], inputs = reads.first[Index + 1] - first;
        constexpr std::size_t given = Index + stages::lengths[Index];
        constexpr kind what = stages::kinds[Index];
        constexpr int8_sizes at = stages::places[Index];
        using layer = leaf<Index>;
        using output_here = typename layer::output_shape;
        const auto from = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::array<const std::int8_t*, inputs>{
                place_of<reads.values[first + I]>(x, y, memory)...};
        }
        (std::make_index_sequence<inputs>{});
        const auto scale_of = [&](std::size_t value) { return w.scales[stages::scale_of[value]]; };
        std::int8_t* const to = place_of<given>(x, y, memory);
        [[maybe_unused]] constexpr std::size_t size = output_here::size * Images;

        if constexpr (what == kind::convolution) {
            constexpr convolution conv = int8_convolution_of<layer>();
            using loops = loops_of<conv>;
            const int8_operands<Rounding> o{
                w.weights.data() + at.weights,  w.starts.data() + at.channels,
                w.factors.data() + at.channels, scale_of(reads.values[first]).zero,
                scale_of(given).zero,           w.bounds[at.limits].low,
                w.bounds[at.limits].high};
            std::int8_t* const scratch = memory + plan.layers[Index].scratch * Images;
            if constexpr (stages::pooling_of(Index) == stages::count)
                loops::run(from[0], to, 0, conv.rows.output(), o, scratch);
            else
                convolve_and_pool<conv, Index>(from[0], to, o, scratch);
        } else if constexpr (what == kind::table || what == kind::clamp) {
            const auto& table = w.tables[at.tables];
            for (std::size_t i = 0; i < size; ++i)
                to[i] = table[static_cast<std::size_t>(from[0][i] + 128)];
        } else if constexpr (what == kind::max_pool || what == kind::average_pool) {
            constexpr auto window = int8_window_of<layer>();
            int8_pool<window[0], window[1], layer::input_shape::channels * Images,
                      what == kind::max_pool>(from[0], to, 0, window[0].output());
        } else if constexpr (what == kind::add || what == kind::average) {
            const auto bounds = w.bounds[at.limits];
            int8_add(w.sums[at.sums], from, to, size,
                     {scale_of(given).zero, bounds.low, bounds.high});
        } else if constexpr (what == kind::multiply) {
            const auto bounds = w.bounds[at.limits];
            int8_multiply<Rounding>(
                w.factors[at.channels], from,
                {scale_of(reads.values[first]).zero, scale_of(reads.values[first + 1]).zero},
                {layer::sizes[0] == output_here::size, layer::sizes[1] == output_here::size}, to,
                size, output_here::channels * Images,
                {scale_of(given).zero, bounds.low, bounds.high});
        } else if constexpr (what == kind::maximum) {
            for (std::size_t i = 0; i < size; ++i) {
                std::int8_t most = from[0][i];
                for (std::size_t k = 1; k < inputs; ++k) most = std::max(most, from[k][i]);
                to[i] = most;
            }
        } else if constexpr (what == kind::concatenate) {
            if constexpr (Images == 1)
                layer::compute(from, tensor_view<output_here, std::int8_t>(to));
            else
                layer::compute(in_lanes(from), tensor_view<output_here, lane_bytes>(in_lanes(to)));
        } else if constexpr (what == kind::softmax) {
            constexpr std::size_t channels = output_here::channels;
            const auto& softmax = w.softmaxes[at.softmaxes];
            for (std::size_t i = 0; i < output_here::size; i += channels) {
                if constexpr (Images == 1) {
                    softmax(from[0] + i, to + i, channels, scale_of(given).zero);
                } else {
                    for (std::size_t n = 0; n < Images; ++n) {
                        std::int8_t numbers[channels];
                        for (std::size_t c = 0; c < channels; ++c)
                            numbers[c] = from[0][(i + c) * Images + n];
                        softmax(numbers, numbers, channels, scale_of(given).zero);
                        for (std::size_t c = 0; c < channels; ++c)
                            to[(i + c) * Images + n] = numbers[c];
                    }
                }
            }
        } else if constexpr (what == kind::move) {
            if constexpr (Images == 1) {
                int8_move<layer>(from[0], to, static_cast<std::int8_t>(scale_of(given).zero));
            } else {
                lane_bytes zeros;
                zeros.fill(static_cast<std::int8_t>(scale_of(given).zero));
                int8_move<layer>(in_lanes(from)[0], in_lanes(to), zeros);
            }
        }
    }

    template <convolution Conv, std::size_t Index>
    static constexpr void convolve_and_pool(const std::int8_t* x, std::int8_t* y,
                                            const int8_operands<Rounding>& o,
                                            std::int8_t* scratch) noexcept {
        using pooling = leaf<stages::pooling_of(Index)>;
        constexpr auto window = int8_window_of<pooling>();
        constexpr axis strip{window[0].taps, window[0].taps, window[0].taps, 1, 0, 0};
        constexpr bool takes_maximum = stages::kinds[stages::pooling_of(Index)] == kind::max_pool;
        constexpr std::size_t rows = window[0].taps;
        using at_once = int8_convolution_and_maximum<Conv, rows, window[1].taps, Images>;
        // Fixed-point factors may wrap around, so that a larger sum gives a smaller byte.
        if constexpr (takes_maximum && at_once::exists &&
                      std::is_same_v<Rounding, rounding::tflite>)
            if (!std::is_constant_evaluated())
                return at_once::run(x, y, 0, window[0].output(), o, scratch);
        std::int8_t* const rest = scratch + stages::template strip<Index> * Images;
        for (std::size_t h = 0; h < window[0].output(); ++h) {
            loops_of<Conv>::run(x, scratch, h * rows, (h + 1) * rows, o, rest);
            int8_pool<strip, window[1], Conv.filters * Images, takes_maximum>(
                scratch, y + h * window[1].output() * Conv.filters * Images, 0, 1);
        }
    }
};

}  // namespace ctnn::detail
