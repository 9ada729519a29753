// Any network in `double`, layer by layer, over a whole batch, as its list of layers and what they
// read say: what predictions and training must agree with.
#pragma once

#include <ctnn/simd/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace reference {

using image = std::vector<double>;
using batch = std::vector<image>;

/// One axis of a window: output o sees input o stride + tap dilation - before.
struct window_axis {
    long outputs = 1, inputs = 1, taps = 1, stride = 1, dilation = 1, before = 0;
};
struct extents {
    long height, width, channels;
    [[nodiscard]] std::size_t size() const {
        return static_cast<std::size_t>(height * width * channels);
    }
};
struct layer {
    std::string name;
    std::vector<std::size_t> reads;  // values
    extents out{};
    std::size_t offset = 0;  // of its parameters
    window_axis rows, columns;
    long groups = 1;
    bool has_bias = false;
    double number = 0.0;  // a rate, epsilon
    long top = 0, left = 0;
};

/// What training keeps beside gradients: each batch normalization's mean and variance.
using statistics = std::map<std::size_t, std::pair<image, image>>;

struct graph {
    extents in{};
    std::vector<layer> layers;
    std::size_t output = 0;

    [[nodiscard]] extents shape_of(std::size_t value) const {
        return value == 0 ? in : layers[value - 1].out;
    }

    /// Outputs of a batch. In training: with the batch's statistics, which are noted in `found`, and
    /// with the random numbers of `seed` and `step`.
    [[nodiscard]] batch run(const image& w, const batch& x, bool is_training,
                            statistics* found = nullptr, std::uint64_t seed = 0,
                            std::uint64_t step = 0) const {
        std::vector<batch> values(layers.size() + 1);
        values[0] = x;
        for (std::size_t i = 0; i < layers.size(); ++i) {
            const layer& l = layers[i];
            values[i + 1].resize(x.size());
            if (l.name == "batch_normalization" && is_training) {
                values[i + 1] = normalized_by_batch(i, w, values[l.reads[0]], found);
                continue;
            }
            for (std::size_t n = 0; n < x.size(); ++n) {
                std::vector<const image*> from;
                for (const std::size_t read : l.reads) from.push_back(&values[read][n]);
                image& to = values[i + 1][n];
                to.assign(l.out.size(), 0.0);
                if (l.name == "dropout" || l.name == "spatial_dropout2d") {
                    ctnn::detail::random_lanes<float> random;
                    random.keys[0] = ctnn::detail::key_of(seed, step, n);
                    random = random.of_layer(i);
                    const auto channels = static_cast<std::size_t>(l.out.channels);
                    for (std::size_t k = 0; k < to.size(); ++k) {
                        const bool drops = static_cast<double>(random.uniform(
                                               l.name == "dropout" ? k : k % channels)) < l.number;
                        to[k] = !is_training ? (*from[0])[k]
                                : drops      ? 0.0
                                             : (*from[0])[k] / (1.0 - l.number);
                    }
                } else {
                    compute(i, w, from, to);
                }
            }
        }
        return values[output];
    }

private:
    [[nodiscard]] batch normalized_by_batch(std::size_t i, const image& w, const batch& x,
                                            statistics* found) const {
        const layer& l = layers[i];
        const auto channels = static_cast<std::size_t>(l.out.channels);
        const std::size_t size = l.out.size();
        const double count = static_cast<double>(x.size() * size / channels);
        image mean(channels), variance(channels);
        for (const image& one : x)
            for (std::size_t k = 0; k < size; ++k) mean[k % channels] += one[k] / count;
        for (const image& one : x)
            for (std::size_t k = 0; k < size; ++k)
                variance[k % channels] += std::pow(one[k] - mean[k % channels], 2.0) / count;
        batch y = x;
        for (image& one : y)
            for (std::size_t k = 0; k < size; ++k) {
                const std::size_t c = k % channels;
                one[k] = w[l.offset + c] * (one[k] - mean[c]) / std::sqrt(variance[c] + l.number) +
                         w[l.offset + channels + c];
            }
        if (found != nullptr) (*found)[i] = {mean, variance};
        return y;
    }

    void compute(std::size_t i, const image& w, const std::vector<const image*>& from,
                 image& y) const {
        const layer& l = layers[i];
        const image& x = *from[0];
        const double* const p = w.data() + l.offset;
        const auto channels = static_cast<std::size_t>(l.out.channels);
        const extents before = shape_of(l.reads[0]);
        static const std::map<std::string, std::function<double(double)>> activations{
            {"relu", [](double v) { return std::max(v, 0.0); }},
            {"relu6", [](double v) { return std::clamp(v, 0.0, 6.0); }},
            {"leaky_relu", [](double v) { return v > 0.0 ? v : 0.3 * v; }},
            {"elu", [](double v) { return v > 0.0 ? v : std::expm1(v); }},
            {"sigmoid", [](double v) { return 1.0 / (1.0 + std::exp(-v)); }},
            {"tanh", [](double v) { return std::tanh(v); }},
            {"swish", [](double v) { return v / (1.0 + std::exp(-v)); }},
            {"gelu", [](double v) { return 0.5 * v * (1.0 + std::erf(v / std::sqrt(2.0))); }},
            {"softplus", [](double v) { return std::log1p(std::exp(v)); }},
            {"softsign", [](double v) { return v / (1.0 + std::abs(v)); }},
            {"hard_swish", [](double v) { return v * std::clamp(v + 3.0, 0.0, 6.0) / 6.0; }},
        };
        if (const auto found = activations.find(l.name); found != activations.end()) {
            std::transform(x.begin(), x.end(), y.begin(), found->second);
        } else if (l.name == "flatten" || l.name == "reshape") {
            y = x;
        } else if (l.name == "add" || l.name == "average") {
            for (const image* one : from)
                for (std::size_t k = 0; k < y.size(); ++k)
                    y[k] += (*one)[k] / (l.name == "add" ? 1.0 : static_cast<double>(from.size()));
        } else if (l.name == "maximum") {
            y = x;
            for (const image* one : from)
                for (std::size_t k = 0; k < y.size(); ++k) y[k] = std::max(y[k], (*one)[k]);
        } else if (l.name == "multiply") {
            for (double& v : y) v = 1.0;
            for (const image* one : from)
                for (std::size_t k = 0; k < y.size(); ++k)
                    y[k] *= (*one)[one->size() == y.size() ? k : k % channels];
        } else if (l.name == "concatenate") {
            std::size_t first = 0;
            for (std::size_t n = 0; n < from.size(); ++n) {
                const auto here = static_cast<std::size_t>(shape_of(l.reads[n]).channels);
                for (std::size_t k = 0; k < from[n]->size(); ++k)
                    y[k / here * channels + first + k % here] = (*from[n])[k];
                first += here;
            }
        } else if (l.name == "dense") {
            for (std::size_t o = 0; o < y.size(); ++o) {
                y[o] = l.has_bias ? p[x.size() * y.size() + o] : 0.0;
                for (std::size_t k = 0; k < x.size(); ++k) y[o] += x[k] * p[k * y.size() + o];
            }
        } else if (l.name == "softmax") {
            for (std::size_t first = 0; first < y.size(); first += channels) {
                double sum = 0.0;
                for (std::size_t c = 0; c < channels; ++c) sum += std::exp(x[first + c]);
                for (std::size_t c = 0; c < channels; ++c)
                    y[first + c] = std::exp(x[first + c]) / sum;
            }
        } else if (l.name == "prelu" || l.name == "scale_and_offset") {
            for (std::size_t k = 0; k < y.size(); ++k)
                y[k] = l.name == "prelu" ? (x[k] > 0.0 ? x[k] : p[k % channels] * x[k])
                                         : p[k % channels] * x[k] + p[channels + k % channels];
        } else if (l.name == "batch_normalization") {
            for (std::size_t k = 0; k < y.size(); ++k) {
                const std::size_t c = k % channels;
                y[k] = p[c] * (x[k] - p[2 * channels + c]) /
                           std::sqrt(p[3 * channels + c] + l.number) +
                       p[channels + c];
            }
        } else if (l.name == "zero_padding2d" || l.name == "cropping2d") {
            const long sign = l.name == "cropping2d" ? 1 : -1;
            each(l.out, [&](long h, long v, long c) {
                y[at(l.out, h, v, c)] = pixel(x, before, h + sign * l.top, v + sign * l.left, c);
            });
        } else if (l.name == "up_sampling2d" && l.number == 0.0) {
            each(l.out, [&](long h, long v, long c) {
                y[at(l.out, h, v, c)] = pixel(x, before, h * before.height / l.out.height,
                                              v * before.width / l.out.width, c);
            });
        } else if (l.name == "up_sampling2d") {  // bilinear
            // Between which pixels, and how far from the first.
            const auto place = [](long out, long outputs, long inputs) {
                const double at =
                    std::clamp((static_cast<double>(out) + 0.5) * static_cast<double>(inputs) /
                                       static_cast<double>(outputs) -
                                   0.5,
                               0.0, static_cast<double>(inputs - 1));
                const long first = std::min(static_cast<long>(at), std::max(inputs - 2, 0L));
                return std::pair(first, at - static_cast<double>(first));
            };
            each(l.out, [&](long h, long v, long c) {
                const auto [row, down] = place(h, l.out.height, before.height);
                const auto [column, right] = place(v, l.out.width, before.width);
                const auto along = [&](long r) {
                    return pixel(x, before, r, column, c) * (1.0 - right) +
                           pixel(x, before, r, column + 1, c) * right;
                };
                y[at(l.out, h, v, c)] = along(row) * (1.0 - down) + along(row + 1) * down;
            });
        } else if (l.name == "layer_normalization") {
            const double share = 1.0 / static_cast<double>(channels);
            for (std::size_t first = 0; first < x.size(); first += channels) {
                double mean = 0.0, variance = 0.0;
                for (std::size_t c = 0; c < channels; ++c) mean += x[first + c] * share;
                for (std::size_t c = 0; c < channels; ++c)
                    variance += (x[first + c] - mean) * (x[first + c] - mean) * share;
                for (std::size_t c = 0; c < channels; ++c)
                    y[first + c] = p[c] * (x[first + c] - mean) / std::sqrt(variance + l.number) +
                                   p[channels + c];
            }
        } else if (l.name == "conv2d_transpose") {  // y(h s + r d - pad) takes x(h) kernel(r)
            const std::size_t taps = static_cast<std::size_t>(l.rows.taps * l.columns.taps);
            const auto inputs = static_cast<std::size_t>(before.channels);
            for (std::size_t k = 0; k < y.size(); ++k)
                y[k] = l.has_bias ? p[taps * channels * inputs + k % channels] : 0.0;
            each(before, [&](long h, long v, long c) {
                over_window(l, l.out, h, v, [&](long row, long column, long r, long q) {
                    for (long f = 0; f < l.out.channels; ++f)
                        y[at(l.out, row, column, f)] +=
                            pixel(x, before, h, v, c) *
                            p[static_cast<std::size_t>(
                                ((r * l.columns.taps + q) * l.out.channels + f) * before.channels +
                                c)];
                });
            });
        } else if (l.name == "global_average_pool2d" || l.name == "global_max_pool2d") {
            for (std::size_t c = 0; c < channels; ++c) {
                double sum = 0.0, most = x[c];
                for (std::size_t k = c; k < x.size(); k += channels)
                    sum += x[k], most = std::max(most, x[k]);
                y[c] = l.name == "global_max_pool2d"
                           ? most
                           : sum * static_cast<double>(channels) / static_cast<double>(x.size());
            }
        } else if (l.name == "max_pool2d" || l.name == "average_pool2d") {
            each(l.out, [&](long h, long v, long c) {
                double sum = 0.0, most = -1e300, count = 0.0;
                over_window(l, before, h, v, [&](long row, long column, long, long) {
                    const double here = pixel(x, before, row, column, c);
                    sum += here, count += 1.0, most = std::max(most, here);
                });
                y[at(l.out, h, v, c)] = l.name == "max_pool2d" ? most : sum / count;
            });
        } else if (l.name == "conv2d" || l.name == "depthwise_conv2d") {
            const long group_in = before.channels / l.groups, group_out = l.out.channels / l.groups;
            const std::size_t weights =
                static_cast<std::size_t>(l.rows.taps * l.columns.taps * group_in) * channels;
            each(l.out, [&](long h, long v, long f) {
                double sum = l.has_bias ? p[weights + static_cast<std::size_t>(f)] : 0.0;
                over_window(l, before, h, v, [&](long row, long column, long r, long q) {
                    for (long c = 0; c < group_in; ++c)
                        sum += pixel(x, before, row, column, f / group_out * group_in + c) *
                               p[static_cast<std::size_t>(
                                   ((r * l.columns.taps + q) * group_in + c) * l.out.channels + f)];
                });
                y[at(l.out, h, v, f)] = sum;
            });
        } else {
            throw std::logic_error("no reference for " + l.name);
        }
    }

    static std::size_t at(extents e, long h, long v, long c) {
        return static_cast<std::size_t>((h * e.width + v) * e.channels + c);
    }
    static double pixel(const image& x, extents e, long h, long v, long c) {
        return h < 0 || v < 0 || h >= e.height || v >= e.width ? 0.0 : x.at(at(e, h, v, c));
    }
    template <class F>
    static void each(extents e, F&& f) {
        for (long h = 0; h < e.height; ++h)
            for (long v = 0; v < e.width; ++v)
                for (long c = 0; c < e.channels; ++c) f(h, v, c);
    }
    /// f(row, column, tap's row, tap's column) for the pixels that output (h, v) sees.
    template <class F>
    static void over_window(const layer& l, extents e, long h, long v, F&& f) {
        for (long r = 0; r < l.rows.taps; ++r)
            for (long q = 0; q < l.columns.taps; ++q) {
                const long i = h * l.rows.stride + r * l.rows.dilation - l.rows.before;
                const long j = v * l.columns.stride + q * l.columns.dilation - l.columns.before;
                if (i >= 0 && j >= 0 && i < e.height && j < e.width) f(i, j, r, q);
            }
    }
};

/// The graph of a network type.
template <class Net>
graph graph_of() {
    const auto extents_of = []<class S>(std::type_identity<S>) {
        return extents{static_cast<long>(S::height), static_cast<long>(S::width),
                       static_cast<long>(S::channels)};
    };
    const auto axis_of = [](const auto& a) {
        return window_axis{static_cast<long>(a.output()), static_cast<long>(a.input),
                           static_cast<long>(a.taps),     static_cast<long>(a.stride),
                           static_cast<long>(a.dilation), static_cast<long>(a.before)};
    };
    graph result;
    result.in = extents_of(std::type_identity<typename Net::input_shape>{});
    result.output = Net::reads.output;
    const auto add = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        using leaf = typename Net::template leaf<I>;
        layer l;
        l.name = leaf::name;
        for (const std::size_t value : Net::reads.read_by(I)) l.reads.push_back(value);
        l.out = extents_of(std::type_identity<typename leaf::output_shape>{});
        l.offset = Net::table::offsets[I];
        if constexpr (requires { leaf::rows; })
            l.rows = axis_of(leaf::rows), l.columns = axis_of(leaf::columns);
        if constexpr (requires { leaf::conv; }) {
            l.groups = static_cast<long>(leaf::conv.groups);
            l.has_bias = leaf::conv.has_bias;
        } else {
            l.has_bias = requires(typename leaf::weights w) {
                w.bias();
            };
        }
        if constexpr (leaf::name == "conv2d_transpose") {
            l.rows = axis_of(leaf::conv.rows), l.columns = axis_of(leaf::conv.columns);
            l.has_bias = leaf::has_bias;
        }
        if constexpr (leaf::name == "up_sampling2d")
            l.number = static_cast<double>(leaf::settings[0]);
        if constexpr (requires { leaf::added_to_variance; })
            l.number = static_cast<double>(leaf::added_to_variance);
        if constexpr (requires { leaf::rate_dropped; })
            l.number = static_cast<double>(leaf::rate_dropped);
        if constexpr (leaf::name == "zero_padding2d" || leaf::name == "cropping2d")
            l.top = static_cast<long>(leaf::settings[0]),
            l.left = static_cast<long>(leaf::settings[1]);
        result.layers.push_back(l);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (add(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<Net::leaf_count>{});
    return result;
}

}  // namespace reference
