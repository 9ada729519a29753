// What is checked of examples, optimizers and options before anything is computed: types by the
// compiler, numbers by exceptions.
#pragma once

#include <ctnn/dataset.hpp>
#include <ctnn/parameters.hpp>
#include <ctnn/shape.hpp>
#include <ctnn/tensor.hpp>
#include <ctnn/training/losses.hpp>
#include <ctnn/training/optimizers.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace ctnn::detail {

template <class T>
inline constexpr bool is_tensor = false;
template <class Shape>
inline constexpr bool is_tensor<tensor<Shape>> = true;

/// Stops the compiler at targets that the loss cannot use; labels are whole numbers of any type.
template <class LossOnNetwork, class Target>
struct targets_fit {
    static_assert(
        is_tensor<Target>,
        "ctnn: the targets must be whole numbers (labels) or tensors of the output_shape");
};
template <class LossOnNetwork, class Shape>
struct targets_fit<LossOnNetwork, tensor<Shape>> {
    using wanted = typename LossOnNetwork::shape_type;
    static constexpr std::size_t found = difference<Shape, wanted>::of_found;
    static constexpr std::size_t expected = difference<Shape, wanted>::of_wanted;
    static_assert(found == expected,
                  "ctnn: the shape of the targets must be the network's output_shape");
};
template <class LossOnNetwork, std::integral Label>
struct targets_fit<LossOnNetwork, Label> : LossOnNetwork::label_check {};

/// Stops the compiler at images of another shape than the network's input.
template <class Found, class Wanted>
struct images_fit {
    static_assert(is_tensor<Found>,
                  "ctnn: the images must be tensors of the network's input_shape");
};
template <class Found, class Wanted>
struct images_fit<tensor<Found>, tensor<Wanted>> {
    static constexpr std::size_t found = difference<Found, Wanted>::of_found;
    static constexpr std::size_t expected = difference<Found, Wanted>::of_wanted;
    static_assert(found == expected,
                  "ctnn: the shape of the images must be the network's input_shape");
};

/// Stops the compiler at an optimizer of another network than the parameters.
template <class OfOptimizer, class OfParameters>
struct same_network {
    static_assert(std::is_same_v<OfOptimizer, OfParameters>,
                  "ctnn: the optimizer must be made for the network whose parameters it trains");
};
template <class Optimizer, class Network>
concept optimizer_of = requires(Optimizer& optimizer, parameters<Network>& w,
                                const parameters<Network>& d_w) {
    optimizer.update(w, d_w);
};
template <class Optimizer, class Network>
struct optimizer_fits {
    static constexpr bool has_update = optimizer_of<Optimizer, Network>;
    static_assert(has_update,
                  "ctnn: the optimizer must have update(parameters& w, const parameters& d_w)");
};
template <class Optimizer, class Network>
requires requires {
    typename Optimizer::owner;
}
struct optimizer_fits<Optimizer, Network> : same_network<typename Optimizer::owner, Network> {};

inline std::string text_of(double value) {
    if (std::isnan(value)) return "nan";  // without the sign, which means nothing
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

/// Whether a label is one of the classes 0 ... `classes` - 1. (The standard's comparisons of
/// integers leave out `bool` and the types of characters.)
template <std::integral Label>
constexpr bool is_class(Label label, std::size_t classes) noexcept {
    using widest = std::conditional_t<(sizeof(Label) > sizeof(std::size_t)), Label, std::size_t>;
    if constexpr (Label(-1) < Label(0))
        if (label < 0) return false;
    return static_cast<widest>(label) < static_cast<widest>(classes);
}
template <std::integral Label>
std::string text_of_label(Label label) {
    if constexpr (sizeof(Label) > sizeof(long long))
        if (static_cast<Label>(static_cast<long long>(label)) != label)
            return "a number of more than 64 bits";
    if constexpr (Label(-1) < Label(0))
        return std::to_string(static_cast<long long>(label));
    else
        return std::to_string(static_cast<unsigned long long>(label));
}

/// A range of targets as it is, or, where it is one of bits, copied into labels.
template <class Targets>
auto contiguous(const Targets& targets) {
    if constexpr (std::ranges::contiguous_range<const Targets>)
        return std::span<const std::ranges::range_value_t<Targets>>(targets);
    else
        return std::vector<class_label>(targets.begin(), targets.end());
}
template <class Contiguous>
using target_in = typename Contiguous::value_type;

/// Throws std::invalid_argument unless there are images, each with a target the network can give.
template <class Network, class Loss, class Target>
void check_examples(const char* where, std::size_t images, std::span<const Target> targets) {
    using loss = typename Loss::template on<Network>;
    const auto refuse = [&](const std::string& sentence) {
        throw std::invalid_argument(std::string("ctnn::") + where + ": " + sentence);
    };
    if (images == 0) refuse("the number of images must be at least 1, found 0");
    if (images != targets.size())
        refuse("the number of targets must be that of the images, found " +
               std::to_string(targets.size()) + " for " + std::to_string(images));
    if constexpr (std::integral<Target>) {
        for (std::size_t i = 0; i < images; ++i)
            if (!is_class(targets[i], loss::classes))
                refuse("every label must be from 0 to " + std::to_string(loss::classes - 1) +
                       ", found " + text_of_label(targets[i]) + " at image " + std::to_string(i));
    } else if constexpr (requires(target_fault f) { f = loss::fault_of(targets[0]); }) {
        for (std::size_t i = 0; i < images; ++i) {
            const target_fault fault = loss::fault_of(targets[i]);
            if (fault.rule != nullptr)
                refuse(std::string(fault.rule) + ", found " + text_of(fault.found) + " at image " +
                       std::to_string(i) + ", output " + std::to_string(fault.index));
        }
    }
}

/// Throws std::invalid_argument where an option of the optimizer is out of its range.
template <class Optimizer>
void check_optimizer(const char* where, const Optimizer& optimizer) {
    if constexpr (requires { fault_of(optimizer.options); }) {
        const option_fault fault = fault_of(optimizer.options);
        if (fault.name != nullptr)
            throw std::invalid_argument(std::string("ctnn::") + where + ": the optimizer's " +
                                        fault.name + " must be " + fault.range + ", found " +
                                        text_of(fault.found));
    }
}

/// Throws std::invalid_argument unless least <= value <= most; a negative number that became a
/// std::size_t is far beyond.
inline void check_option(const char* where, const char* name, std::size_t value, std::size_t least,
                         std::size_t most) {
    if (value < least || value > most)
        throw std::invalid_argument(std::string("ctnn::") + where + ": the " + name +
                                    " must be in [" + std::to_string(least) + ", " +
                                    std::to_string(most) + "], found " + std::to_string(value));
}
inline constexpr std::size_t most_steps = 2'147'483'647, most_threads = 4096;

}  // namespace ctnn::detail
