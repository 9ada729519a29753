// What each layer of a network reads. Values are numbered: 0 is the network's input, i + 1 what layer
// i gives. In a chain layer i reads value i.
#pragma once

#include <ctnn/language.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace ctnn::detail {

/// The values that `Layers` layers read, in the order of computation: `Reads` in all.
template <std::size_t Layers, std::size_t Reads = Layers>
struct links {
    static constexpr std::size_t layers = Layers, all = Reads;
    std::array<std::size_t, Layers + 1> first{};  // where a layer's begin in `values`
    std::array<std::size_t, Reads> values{};
    std::size_t output = 0;  // the value that the network gives

    [[nodiscard]] constexpr std::span<const std::size_t> read_by(std::size_t layer) const noexcept {
        return std::span(values).subspan(first[layer], first[layer + 1] - first[layer]);
    }
    /// The layer that reads `value` last; `Layers` when it is the network's output.
    [[nodiscard]] constexpr std::size_t last_reader(std::size_t value) const noexcept {
        if (value == output) return Layers;
        for (std::size_t layer = Layers; layer-- > 0;)
            for (std::size_t r = first[layer]; r < first[layer + 1]; ++r)
                if (values[r] == value) return layer;
        return 0;
    }
    /// How many times `value` is read; as the network's output, too.
    [[nodiscard]] constexpr std::size_t readers(std::size_t value) const noexcept {
        std::size_t count = value == output;
        for (const std::size_t read : values) count += read == value;
        return count;
    }
    /// Those of the first `Count` layers, which read `Sum` values and leave no branch open.
    template <std::size_t Count, std::size_t Sum>
    [[nodiscard]] constexpr links<Count, Sum> of_first() const noexcept {
        links<Count, Sum> result;
        std::copy_n(first.begin(), Count + 1, result.first.begin());
        std::copy_n(values.begin(), Sum, result.values.begin());
        result.output = Count == Layers ? output : Count;
        return result;
    }
};

/// Writes links layer by layer.
template <std::size_t Layers, std::size_t Reads>
struct links_writer {
    links<Layers, Reads> to{};
    std::size_t layer = 0, read = 0;

    /// A layer that reads `values`; returns the value that it gives.
    constexpr std::size_t add(std::span<const std::size_t> values) noexcept {
        for (const std::size_t value : values) to.values[read++] = value;
        to.first[++layer] = read;
        return to.output = layer;
    }
    /// All layers of a part of the network whose input is `value`; returns the value that it gives.
    template <std::size_t N, std::size_t M>
    constexpr std::size_t add(const links<N, M>& part, std::size_t value) noexcept {
        const std::size_t base = layer;
        const auto here = [&](std::size_t v) { return v == 0 ? value : v + base; };
        for (std::size_t i = 0; i < N; ++i) {
            for (const std::size_t v : part.read_by(i)) to.values[read++] = here(v);
            to.first[++layer] = read;
        }
        return to.output = here(part.output);
    }
};

/// A chain of layers.
template <std::size_t Layers>
constexpr links<Layers> chain() noexcept {
    links_writer<Layers, Layers> writer;
    for (std::size_t i = 0; i < Layers; ++i) writer.add(std::array{i});
    return writer.to;
}

}  // namespace ctnn::detail
