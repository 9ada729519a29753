// The parameters of a model file at run time: the table that its network has, and its numbers. For
// programs; the compiler has weights_in<file>.
#pragma once

#include <ctnn/model_file/file_bytes.hpp>
#include <ctnn/model_file/read.hpp>
#include <ctnn/parameters.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace ctnn::detail {

/// The layers' names, in the order of step_kind.
inline constexpr std::array<std::string_view, 36> step_names{"conv2d",
                                                             "depthwise_conv2d",
                                                             "conv2d_transpose",
                                                             "dense",
                                                             "max_pool2d",
                                                             "average_pool2d",
                                                             "global_max_pool2d",
                                                             "global_average_pool2d",
                                                             "batch_normalization",
                                                             "scale_and_offset",
                                                             "relu",
                                                             "relu6",
                                                             "leaky_relu",
                                                             "prelu",
                                                             "elu",
                                                             "selu",
                                                             "clip",
                                                             "sigmoid",
                                                             "hard_sigmoid",
                                                             "hard_swish",
                                                             "swish",
                                                             "tanh",
                                                             "gelu",
                                                             "softplus",
                                                             "softsign",
                                                             "exponential",
                                                             "softmax",
                                                             "flatten",
                                                             "reshape",
                                                             "zero_padding2d",
                                                             "up_sampling2d",
                                                             "add",
                                                             "multiply",
                                                             "maximum",
                                                             "average",
                                                             "concatenate"};
static_assert(step_names.size() == static_cast<std::size_t>(step_kind::concatenate) + 1);

constexpr std::string_view name_of(step_kind kind) noexcept {
    return step_names[static_cast<std::size_t>(kind)];
}

/// What the layer calls its array `i`.
constexpr std::string_view array_name(step_kind kind, std::size_t i) noexcept {
    constexpr std::array<std::string_view, 4> normalization{"gamma", "beta", "moving_mean",
                                                            "moving_variance"};
    switch (kind) {
    case step_kind::batch_normalization:
        return normalization[i];
    case step_kind::scale_and_offset:
        return i == 0 ? "scale" : "offset";
    case step_kind::prelu:
        return "alpha";
    default:
        return i == 0 ? "kernel" : "bias";
    }
}

/// The extents of an array that the layer gives it: dense kernels have two, other kernels four.
constexpr std::size_t rank_of(step_kind kind, std::size_t i) noexcept {
    const bool is_kernel = kind <= step_kind::dense && i == 0;
    return !is_kernel ? 1 : kind == step_kind::dense ? 2 : 4;
}

/// The steps that are layers, in the order of the network's parameters.
inline std::vector<std::size_t> layers_of(const model_list& list) {
    std::vector<std::size_t> steps;
    for (const model_entry& entry : list.entries)
        if (entry.step != model_entry::branch && !is_merge(list.graph.steps[entry.step].kind))
            steps.push_back(entry.step);
    return steps;
}

/// `parameter_table` of the network that the file describes.
inline std::vector<parameter_entry> model_parameter_table(const model_list& list) {
    std::vector<parameter_entry> table;
    std::array<std::size_t, step_names.size()> numbers{};
    std::size_t offset = 0;
    for (const std::size_t number : layers_of(list)) {
        const model_step& step = list.graph.steps[number];
        const std::size_t place = ++numbers[static_cast<std::size_t>(step.kind)];
        for (std::size_t i = 0; i < step.arrays.size(); ++i) {
            const model_array& array = step.arrays[i];
            const std::string_view name = array_name(step.kind, i);
            const std::size_t rank = rank_of(step.kind, i);
            parameter_entry entry{name_of(step.kind), place,          name, rank, {}, offset,
                                  array.size(),       name[0] != 'm', 0.0f};
            std::copy(array.extents.end() - static_cast<std::ptrdiff_t>(rank), array.extents.end(),
                      entry.extents.begin());
            table.push_back(entry);
            offset += array.size();
        }
    }
    return table;
}

/// The numbers of an array, in this library's order.
inline std::vector<float> numbers_of(std::span<const unsigned char> file,
                                     const model_array& array) {
    file_bytes bytes{file};
    std::vector<float> numbers(array.size(), array.otherwise);
    if (!array.is_in_file) return numbers;
    const auto& [rows, columns, in, out] = array.extents;
    const auto& s = array.strides;
    auto to = numbers.begin();
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t k = 0; k < in; ++k)
                for (std::size_t l = 0; l < out; ++l)
                    *to++ = bytes.float32(array.first + i * s[0] + j * s[1] + k * s[2] + l * s[3]);
    return numbers;
}

/// `parameters<network>` of the network that the file describes.
inline std::vector<float> model_parameters(std::span<const unsigned char> file,
                                           const model_list& list) {
    std::vector<float> all;
    for (const std::size_t number : layers_of(list))
        for (const model_array& array : list.graph.steps[number].arrays) {
            const std::vector<float> numbers = numbers_of(file, array);
            all.insert(all.end(), numbers.begin(), numbers.end());
        }
    return all;
}

}  // namespace ctnn::detail
