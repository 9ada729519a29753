// A network as a table to read, like Keras' model.summary().
#pragma once

#include <ctnn/io/table.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {
namespace detail {

/// "28 x 28 x 6", or "400" for a flat list.
inline std::string extents_text(std::size_t height, std::size_t width, std::size_t channels) {
    std::string depth = std::to_string(channels);
    if (height == 1 && width == 1) return depth;
    return std::to_string(height) + " x " + std::to_string(width) + " x " + depth;
}
template <class Shape>
std::string extents_text() {
    return extents_text(Shape::height, Shape::width, Shape::channels);
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

    return detail::table_text(rows) + detail::with_commas(Net::parameter_count) + " parameters, " +
           detail::with_commas(Net::multiply_adds) + " multiply-adds an image\n";
}

}  // namespace ctnn
