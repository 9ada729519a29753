// The parameters of a network in bytes as arrays with names, as files have them: bytes (I8) in Keras'
// layouts, biases of 32 bits (I32), scales as floats (F32). For hosts.
#pragma once

#include <ctnn/quantization/set_parameters.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {
namespace detail {

/// An array of numbers as safetensors files have it.
struct named_array {
    std::string dtype;
    std::vector<std::size_t> shape;
    std::vector<std::byte> bytes;
};

/// The parameters of a network in bytes, `Owner`, as arrays by name; both ways.
template <class Owner>
class int8_entries {
public:
    using parameters = typename Owner::parameters;
    using stages = typename Owner::stages;
    using factor = typename Owner::rules::factor;
    static constexpr bool has_float_factors = std::is_same_v<factor, float>;

    std::map<std::string, named_array, std::less<>> entries;

    void take(const parameters& w) {
        std::vector<float> scales;
        std::vector<std::int32_t> zeros;
        for (const byte_scale& s : w.scales) scales.push_back(s.scale), zeros.push_back(s.zero);
        put("values/scale", "F32", {stages::scales}, scales);
        put("values/zero", "I32", {stages::scales}, zeros);
        for_layers([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            if constexpr (has_table<I>)
                put(prefix<I>() + "table", "I8", {256}, table_of<I>(w));
            else
                take_layer<I>(w);
        });
    }
    /// Calls fail(sentence), which throws, where a number is out of its range. The arrays must have the
    /// shapes of `take`.
    template <class Fail>
    void give(parameters& w, const Fail& fail) const {
        const auto scales = numbers<float>("values/scale");
        const auto zeros = numbers<std::int32_t>("values/zero");
        for (std::size_t i = 0; i < stages::scales; ++i) {
            require(is_positive(scales[i]), fail, "values/scale", "above 0 and finite", scales[i]);
            require(-128 <= zeros[i] && zeros[i] <= 127, fail, "values/zero", "-128 to 127",
                    zeros[i]);
            w.scales[i] = {scales[i], zeros[i]};
        }
        int8_writer<parameters>{w}.set_the_rest();
        for_layers([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            if constexpr (has_table<I>)
                std::ranges::copy(numbers<std::int8_t>(prefix<I>() + "table"),
                                  w.tables[stages::places[I].tables].begin());
            else
                give_layer<I>(w, fail);
        });
    }

private:
    template <std::size_t Index>
    using leaf = typename Owner::network::template leaf<Index>;

    /// An activation's table: its numbers were computed in floats, once.
    template <std::size_t Index>
    static constexpr bool has_table =
        stages::places[Index + 1].tables > stages::places[Index].tables;

    template <class Function>
    static void for_layers(const Function& function) {
        const auto call = [&]<std::size_t I>(std::integral_constant<std::size_t, I> index) {
            if constexpr (stages::kinds[I] == int8_kind::convolution || has_table<I>)
                function(index);
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (call(std::integral_constant<std::size_t, I>{}), ...);
        }
        (std::make_index_sequence<stages::count>{});
    }
    /// "conv2d_1/".
    template <std::size_t Index>
    static std::string prefix() {
        const auto& names = Owner::network::table::names;
        const auto end = names.begin() + static_cast<std::ptrdiff_t>(Index) + 1;
        return std::string(names[Index]) + "_" +
               std::to_string(std::count(names.begin(), end, names[Index])) + "/";
    }
    template <std::size_t Index>
    static std::vector<std::size_t> kernel_shape() {
        constexpr convolution conv = int8_convolution_of<leaf<Index>>();
        if constexpr (leaf<Index>::name == "dense") return {conv.channels, conv.filters};
        if constexpr (int8_packing::of(conv).is_depthwise)
            return {conv.rows.taps, conv.columns.taps, conv.channels, conv.group_filters()};
        return {conv.rows.taps, conv.columns.taps, conv.group_channels(), conv.filters};
    }
    template <std::size_t Index>
    static std::array<std::size_t, 4> kernel_strides() {
        constexpr convolution conv = int8_convolution_of<leaf<Index>>();
        return {conv.columns.taps * conv.tap_size(), conv.tap_size(), conv.filters, 1};
    }

    template <std::size_t Index>
    static std::vector<std::int8_t> table_of(const parameters& w) {
        const auto& table = w.tables[stages::places[Index].tables];
        return {table.begin(), table.end()};
    }
    template <std::size_t Index>
    void take_layer(const parameters& w) {
        constexpr convolution conv = int8_convolution_of<leaf<Index>>();
        constexpr int8_packing packing = int8_packing::of(conv);
        constexpr int8_sizes at = stages::places[Index];
        const std::int32_t zero =
            int8_writer<const parameters>{w}.template input_scale<Index>().zero;
        std::vector<std::int8_t> kernel(conv.rows.taps * conv.columns.taps * conv.tap_size());
        std::vector<std::uint32_t> bias(conv.filters);
        for (std::size_t f = 0; f < conv.filters; ++f) {
            std::uint32_t sum = 0;
            for (std::size_t tap = 0; tap < conv.rows.taps * conv.columns.taps; ++tap)
                for (std::size_t c = 0; c < conv.group_channels(); ++c) {
                    const std::int8_t byte =
                        w.weights[at.weights + packing.place(conv, tap / conv.columns.taps,
                                                             tap % conv.columns.taps, c, f)];
                    kernel[(tap * conv.group_channels() + c) * conv.filters + f] = byte;
                    sum += static_cast<std::uint32_t>(byte);
                }
            bias[f] = w.starts[at.channels + f] + static_cast<std::uint32_t>(zero + 128) * sum;
        }
        put(prefix<Index>() + "kernel", "I8", kernel_shape<Index>(), kernel);
        put(prefix<Index>() + "bias", "I32", {conv.filters}, bias);
        const auto first = w.factors.begin() + static_cast<std::ptrdiff_t>(at.channels);
        const std::vector<factor> factors(first, first + static_cast<std::ptrdiff_t>(conv.filters));
        if constexpr (has_float_factors)
            put(prefix<Index>() + "factor", "F32", {conv.filters}, factors);
        else
            put(prefix<Index>() + "factor", "I32", {conv.filters, 2}, factors);
    }
    template <std::size_t Index, class Fail>
    void give_layer(parameters& w, const Fail& fail) const {
        constexpr std::size_t filters = int8_convolution_of<leaf<Index>>().filters;
        constexpr std::size_t first = stages::places[Index].channels;
        const std::string name = prefix<Index>();
        const auto kernel = numbers<std::int8_t>(name + "kernel");
        for (const std::int8_t byte : kernel)
            require(byte != -128, fail, name + "kernel", "-127 to 127", byte);
        const auto bias = numbers<std::uint32_t>(name + "bias");
        const auto factors = numbers<factor>(name + "factor");
        for (const factor& f : factors) {
            if constexpr (has_float_factors)
                require(is_positive(f) || f == 0.0f, fail, name + "factor",
                        "finite and not below 0", f);
            else
                require(0 <= f.q && -31 <= f.shift && f.shift <= 30, fail, name + "factor",
                        "pairs of a number not below 0 and a shift of -31 to 30",
                        f.q < 0 ? f.q : f.shift);
        }
        int8_writer<parameters>{w}.template set_convolution<Index>(
            kernel.data(), kernel_strides<Index>(), [&](std::size_t f) { return bias[f]; },
            [](std::size_t) { return 1.0f; }, false);
        std::copy_n(factors.begin(), filters,
                    w.factors.begin() + static_cast<std::ptrdiff_t>(first));
    }

    template <class T>
    void put(const std::string& name, const char* dtype, std::vector<std::size_t> shape,
             const std::vector<T>& numbers) {
        named_array& entry = entries[name];
        entry = {dtype, std::move(shape), std::vector<std::byte>(numbers.size() * sizeof(T))};
        if (!numbers.empty()) std::memcpy(entry.bytes.data(), numbers.data(), entry.bytes.size());
    }
    template <class T>
    [[nodiscard]] std::vector<T> numbers(const std::string& name) const {
        const std::vector<std::byte>& bytes = entries.at(name).bytes;
        std::vector<T> result(bytes.size() / sizeof(T));
        if (!result.empty()) std::memcpy(result.data(), bytes.data(), bytes.size());
        return result;
    }
    static bool is_positive(float x) { return 0.0f < x && x <= std::numeric_limits<float>::max(); }
    template <class Fail, class T>
    static void require(bool holds, const Fail& fail, const std::string& name, const char* range,
                        T found) {
        if (!holds)
            fail("entry '" + name + "': the numbers must be " + range + ", found " +
                 std::to_string(found));
    }
};

}  // namespace detail

/// For `save` and `load`, which do not know networks in bytes.
template <class Network, class Rounding>
detail::int8_entries<quantized<Network, Rounding>>
entries_of(const quantized_parameters<Network, Rounding>& w) {
    detail::int8_entries<quantized<Network, Rounding>> entries;
    entries.take(w);
    return entries;
}

}  // namespace ctnn
