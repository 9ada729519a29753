// A network as a table to read, like Keras' model.summary().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {
namespace detail {

/// "61,706".
inline std::string with_commas(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

/// "28 x 28 x 6", or "400" for a flat list.
template <class Shape>
std::string extents_text() {
    std::string channels = std::to_string(Shape::channels);
    if (Shape::height == 1 && Shape::width == 1) return channels;
    return std::to_string(Shape::height) + " x " + std::to_string(Shape::width) + " x " + channels;
}

/// Columns of text, each as wide as its widest cell: the first to the left, the others, which are
/// numbers, to the right.
template <std::size_t Columns>
std::string table_text(const std::vector<std::array<std::string, Columns>>& rows) {
    std::array<std::size_t, Columns> widths{};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < Columns; ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        text += row[0] + std::string(widths[0] - row[0].size(), ' ');
        for (std::size_t i = 1; i < Columns; ++i)
            text += std::string(2 + widths[i] - row[i].size(), ' ') + row[i];
        text += '\n';
    }
    return text;
}

}  // namespace detail

/// The table of `Net`, a network: a row for its input, a row for each layer (name, output shape,
/// parameters, multiply-adds for one image) and a line with the totals; each ends with '\n'.
template <class Net>
[[nodiscard]] std::string summary() {
    using detail::with_commas;
    std::vector<std::array<std::string, 4>> rows{
        {"layer", "output", "parameters", "multiply-adds"},
        {"input", detail::extents_text<typename Net::input_shape>(), "0", "0"}};
    const auto add = [&]<class Layer>(std::type_identity<Layer>) {
        rows.push_back({std::string(Layer::name),
                        detail::extents_text<typename Layer::output_shape>(),
                        with_commas(Layer::parameter_count), with_commas(Layer::multiply_adds)});
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (add(std::type_identity<typename Net::template leaf<I>>{}), ...);
    }
    (std::make_index_sequence<Net::leaf_count>{});

    return detail::table_text(rows) + with_commas(Net::parameter_count) + " parameters, " +
           with_commas(Net::multiply_adds) + " multiply-adds an image\n";
}

}  // namespace ctnn
