// Every layer's definition in `double`, as slow and plain as its formula, and both padding rules
// computed a second time. Nothing here uses the library: the fast code may be clever only because
// this is not.
#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

namespace reference {

using numbers = std::vector<double>;

/// One image or feature map: channel fastest, every access checked.
struct map {
    long height, width, channels;
    numbers values;

    map(long h, long w, long c) : map(h, w, c, numbers(static_cast<std::size_t>(h * w * c))) {}
    map(long h, long w, long c, numbers v)
        : height(h), width(w), channels(c), values(std::move(v)) {
        if (values.size() != static_cast<std::size_t>(h * w * c)) throw std::length_error("map");
    }
    [[nodiscard]] bool has(long row, long column) const {
        return row >= 0 && row < height && column >= 0 && column < width;
    }
    double& at(long row, long column, long channel) {
        return values.at(index(row, column, channel));
    }
    [[nodiscard]] double at(long row, long column, long channel) const {
        return values.at(index(row, column, channel));
    }
    [[nodiscard]] std::size_t index(long row, long column, long channel) const {
        if (!has(row, column) || channel < 0 || channel >= channels) throw std::out_of_range("map");
        return static_cast<std::size_t>((row * width + column) * channels + channel);
    }
};

/// Rows, then columns.
struct pair {
    long rows, columns;
};

struct padding {
    enum rule_name { by_hand, keras, symmetric } rule = by_hand;
    long top = 0, bottom = 0, left = 0, right = 0;
};
inline constexpr padding valid{}, same{padding::keras, 0, 0, 0, 0},
    same_size{padding::symmetric, 0, 0, 0, 0};

/// The number of pixels a window of `taps` covers from its first to its last tap.
inline long reach(long taps, long dilation) {
    long pixels = 1;
    for (long i = 1; i < taps; ++i) pixels += dilation;
    return pixels;
}

/// Padding before and after `n` pixels, in TensorFlow's words: as if the windows were laid so that
/// the last one starts at the last multiple of the stride inside the input.
inline std::pair<long, long> keras_pads(long n, long window, long stride) {
    const long rest = n % stride;
    long total = rest == 0 ? window - stride : window - rest;
    if (total < 0) total = 0;
    return {total / 2, total - total / 2};
}

/// As much on both sides as keeps the size at any stride.
inline std::pair<long, long> symmetric_pads(long n, long window, long stride) {
    const long total = (n - 1) * stride + window - n;
    return total < 0 ? std::pair<long, long>{0, 0} : std::pair<long, long>{total / 2, total / 2};
}

inline padding resolve(padding p, const map& x, pair window, pair stride) {
    if (p.rule == padding::by_hand) return p;
    const auto pads = p.rule == padding::keras ? keras_pads : symmetric_pads;
    const auto rows = pads(x.height, window.rows, stride.rows);
    const auto columns = pads(x.width, window.columns, stride.columns);
    return {padding::by_hand, rows.first, rows.second, columns.first, columns.second};
}

/// Lays windows until the next one would stick out.
inline long positions(long padded, long window, long stride) {
    long count = 0;
    for (long start = 0; start + window <= padded; start += stride) ++count;
    return count;
}

// h, w: output row, column; i, j: position in the kernel; r, q: input row, column; c: channel of
// the group; f: filter

struct conv2d {
    long filters;
    pair kernel;
    pair stride = {1, 1};
    pair dilation = {1, 1};
    long groups = 1;
    padding pad = {};
    bool bias = true;

    /// `weights`: the kernel, (row, column, channel, filter), then the bias.
    map operator()(const map& x, const numbers& weights) const {
        const pair window{reach(kernel.rows, dilation.rows),
                          reach(kernel.columns, dilation.columns)};
        const padding p = resolve(pad, x, window, stride);
        const long channels = x.channels / groups, filters_per_group = filters / groups;
        const long biases = kernel.rows * kernel.columns * channels * filters;
        if (weights.size() != static_cast<std::size_t>(biases + (bias ? filters : 0)))
            throw std::length_error("conv2d");
        map y(positions(p.top + x.height + p.bottom, window.rows, stride.rows),
              positions(p.left + x.width + p.right, window.columns, stride.columns), filters);
        for (long h = 0; h < y.height; ++h)
            for (long w = 0; w < y.width; ++w)
                for (long f = 0; f < filters; ++f) {
                    double sum = bias ? weights.at(static_cast<std::size_t>(biases + f)) : 0.0;
                    for (long i = 0; i < kernel.rows; ++i)
                        for (long j = 0; j < kernel.columns; ++j) {
                            const long r = h * stride.rows + i * dilation.rows - p.top;
                            const long q = w * stride.columns + j * dilation.columns - p.left;
                            if (!x.has(r, q)) continue;
                            const double* const pixel =
                                x.values.data() + x.index(r, q, f / filters_per_group * channels);
                            const double* const weight =
                                weights.data() + (i * kernel.columns + j) * channels * filters + f;
                            for (long c = 0; c < channels; ++c)
                                sum += pixel[c] * weight[c * filters];
                        }
                    y.at(h, w, f) = sum;
                }
        return y;
    }
};

struct conv2d_transpose {
    long filters;
    pair kernel;
    pair stride = {1, 1};
    pair dilation = {1, 1};
    padding pad = {};
    bool bias = true;
    bool keeps_rest =
        true;  // valid: as many pixels as a stride, where that is more than the kernel

    /// `weights`: the kernel, (row, column, filter, channel), then the bias.
    map operator()(const map& x, const numbers& weights) const {
        const auto rows =
            axis(x.height, reach(kernel.rows, dilation.rows), stride.rows, pad.top, pad.bottom);
        const auto columns = axis(x.width, reach(kernel.columns, dilation.columns), stride.columns,
                                  pad.left, pad.right);
        const long biases = kernel.rows * kernel.columns * filters * x.channels;
        if (weights.size() != static_cast<std::size_t>(biases + (bias ? filters : 0)))
            throw std::length_error("conv2d_transpose");
        map y(rows.second, columns.second, filters);
        for (long h = 0; h < y.height; ++h)
            for (long w = 0; w < y.width; ++w)
                for (long f = 0; f < filters; ++f)
                    y.at(h, w, f) = bias ? weights.at(static_cast<std::size_t>(biases + f)) : 0.0;
        for (long r = 0; r < x.height; ++r)
            for (long q = 0; q < x.width; ++q)
                for (long i = 0; i < kernel.rows; ++i)
                    for (long j = 0; j < kernel.columns; ++j) {
                        const long h = r * stride.rows + i * dilation.rows - rows.first;
                        const long w = q * stride.columns + j * dilation.columns - columns.first;
                        if (!y.has(h, w)) continue;
                        for (long f = 0; f < filters; ++f)
                            for (long c = 0; c < x.channels; ++c) {
                                const long k =
                                    ((i * kernel.columns + j) * filters + f) * x.channels + c;
                                y.at(h, w, f) +=
                                    x.at(r, q, c) * weights.at(static_cast<std::size_t>(k));
                            }
                    }
        return y;
    }

private:
    /// What is cut off before, and what is left.
    [[nodiscard]] std::pair<long, long> axis(long n, long window, long step, long before,
                                             long after) const {
        const long all = (n - 1) * step + window, rest = window < step ? step - window : 0;
        if (pad.rule == padding::keras) return {rest > 0 ? 0 : (window - step) / 2, n * step};
        return {before, all + (keeps_rest ? rest : 0) - before - after};
    }
};

struct depthwise_conv2d {
    pair kernel;
    pair stride = {1, 1};
    pair dilation = {1, 1};
    padding pad = {};
    bool bias = true;
    long multiplier = 1;

    /// `weights`: the kernel, (row, column, channel, filter of the channel), then the bias.
    map operator()(const map& x, const numbers& weights) const {
        const pair window{reach(kernel.rows, dilation.rows),
                          reach(kernel.columns, dilation.columns)};
        const padding p = resolve(pad, x, window, stride);
        const long biases = kernel.rows * kernel.columns * x.channels * multiplier;
        if (weights.size() !=
            static_cast<std::size_t>(biases + (bias ? x.channels * multiplier : 0)))
            throw std::length_error("depthwise_conv2d");
        map y(positions(p.top + x.height + p.bottom, window.rows, stride.rows),
              positions(p.left + x.width + p.right, window.columns, stride.columns),
              x.channels * multiplier);
        for (long h = 0; h < y.height; ++h)
            for (long w = 0; w < y.width; ++w)
                for (long f = 0; f < y.channels; ++f) {
                    double sum = bias ? weights.at(static_cast<std::size_t>(biases + f)) : 0.0;
                    for (long i = 0; i < kernel.rows; ++i)
                        for (long j = 0; j < kernel.columns; ++j) {
                            const long r = h * stride.rows + i * dilation.rows - p.top;
                            const long q = w * stride.columns + j * dilation.columns - p.left;
                            const long k = (i * kernel.columns + j) * y.channels + f;
                            if (x.has(r, q))
                                sum += x.at(r, q, f / multiplier) *
                                       weights.at(static_cast<std::size_t>(k));
                        }
                    y.at(h, w, f) = sum;
                }
        return y;
    }
};

/// What both poolings share: `combine` gets the numbers that each window sees, without padding.
template <class Combine>
map pool(const map& x, pair window, pair stride, padding pad, Combine combine) {
    const padding p = resolve(pad, x, window, stride);
    map y(positions(p.top + x.height + p.bottom, window.rows, stride.rows),
          positions(p.left + x.width + p.right, window.columns, stride.columns), x.channels);
    for (long h = 0; h < y.height; ++h)
        for (long w = 0; w < y.width; ++w)
            for (long c = 0; c < x.channels; ++c) {
                numbers seen;
                for (long i = 0; i < window.rows; ++i)
                    for (long j = 0; j < window.columns; ++j) {
                        const long r = h * stride.rows + i - p.top;
                        const long q = w * stride.columns + j - p.left;
                        if (x.has(r, q)) seen.push_back(x.at(r, q, c));
                    }
                y.at(h, w, c) = combine(seen);
            }
    return y;
}
inline double largest(const numbers& seen) {
    double result = seen.at(0);
    for (const double v : seen) result = v > result || std::isnan(v) ? v : result;
    return result;
}
inline double mean(const numbers& seen) {
    double sum = 0.0;
    for (const double v : seen) sum += v;
    return sum / static_cast<double>(seen.size());
}

struct max_pool2d {
    pair window;
    pair stride;
    padding pad = {};
    map operator()(const map& x, const numbers&) const {
        return pool(x, window, stride, pad, largest);
    }
};
struct average_pool2d {
    pair window;
    pair stride;
    padding pad = {};
    map operator()(const map& x, const numbers&) const {
        return pool(x, window, stride, pad, mean);
    }
};
struct global_max_pool2d {
    map operator()(const map& x, const numbers&) const {
        return pool(x, {x.height, x.width}, {1, 1}, {}, largest);
    }
};
struct global_average_pool2d {
    map operator()(const map& x, const numbers&) const {
        return pool(x, {x.height, x.width}, {1, 1}, {}, mean);
    }
};

struct dense {
    std::size_t outputs;
    bool bias = true;
    /// `weights`: the kernel, (input, output), then the bias.
    map operator()(const map& x, const numbers& weights) const {
        const std::size_t inputs = x.values.size();
        if (weights.size() != inputs * outputs + (bias ? outputs : 0))
            throw std::length_error("dense");
        map y(1, 1, static_cast<long>(outputs));
        for (std::size_t o = 0; o < outputs; ++o) {
            y.values.at(o) = bias ? weights.at(inputs * outputs + o) : 0.0;
            for (std::size_t i = 0; i < inputs; ++i)
                y.values.at(o) += x.values.at(i) * weights.at(i * outputs + o);
        }
        return y;
    }
};

struct flatten {
    map operator()(const map& x, const numbers&) const {
        map y(1, 1, x.height * x.width * x.channels);
        long i = 0;
        for (long r = 0; r < x.height; ++r)
            for (long q = 0; q < x.width; ++q)
                for (long c = 0; c < x.channels; ++c) y.at(0, 0, i++) = x.at(r, q, c);
        return y;
    }
};
/// The same numbers, under another shape.
struct reshape {
    long height, width, channels;
    map operator()(const map& x, const numbers&) const {
        return {height, width, channels, x.values};
    }
};
/// Pixels added at each side, zeros; taken away where the number is negative.
struct borders {
    long top, bottom, left, right;
    map operator()(const map& x, const numbers&) const {
        map y(x.height + top + bottom, x.width + left + right, x.channels);
        for (long r = 0; r < y.height; ++r)
            for (long q = 0; q < y.width; ++q)
                for (long c = 0; c < y.channels; ++c)
                    if (x.has(r - top, q - left)) y.at(r, q, c) = x.at(r - top, q - left, c);
        return y;
    }
};
struct up_sampling2d {
    pair factor;
    bool bilinear = false;
    map operator()(const map& x, const numbers&) const {
        map y(x.height * factor.rows, x.width * factor.columns, x.channels);
        for (long r = 0; r < y.height; ++r)
            for (long q = 0; q < y.width; ++q)
                for (long c = 0; c < y.channels; ++c)
                    y.at(r, q, c) = bilinear ? between(x, r, q, c)
                                             : x.at(r / factor.rows, q / factor.columns, c);
        return y;
    }

private:
    /// The two rows and the two columns around it count by how near their centres are, in pixels;
    /// beyond the border the nearest do.
    double between(const map& x, long r, long q, long c) const {
        const double row = (static_cast<double>(r) + 0.5) / static_cast<double>(factor.rows) - 0.5;
        const double column =
            (static_cast<double>(q) + 0.5) / static_cast<double>(factor.columns) - 0.5;
        const long above = std::lround(std::floor(row)), left = std::lround(std::floor(column));
        double sum = 0.0;
        for (const long i : {above, above + 1})
            for (const long j : {left, left + 1}) {
                const double share = (1.0 - std::abs(row - static_cast<double>(i))) *
                                     (1.0 - std::abs(column - static_cast<double>(j)));
                const long near_row = i < 0 ? 0 : i < x.height ? i : x.height - 1;
                const long near_column = j < 0 ? 0 : j < x.width ? j : x.width - 1;
                sum += share * x.at(near_row, near_column, c);
            }
        return sum;
    }
};
struct expect {
    map operator()(const map& x, const numbers&) const { return x; }
};

/// One function for every number.
template <class Function>
struct elementwise {
    Function function;
    map operator()(const map& x, const numbers&) const {
        map y = x;
        for (double& v : y.values) v = function(v);
        return y;
    }
};
template <class Function>
elementwise(Function) -> elementwise<Function>;

inline const elementwise relu{[](double x) { return x <= 0.0 ? 0.0 : x; }};
inline const elementwise sigmoid{[](double x) { return 1.0 / (1.0 + std::exp(-x)); }};
inline const elementwise tanh{[](double x) { return std::tanh(x); }};
inline auto leaky_relu(double a) {
    return elementwise{[a](double x) { return x > 0.0 ? x : a * x; }};
}
inline auto elu(double a) {
    return elementwise{[a](double x) { return x > 0.0 ? x : a * std::expm1(x); }};
}

inline auto clip(double low, double high) {
    return elementwise{[=](double x) { return x < low ? low : x > high ? high : x; }};
}
inline const elementwise hard_sigmoid{
    [](double x) { return clip(0.0, 1.0).function(x / 6.0 + 0.5); }};
inline const elementwise hard_swish{[](double x) { return x * hard_sigmoid.function(x); }};
inline const elementwise swish{[](double x) { return x / (1.0 + std::exp(-x)); }};
inline const elementwise gelu{[](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }};
inline const elementwise softplus{[](double x) { return std::log1p(std::exp(x)); }};
inline const elementwise softsign{[](double x) { return x / (1.0 + std::abs(x)); }};
inline const elementwise selu{[](double x) {
    return 1.0507009873554805 * (x > 0.0 ? x : 1.6732632423543772 * std::expm1(x));
}};
inline const elementwise exponential{[](double x) { return std::exp(x); }};
inline auto rescaling(double scale, double offset) {
    return elementwise{[=](double x) { return x * scale + offset; }};
}
struct prelu {
    map operator()(const map& x, const numbers& alpha) const {
        map y = x;
        for (std::size_t i = 0; i < x.values.size(); ++i)
            if (!(x.values[i] > 0.0))
                y.values[i] *= alpha.at(i % static_cast<std::size_t>(x.channels));
        return y;
    }
};

struct layer_normalization {
    double epsilon = 1e-3;
    /// `weights`: gamma, then beta.
    map operator()(const map& x, const numbers& weights) const {
        map y = x;
        const auto count = static_cast<double>(x.channels);
        for (long r = 0; r < x.height; ++r)
            for (long q = 0; q < x.width; ++q) {
                double mean = 0.0, variance = 0.0;
                for (long c = 0; c < x.channels; ++c) mean += x.at(r, q, c) / count;
                for (long c = 0; c < x.channels; ++c)
                    variance += (x.at(r, q, c) - mean) * (x.at(r, q, c) - mean) / count;
                for (long c = 0; c < x.channels; ++c)
                    y.at(r, q, c) = weights.at(static_cast<std::size_t>(c)) *
                                        (x.at(r, q, c) - mean) / std::sqrt(variance + epsilon) +
                                    weights.at(static_cast<std::size_t>(x.channels + c));
            }
        return y;
    }
};

struct softmax {
    map operator()(const map& x, const numbers&) const {
        map y = x;
        for (long r = 0; r < x.height; ++r)
            for (long q = 0; q < x.width; ++q) {
                double most = x.at(r, q, 0), sum = 0.0;
                for (long c = 0; c < x.channels; ++c) most = std::fmax(most, x.at(r, q, c));
                for (long c = 0; c < x.channels; ++c) sum += std::exp(x.at(r, q, c) - most);
                for (long c = 0; c < x.channels; ++c)
                    y.at(r, q, c) = std::exp(x.at(r, q, c) - most) / sum;
            }
        return y;
    }
};

}  // namespace reference
