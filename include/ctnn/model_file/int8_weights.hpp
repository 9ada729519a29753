// The parameters of a network in bytes, out of a file's bytes, with the file's own scales.
#pragma once

#include <ctnn/model_file/model_in.hpp>
#include <ctnn/quantization/set_parameters.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ctnn::detail {

/// The steps of a model in the order of its network's layers: branches before the one in which they
/// meet.
template <class Model>
struct layers_of_model {
    static constexpr std::size_t count = [] {
        std::size_t found = 0;
        for (const model_entry& entry : Model::model.entries)
            found += entry.step != model_entry::branch;
        return found;
    }();
    struct layer {
        std::size_t step = 0, first_array = 0;
    };
    struct writer {
        std::array<layer, count> list{};
        std::size_t written = 0, arrays = 0;
        constexpr void add(std::size_t first, std::size_t last) noexcept {
            for (std::size_t i = first; i < last; i = Model::model.entries[i].end) {
                const model_entry& entry = Model::model.entries[i];
                const layer here{entry.step, arrays};
                const bool is_branch = entry.step == model_entry::branch;
                if (!is_branch) arrays += Model::model.steps[entry.step].arrays;
                add(i + 1, entry.end);
                if (!is_branch) list[written++] = here;
            }
        }
    };
    static constexpr std::array<layer, count> list = [] {
        writer w;
        w.add(0, Model::size.entries);
        return w.list;
    }();
};

/// The integer of 32 bits at byte `at`.
template <const auto& File>
constexpr std::uint32_t word_of_file(std::size_t at) noexcept {
    return std::uint32_t{File[at]} | std::uint32_t{File[at + 1]} << 8 |
           std::uint32_t{File[at + 2]} << 16 | std::uint32_t{File[at + 3]} << 24;
}

template <const auto& File, class Network>
constexpr typename Network::parameters int8_weights_of_model() noexcept {
    using model = model_in<File>;
    using layers = layers_of_model<model>;
    using stages = typename Network::stages;
    static_assert(layers::count == stages::count);
    typename Network::parameters w{};
    const auto set_scale = [&](std::size_t value, model_scale from) {
        if (stages::exists(value)) w.scales[stages::scale_of[value]] = {from.scale, from.zero};
    };
    set_scale(0, model::model.input_scale);
    for (std::size_t i = 0; i < layers::count; ++i)
        set_scale(i + 1, model::model.steps[layers::list[i].step].scale);
    const int8_writer<typename Network::parameters> writer{w};
    const auto set = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        if constexpr (stages::kinds[I] == int8_kind::convolution) {
            constexpr std::size_t first = layers::list[I].first_array;
            constexpr auto& arrays = model::model.arrays;
            constexpr model_array kernel = arrays[first], bias = arrays[first + 1],
                                  scales = arrays[first + 2];
            std::array<std::size_t, 4> strides = kernel.strides;
            // A depthwise kernel's axes: rows, columns, channels, filters of a channel.
            if (model::model.steps[layers::list[I].step].kind == step_kind::depthwise_conv2d)
                strides[3] = 1;
            writer.template set_convolution<I>(
                File + kernel.first, strides,
                [&](std::size_t f) {
                    return bias.is_in_file ? word_of_file<File>(bias.first + 4 * f) : 0u;
                },
                [&](std::size_t f) {
                    return std::bit_cast<float>(
                        word_of_file<File>(scales.first + scales.strides[3] * f));
                },
                scales.strides[3] == 0);
        }
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (set(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<stages::count>{});
    writer.set_the_rest();
    return w;
}

}  // namespace ctnn::detail
