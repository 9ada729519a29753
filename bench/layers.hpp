// What bench/layers measures: layers of all kinds, each as calls without arguments, so that the
// lists of layers compile apart from each other and from other libraries.
#pragma once

#include "multiply_adds.hpp"

#include <ctnn/ctnn.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {

inline constexpr std::size_t batch = 32, packs = batch / ctnn::simd::native_lanes;

enum work : std::size_t { forward_one, forward_batch, input_gradient, kernel_gradient, works };

/// A layer in numbers, for other libraries: a convolution, maybe with relu and max pooling over
/// disjoint windows behind it; a dense layer is one of one pixel.
struct problem {
    ctnn::detail::convolution conv;
    std::size_t window_rows, window_columns;  // 1: no pooling
    bool is_dense;
};

struct call {
    std::function<void()> run;  // empty: not measured
    std::size_t bytes = 0;      // read and written, each once
};

struct layer {
    std::string name;
    std::size_t multiply_adds;  // an image, those on padding left out
    problem numbers;
    std::function<call(work)> prepare;  // with memory of its own
};

struct peer_call {
    std::function<void()> run;  // empty: the peer is not here
    bool is_winograd = false;   // a third of the multiply-adds, and other roundings
};
/// The same in oneDNN, in the formats of its choice, and with the algorithm of its choice unless it
/// must be direct.
peer_call onednn_call(const problem& p, work kind, bool direct);

std::vector<layer> pointwise_convolutions();
std::vector<layer> square_convolutions();
std::vector<layer> deep_convolutions();
std::vector<layer> wide_convolutions();
std::vector<layer> depthwise_convolutions();
std::vector<layer> dense_layers();

constexpr float value(std::size_t i) noexcept {
    return static_cast<float>(i * 7 % 19) / 19.0f - 0.5f;
}

/// Everything that a layer, with relu and pooling behind it if there is `Pooling`, reads and
/// writes; every pack of images has memory of its own.
template <class Layer, class Activation, class Pooling, class Output>
struct memory {
    using native = ctnn::simd::native;
    typename Layer::parameters w, d_w;
    typename Layer::input image;
    ctnn::tensor<Output> image_y;
    std::array<ctnn::tensor<typename Layer::input_shape, native>, packs> x, d_x;
    std::array<ctnn::tensor<Output, native>, packs> y, d_y;
    // What a network has in its workspaces.
    ctnn::detail::scratch<float, Layer::template compute_scratch<float, Pooling>()> scratch_one;
    ctnn::detail::scratch<
        native, std::max(Layer::template compute_scratch<native, Pooling>(),
                         Layer::template gradient_scratch<native, ctnn::detail::no_activation,
                                                          ctnn::detail::no_pooling>())>
        scratch;

    memory() : d_w{} {
        for (std::size_t i = 0; i < w.values().size(); ++i) w.values()[i] = value(i);
        for (std::size_t i = 0; i < image.size(); ++i) image[i] = value(i + 3);
        for (std::size_t n = 0; n < packs; ++n) {
            for (std::size_t i = 0; i < x[n].size(); ++i) x[n][i] = native(value(i + n));
            for (std::size_t i = 0; i < y[n].size(); ++i) d_y[n][i] = native(value(i + 5 * n));
            d_x[n].fill(native(0.0f));
            y[n].fill(native(0.0f));
        }
    }

    template <class T>
    void compute(const ctnn::tensor<typename Layer::input_shape, T>& from,
                 ctnn::tensor<Output, T>& to, T* scratch_memory) {
        using x_view = ctnn::tensor_view<typename Layer::input_shape, const T>;
        const typename Layer::weights weights(w);
        if constexpr (!std::is_same_v<Pooling, ctnn::detail::no_pooling>)
            Layer::template compute_fused<Activation, Pooling>(
                weights, x_view(from), ctnn::tensor_view(to), scratch_memory);
        else
            ctnn::detail::compute<Layer>(weights, x_view(from), ctnn::tensor_view(to),
                                         scratch_memory);
    }
};

template <class Layer, class Activation, class Pooling, class Output>
call prepare(work kind) {
    using all = memory<Layer, Activation, Pooling, Output>;
    const auto m = std::make_shared<all>();
    constexpr std::size_t bytes_w = sizeof(m->w),
                          bytes_one = sizeof(m->image) + sizeof(m->image_y) + bytes_w;
    constexpr std::size_t bytes = sizeof(m->x) + sizeof(m->y) + bytes_w;
    constexpr bool is_alone = std::is_same_v<Pooling, ctnn::detail::no_pooling>;
    using x_view = ctnn::tensor_view<typename Layer::input_shape, const ctnn::simd::native>;
    using y_view = ctnn::tensor_view<Output, const ctnn::simd::native>;
    switch (kind) {
    case forward_one:
        return {[m] { m->compute(m->image, m->image_y, m->scratch_one.memory); }, bytes_one};
    case forward_batch:
        return {[m] {
                    for (std::size_t n = 0; n < packs; ++n)
                        m->compute(m->x[n], m->y[n], m->scratch.memory);
                },
                bytes};
    case input_gradient:
        if constexpr (is_alone)
            return {[m] {
                        const typename Layer::weights w(m->w);
                        for (std::size_t n = 0; n < packs; ++n)
                            ctnn::detail::input_gradient<Layer>(w, x_view(m->x[n]),
                                                                y_view(m->d_y[n]),
                                                                ctnn::tensor_view(m->d_x[n]));
                    },
                    bytes};
        break;
    default:
        if constexpr (is_alone)
            return {[m] {
                        const typename Layer::gradients d_w(m->d_w);
                        for (std::size_t n = 0; n < packs; ++n)
                            ctnn::detail::parameter_gradient<Layer>(
                                x_view(m->x[n]), y_view(m->d_y[n]), d_w, m->scratch.memory);
                    },
                    bytes + bytes_w};
    }
    return {};
}

template <class Input, class Spec>
layer of(std::string name) {
    using type = typename Spec::template on<Input>;
    problem p{{}, 1, 1, false};
    if constexpr (requires { type::conv; }) {
        p.conv = type::conv;
    } else {
        constexpr ctnn::detail::axis pixel{1, 1, 1, 1, 0, 0};
        p = {{pixel, pixel, type::inputs, type::output_shape::size, 1, true}, 1, 1, true};
    }
    return {std::move(name), multiply_adds_inside(p.conv), p,
            prepare<type, ctnn::detail::no_activation, ctnn::detail::no_pooling,
                    typename type::output_shape>};
}

/// With relu and max pooling, as the plan of a network has them: in one loop.
template <class Input, class Spec, class Pool>
layer of_pooled(std::string name) {
    using type = typename Spec::template on<Input>;
    using activation = ctnn::relu::on<typename type::output_shape>;
    using pooling = typename Pool::template on<typename type::output_shape>;
    return {std::move(name),
            multiply_adds_inside(type::conv),
            {type::conv, pooling::window_rows, pooling::window_columns, false},
            prepare<type, activation, pooling, typename pooling::output_shape>};
}

}  // namespace bench
