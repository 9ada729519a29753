// Computes a model file's network at run time, in double and by the layers' definitions: slow, and
// apart from the loops that it is there to check.
#pragma once

#include <ctnn/model_file/graph.hpp>
#include <ctnn/model_file/parameters.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace ctnn::detail {

class interpreter {
public:
    using numbers = std::vector<double>;

    interpreter(const model_graph& from, std::span<const unsigned char> file) : graph_(from) {
        for (const model_step& step : from.steps) {
            auto& arrays = parameters_.emplace_back();
            for (const model_array& array : step.arrays) {
                const std::vector<float> floats = numbers_of(file, array);
                arrays.emplace_back(floats.begin(), floats.end());
            }
        }
    }
    /// The network's output; `x` has as many numbers as its input.
    [[nodiscard]] numbers operator()(std::span<const float> x) const {
        std::vector<numbers> values{{x.begin(), x.end()}};
        for (std::size_t i = 0; i < graph_.steps.size(); ++i)
            values.push_back(compute(graph_.steps[i], parameters_[i], values));
        return values[graph_.output];
    }

private:
    const model_graph& graph_;
    std::vector<std::vector<numbers>> parameters_;  // of each step

    [[nodiscard]] numbers compute(const model_step& step, const std::vector<numbers>& w,
                                  const std::vector<numbers>& values) const {
        using kind = step_kind;
        const numbers& x = values[step.inputs[0]];
        const model_shape from = graph_.shape_of(step.inputs[0]);
        switch (step.kind) {
        case kind::conv2d:
        case kind::depthwise_conv2d:
        case kind::conv2d_transpose:
            return convolution(step, w, x, from);
        case kind::dense:
            return dense(step, w, x);
        case kind::max_pool2d:
        case kind::average_pool2d:
            return pooling(step, x, from, axis_of(step, 0, from.height),
                           axis_of(step, 1, from.width));
        case kind::global_max_pool2d:
        case kind::global_average_pool2d:
            return pooling(step, x, from, {from.height, from.height, 1, 1, 0, 0},
                           {from.width, from.width, 1, 1, 0, 0});
        case kind::flatten:
        case kind::reshape:
            return x;
        case kind::softmax:
            return softmax(x, from.channels);
        case kind::zero_padding2d:
        case kind::up_sampling2d:
            return resized(step, x, from);
        case kind::add:
        case kind::multiply:
        case kind::maximum:
        case kind::average:
        case kind::concatenate:
            return meeting(step, values);
        default: {
            numbers y(x.size());
            for (std::size_t i = 0; i < x.size(); ++i)
                y[i] = number_of(step, w, x[i], i % from.channels);
            return y;
        }
        }
    }

    /// `at(o, q, i, j, r, s)` for every tap (i, j) of window (o, q) that sees a pixel (r, s).
    template <class At>
    static void for_each_tap(const axis& rows, const axis& columns, const At& at) {
        for (std::size_t o = 0; o < rows.output(); ++o)
            for (std::size_t q = 0; q < columns.output(); ++q)
                for (std::size_t i = 0; i < rows.taps; ++i)
                    for (std::size_t j = 0; j < columns.taps; ++j) {
                        const std::size_t r = o * rows.stride + i * rows.dilation,
                                          s = q * columns.stride + j * columns.dilation;
                        if (rows.before <= r && r < rows.before + rows.input &&
                            columns.before <= s && s < columns.before + columns.input)
                            at(o, q, i, j, r - rows.before, s - columns.before);
                    }
    }
    static std::size_t place(const model_shape& in, std::size_t row, std::size_t column) {
        return (row * in.width + column) * in.channels;
    }

    static numbers convolution(const model_step& step, const std::vector<numbers>& w,
                               const numbers& x, const model_shape& from) {
        const model_shape& to = step.output;
        const bool is_depthwise = step.kind == step_kind::depthwise_conv2d,
                   goes_back = step.kind == step_kind::conv2d_transpose;
        const auto& [taps, taps_of_row, third, last] = step.arrays[0].extents;
        const std::size_t seen = from.channels / step.groups, own = to.channels / step.groups,
                          matrix = third * last, row_of_taps = taps_of_row;
        numbers y(to.size());
        for (std::size_t i = 0; i < y.size() && w.size() > 1; ++i) y[i] = w[1][i % to.channels];
        const auto tap = [&](const double* pixel, const double* k, double* sum) {
            for (std::size_t f = 0; f < to.channels; ++f)
                if (is_depthwise)
                    sum[f] += pixel[f / step.filters] * k[f];
                else
                    for (std::size_t c = 0; c < seen; ++c)
                        sum[f] += pixel[f / own * seen + c] *
                                  k[goes_back ? f * seen + c : c * to.channels + f];
        };
        for_each_tap(axis_of(step, 0, from.height), axis_of(step, 1, from.width),
                     [&](std::size_t o, std::size_t q, std::size_t i, std::size_t j, std::size_t r,
                         std::size_t s) {
                         const double* const k = w[0].data() + (i * row_of_taps + j) * matrix;
                         if (goes_back)
                             tap(x.data() + place(from, o, q), k, y.data() + place(to, r, s));
                         else
                             tap(x.data() + place(from, r, s), k, y.data() + place(to, o, q));
                     });
        return y;
    }
    static numbers dense(const model_step& step, const std::vector<numbers>& w, const numbers& x) {
        numbers y = w.size() > 1 ? w[1] : numbers(step.filters);
        for (std::size_t i = 0; i < x.size(); ++i)
            for (std::size_t f = 0; f < y.size(); ++f) y[f] += x[i] * w[0][i * y.size() + f];
        return y;
    }
    static numbers pooling(const model_step& step, const numbers& x, const model_shape& from,
                           const axis& rows, const axis& columns) {
        const bool is_maximum =
            step.kind == step_kind::max_pool2d || step.kind == step_kind::global_max_pool2d;
        const model_shape& to = step.output;
        numbers y(to.size(), is_maximum ? -std::numeric_limits<double>::infinity() : 0.0),
            count(to.size());
        for_each_tap(rows, columns,
                     [&](std::size_t o, std::size_t q, std::size_t, std::size_t, std::size_t r,
                         std::size_t s) {
                         for (std::size_t c = 0; c < to.channels; ++c) {
                             const std::size_t here = place(to, o, q) + c;
                             const double pixel = x[place(from, r, s) + c];
                             y[here] = is_maximum ? std::max(y[here], pixel) : y[here] + pixel;
                             count[here] += 1.0;
                         }
                     });
        for (std::size_t i = 0; i < y.size() && !is_maximum; ++i) y[i] /= count[i];
        return y;
    }
    static numbers softmax(numbers x, std::size_t channels) {
        for (auto first = x.begin(); first != x.end();) {
            const auto last = first + static_cast<std::ptrdiff_t>(channels);
            const double most = *std::max_element(first, last);
            double sum = 0.0;
            for (auto i = first; i != last; ++i) sum += * i = std::exp(*i - most);
            for (; first != last; ++first) *first /= sum;
        }
        return x;
    }
    static numbers resized(const model_step& step, const numbers& x, const model_shape& from) {
        const model_shape& to = step.output;
        numbers y;
        const auto pixel = [&](std::size_t row, std::size_t column, std::size_t c) {
            return x[place(from, row, column) + c];
        };
        for (std::size_t row = 0; row < to.height; ++row)
            for (std::size_t column = 0; column < to.width; ++column)
                for (std::size_t c = 0; c < to.channels; ++c) {
                    if (step.kind == step_kind::zero_padding2d) {
                        const std::size_t r = row - step.pads[0], s = column - step.pads[2];
                        y.push_back(r < from.height && s < from.width ? pixel(r, s, c) : 0.0);
                    } else if (step.is_bilinear) {
                        const auto [r, below, down] = between(row, step.extents[0], from.height);
                        const auto [s, right, on] = between(column, step.extents[1], from.width);
                        y.push_back(
                            (1.0 - down) * ((1.0 - on) * pixel(r, s, c) + on * pixel(r, right, c)) +
                            down * ((1.0 - on) * pixel(below, s, c) + on * pixel(below, right, c)));
                    } else {
                        y.push_back(pixel(row / step.extents[0], column / step.extents[1], c));
                    }
                }
        return y;
    }
    struct neighbours {
        std::size_t first, second;
        double share;  // of the second
    };
    /// Where output `i` lies between pixels, centres at halves.
    static neighbours between(std::size_t i, std::size_t factor, std::size_t pixels) {
        const double last = static_cast<double>(pixels - 1),
                     exact = (static_cast<double>(i) + 0.5) / static_cast<double>(factor) - 0.5,
                     at = std::clamp(exact, 0.0, last);
        const auto first = static_cast<std::size_t>(at);
        return {first, std::min(first + 1, pixels - 1), at - static_cast<double>(first)};
    }

    [[nodiscard]] numbers meeting(const model_step& step,
                                  const std::vector<numbers>& values) const {
        const model_shape& to = step.output;
        numbers y(to.size());
        std::size_t channels_before = 0;
        for (std::size_t n = 0; n < step.inputs.size(); ++n) {
            const numbers& x = values[step.inputs[n]];
            const std::size_t channels = graph_.shape_of(step.inputs[n]).channels;
            if (step.kind == step_kind::concatenate) {
                for (std::size_t i = 0; i < x.size(); ++i)
                    y[i / channels * to.channels + channels_before + i % channels] = x[i];
                channels_before += channels;
                continue;
            }
            for (std::size_t i = 0; i < y.size(); ++i) {
                const double next = x[i % x.size()];  // of 1 x 1 pixels: one for each channel
                y[i] = n == 0                             ? next
                       : step.kind == step_kind::multiply ? y[i] * next
                       : step.kind == step_kind::maximum  ? std::max(y[i], next)
                                                          : y[i] + next;
            }
        }
        if (step.kind == step_kind::average)
            for (double& number : y) number /= static_cast<double>(step.inputs.size());
        return y;
    }

    static double value_of(const model_fraction& fraction) {
        return static_cast<double>(static_cast<float>(fraction.numerator) /
                                   static_cast<float>(fraction.denominator));
    }
    /// What an activation or a normalization makes of a number of channel `c`.
    static double number_of(const model_step& step, const std::vector<numbers>& w, double x,
                            std::size_t c) {
        using kind = step_kind;
        const auto sigmoid = [](double z) { return 1.0 / (1.0 + std::exp(-z)); };
        const auto hard_sigmoid = [](double z) { return std::clamp(z / 6.0 + 0.5, 0.0, 1.0); };
        const double first = value_of(step.first), second = value_of(step.second);
        switch (step.kind) {
        case kind::batch_normalization:
            return w[0][c] * (x - w[2][c]) / std::sqrt(w[3][c] + first) + w[1][c];
        case kind::scale_and_offset:
            return w[0][c] * x + w[1][c];
        case kind::relu:
            return std::max(x, 0.0);
        case kind::relu6:
            return std::clamp(x, 0.0, 6.0);
        case kind::leaky_relu:
            return x < 0.0 ? first * x : x;
        case kind::prelu:
            return x < 0.0 ? w[0][c] * x : x;
        case kind::elu:
            return x < 0.0 ? first * std::expm1(x) : x;
        case kind::selu:
            return 1.0507009873554805 * (x < 0.0 ? 1.6732632423543772 * std::expm1(x) : x);
        case kind::clip:
            return std::clamp(x, first, second);
        case kind::sigmoid:
            return sigmoid(x);
        case kind::hard_sigmoid:
            return hard_sigmoid(x);
        case kind::hard_swish:
            return x * hard_sigmoid(x);
        case kind::swish:
            return x * sigmoid(x);
        case kind::tanh:
            return std::tanh(x);
        case kind::gelu:
            return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
        case kind::softplus:
            return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
        case kind::softsign:
            return x / (1.0 + std::abs(x));
        default:
            return std::exp(x);
        }
    }
};

}  // namespace ctnn::detail
