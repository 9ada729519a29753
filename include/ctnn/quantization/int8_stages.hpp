// How a network is computed in bytes: which of its layers in one go, which values share a scale, and
// where parameters and values lie.
#pragma once

#include <ctnn/network.hpp>
#include <ctnn/quantization/int8_layers.hpp>
#include <ctnn/quantization/int8_loops.hpp>
#include <ctnn/quantization/int8_parameters.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

/// Stops the compiler at a layer without a form in bytes.
template <class Layer>
struct int8_layer {
    static_assert(int8_kind_of<Layer>() != int8_kind::none,
                  "ctnn::quantized: every layer must have an int8 form; this one has none");
};

/// How much of each array of the parameters a layer, or all, take.
struct int8_sizes {
    std::size_t channels = 0, weights = 0, limits = 0, tables = 0, sums = 0, softmaxes = 0;
    constexpr int8_sizes operator+(const int8_sizes& b) const noexcept {
        return {channels + b.channels, weights + b.weights, limits + b.limits,
                tables + b.tables,     sums + b.sums,       softmaxes + b.softmaxes};
    }
};

/// Of a network without batch normalization.
template <class Network, class Leaves = typename Network::leaves>
struct int8_stages;
template <class Network, class... Layers>
struct int8_stages<Network, hana::tuple<Layers...>> {
    static_assert((true && ... && (sizeof(int8_layer<typename Layers::type>) > 0)));
    static constexpr std::size_t count = sizeof...(Layers);
    static constexpr auto& reads = Network::reads;
    template <std::size_t Index>
    using leaf = typename Network::template leaf<Index>;

    static constexpr std::array<int8_kind, count> kinds{int8_kind_of<typename Layers::type>()...};

    /// How many layers each computes in one go, beginning with itself; 0: it is part of an earlier
    /// one's work.
    static constexpr std::array<std::size_t, count> lengths = [] {
        std::array<std::size_t, count> result{};
        const auto follows = [](std::size_t i) {
            return i < count && reads.read_by(i).size() == 1 && reads.read_by(i)[0] == i &&
                   reads.readers(i) == 1;
        };
        for (std::size_t first = 0, next = 0; first < count; first = next) {
            next = first + 1;
            if (takes_clamp(kinds[first]) && follows(next) && kinds[next] == int8_kind::clamp)
                ++next;
            if (kinds[first] == int8_kind::convolution && follows(next) &&
                Network::table::layers[next].is.pools_disjoint_windows)
                ++next;
            result[first] = next - first;
        }
        return result;
    }();
    /// The clamp and the pooling that the stage beginning with layer `i` computes too, or `count`.
    static constexpr std::size_t clamp_of(std::size_t i) noexcept {
        return lengths[i] > 1 && kinds[i + 1] == int8_kind::clamp ? i + 1 : count;
    }
    static constexpr std::size_t pooling_of(std::size_t i) noexcept {
        const std::size_t last = i + lengths[i] - 1;
        return lengths[i] > 1 && kinds[last] != int8_kind::clamp ? last : count;
    }
    /// Whether value `v` is ever there: not what is clamped or pooled at once.
    static constexpr bool exists(std::size_t v) noexcept {
        return v == 0 || v == count || lengths[v] > 0;
    }

    /// For every value the first one whose scale it has.
    static constexpr std::array<std::size_t, count + 1> origins = [] {
        std::array<std::size_t, count + 1> first{};
        std::iota(first.begin(), first.end(), std::size_t{0});
        const auto join = [&](std::size_t a, std::size_t b) {
            const std::size_t from = std::max(first[a], first[b]),
                              to = std::min(first[a], first[b]);
            std::replace(first.begin(), first.end(), from, to);
        };
        for (std::size_t i = 0; i < count; ++i) {
            if (lengths[i] == 0 || passes_scale(kinds[i]))
                for (const std::size_t read : reads.read_by(i)) join(read, i + 1);
        }
        return first;
    }();
    /// Numbers for the scales, from 0.
    static constexpr std::array<std::size_t, count + 1> scale_of = [] {
        std::array<std::size_t, count + 1> result{};
        std::size_t next = 0;
        for (std::size_t v = 0; v <= count; ++v)
            result[v] = origins[v] == v ? next++ : result[origins[v]];
        return result;
    }();
    static constexpr std::size_t scales = *std::max_element(scale_of.begin(), scale_of.end()) + 1;

    template <std::size_t Index>
    static constexpr int8_sizes sizes_of() noexcept {
        constexpr int8_kind kind = kinds[Index];
        int8_sizes s;
        s.limits = takes_clamp(kind);
        if constexpr (kind == int8_kind::convolution) {
            constexpr convolution conv = int8_convolution_of<leaf<Index>>();
            s.channels = conv.filters;
            s.weights = int8_packing::of(conv).bytes();
        }
        s.channels += kind == int8_kind::multiply;
        s.tables = kind == int8_kind::table || (kind == int8_kind::clamp && lengths[Index] > 0);
        s.sums = kind == int8_kind::add || kind == int8_kind::average;
        s.softmaxes = kind == int8_kind::softmax;
        return s;
    }
    /// Where the parameters of each layer begin; behind the last one, how many there are.
    static constexpr std::array<int8_sizes, count + 1> places =
        []<std::size_t... I>(std::index_sequence<I...>) {
        std::array<int8_sizes, count + 1> result{};
        ((result[I + 1] = result[I] + sizes_of<I>()), ...);
        return result;
    }
    (std::make_index_sequence<count>{});
    static constexpr int8_sizes all = places[count];
    /// Terms of the longest sum.
    static constexpr std::size_t terms =
        std::max({std::size_t{1}, (Layers::type::facts.is_sum || Layers::type::name == "average"
                                       ? Layers::type::facts.inputs
                                       : 1)...});

    static constexpr int8_counts counts{scales,     all.channels, all.weights, all.limits,
                                        all.tables, all.sums,     terms,       all.softmaxes};

    /// Bytes of scratch memory of the stage that begins with layer `Index`: those of the convolution,
    /// and its rows that are pooled together.
    template <std::size_t Index>
    static constexpr std::size_t strip = [] {
        if constexpr (lengths[Index] > 0 && pooling_of(Index) < count)
            return int8_window_of<leaf<pooling_of(Index)>>()[0].taps *
                   leaf<Index>::output_shape::width * leaf<Index>::output_shape::channels;
        else
            return std::size_t{0};
    }();
    template <convolution Conv, std::size_t Images>
    static constexpr std::size_t scratch_of() noexcept {
        if constexpr (Images == 1)
            return int8_convolution<Conv>::scratch_size;
        else
            return int8_batch_convolution<Conv>::scratch_size;
    }
    template <std::size_t Index, std::size_t Images>
    static constexpr std::size_t scratch = [] {
        if constexpr (lengths[Index] == 0 || kinds[Index] != int8_kind::convolution) {
            return std::size_t{0};
        } else {
            constexpr convolution conv = int8_convolution_of<leaf<Index>>();
            std::size_t size = (scratch_of<conv, Images>() + Images - 1) / Images + strip<Index>;
            if constexpr (pooling_of(Index) < count) {
                constexpr auto window = int8_window_of<leaf<pooling_of(Index)>>();
                using at_once =
                    int8_convolution_and_maximum<conv, window[0].taps, window[1].taps, Images>;
                size = std::max(size, (at_once::scratch_size + Images - 1) / Images);
            }
            return size;
        }
    }();

    /// Where everything lies, in bytes, or in those of all images side by side.
    template <std::size_t Images>
    static constexpr memory_plan<count> plan_for = []<std::size_t... I>(std::index_sequence<I...>) {
        auto network = Network::table::network.with(
            lengths, std::array<std::size_t, count>{scratch<I, Images>...});
        for (std::size_t i = 0; i < count; ++i) {
            planned_layer& layer = network.layers[i];
            layer.is.in_place &= kinds[i] != int8_kind::convolution;
            // No convolution adds to a sum, or writes a part of a concatenation.
            layer.is.is_sum = layer.is.fuses_concatenation = false;
        }
        return plan_prediction(network);
    }
    (std::make_index_sequence<count>{});
    static constexpr memory_plan<count> plan = plan_for<1>;

    template <std::size_t Index>
    static constexpr bool is_depthwise() noexcept {
        if constexpr (kinds[Index] == int8_kind::convolution)
            return int8_packing::of(int8_convolution_of<leaf<Index>>()).is_depthwise;
        else
            return false;
    }

    /// Whether a batch is computed with an image in each lane: not with depthwise convolutions, whose
    /// channels fill the lanes, nor where so many images leave the caches.
    static constexpr bool has_lanes = [] {
        if constexpr (simd::integer_lanes > 1) {
            bool result = true;
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                ((result = result && !is_depthwise<I>()), ...);
            }
            (std::make_index_sequence<count>{});
            constexpr std::size_t lanes = simd::integer_lanes;
            return result && plan_for<lanes>.size * lanes <= 262'144;
        }
        return false;
    }();
};

}  // namespace ctnn::detail
