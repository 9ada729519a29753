// What a network is trained to make small. A loss is put on a network, as a layer is on a shape:
// there it checks that it fits the output, and says how many layers it runs by itself. Softmax
// followed by cross-entropy, and sigmoid followed by binary cross-entropy, are each one operation
// on the numbers before: no logarithm of 0, never not a number for finite input.
#pragma once

#include <ctnn/dataset.hpp>
#include <ctnn/layers/sigmoid.hpp>
#include <ctnn/layers/softmax.hpp>
#include <ctnn/network.hpp>
#include <ctnn/simd/elementary_functions.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace ctnn {
namespace detail {

template <class Network, class Activation>
inline constexpr bool ends_with = [] {
    constexpr std::size_t last = Network::table::last_computing;
    if constexpr (last < Network::leaf_count) {
        using leaf = typename Network::template leaf<last>;
        return std::is_same_v<leaf, typename Activation::template on<typename leaf::input_shape>>;
    } else {
        return false;
    }
}();

/// How many channels the last layer that computes something gives each pixel: a softmax there
/// divides by their sum, also when its output is made flat afterwards.
template <class Network>
inline constexpr std::size_t channels_at_the_end = [] {
    constexpr std::size_t last = Network::table::last_computing;
    if constexpr (last < Network::leaf_count)
        return Network::template leaf<last>::output_shape::channels;
    else
        return Network::output_shape::channels;
}();

/// What is wrong with a target: the rule, and the number that breaks it, at output `index`. Where
/// nothing is wrong, `rule` is null.
struct target_fault {
    const char* rule = nullptr;
    std::size_t index = 0;
    double found = 0.0;
};

/// Whether the largest of `Classes` numbers z stands where the largest of the targets t does, pixel
/// by pixel: 1 or 0, the mean. Of equal numbers the first one counts, as in NumPy's argmax; where
/// softmax(z) or t is not a number, nothing is right.
template <std::size_t Classes, class Shape, class T>
constexpr T same_largest_channel(tensor_view<Shape, const T> z,
                                 tensor_view<Shape, const T> t) noexcept {
    T right(0.0f);
    for (std::size_t first = 0; first < Shape::size; first += Classes) {
        T z_largest = z[first], t_largest = t[first], z_at(0.0f), t_at(0.0f), are_numbers(1.0f);
        for (std::size_t c = 0; c < Classes; ++c) {
            const T here(static_cast<float>(c)), z_here = z[first + c], t_here = t[first + c];
            z_at = simd::select(z_here > z_largest, here, z_at);
            t_at = simd::select(t_here > t_largest, here, t_at);
            z_largest = simd::select(z_here > z_largest, z_here, z_largest);
            t_largest = simd::select(t_here > t_largest, t_here, t_largest);
            are_numbers = simd::select(z_here == z_here, are_numbers, T(0.0f));
            are_numbers = simd::select(t_here == t_here, are_numbers, T(0.0f));
        }
        // Of an infinite number softmax makes none.
        are_numbers = simd::select(z_largest - z_largest == T(0.0f), are_numbers, T(0.0f));
        right = right + simd::select(z_at == t_at, are_numbers, T(0.0f));
    }
    constexpr std::size_t pixels = Shape::size / Classes;
    return right * T(1.0f / static_cast<float>(pixels));
}

/// Cross-entropy of the softmax that a network ends with.
template <class Network>
struct softmax_loss {
    using shape_type = typename Network::output_shape;
    static constexpr bool has_accuracy = true;
    static constexpr std::size_t classes = channels_at_the_end<Network>;
    static constexpr std::size_t pixels = shape_type::size / (classes == 0 ? 1 : classes);
    /// How many layers run before the loss: all but the softmax, which is the loss's own.
    static constexpr std::size_t leaves = Network::table::last_computing;

    /// Returns the loss of z and writes its gradient, one image per lane.
    template <class T>
    static constexpr T evaluate(tensor_view<shape_type, const T> z,
                                tensor_view<shape_type, const T> t,
                                tensor_view<shape_type, T> d_z) noexcept {
        const T share(1.0f / static_cast<float>(pixels));
        T loss(0.0f);
        for (std::size_t first = 0; first < shape_type::size; first += classes) {
            T largest = z[first];
            for (std::size_t c = 1; c < classes; ++c) largest = simd::max(T(z[first + c]), largest);
            T sum(0.0f), sum_of_targets(0.0f);
            for (std::size_t c = 0; c < classes; ++c) {
                d_z[first + c] = simd::exp(T(z[first + c] - largest));
                sum = sum + d_z[first + c];
                sum_of_targets = sum_of_targets + t[first + c];
            }
            const T log_of_sum = simd::log(sum), scale = simd::divide(sum_of_targets, sum);
            for (std::size_t c = 0; c < classes; ++c) {
                // Never -infinity, which times a target of 0 would not be a number; but what is
                // none stays none.
                const T difference = z[first + c] - largest, lowest(-3e38f);
                const T below = simd::select(difference < lowest, lowest, difference);
                loss = loss + t[first + c] * (log_of_sum - below) * share;
                d_z[first + c] = (d_z[first + c] * scale - t[first + c]) * share;
            }
        }
        return loss;
    }
    template <class T>
    static constexpr T accuracy(tensor_view<shape_type, const T> z,
                                tensor_view<shape_type, const T> t) noexcept {
        return same_largest_channel<classes>(z, t);
    }
    /// Element c of the target that a class label stands for.
    static constexpr float target(class_label label, std::size_t c) noexcept {
        return static_cast<std::size_t>(label) == c ? 1.0f : 0.0f;
    }
    /// Targets are probabilities.
    static constexpr target_fault fault_of(const tensor<shape_type>& t) noexcept {
        for (std::size_t first = 0; first < shape_type::size; first += classes) {
            double sum = 0.0;
            for (std::size_t i = first; i < first + classes; ++i) {
                if (!(t[i] >= 0.0f))
                    return {"every target must be at least 0", i, static_cast<double>(t[i])};
                sum += static_cast<double>(t[i]);
            }
            if (!(sum >= 0.999 && sum <= 1.001))
                return {"the targets of each pixel must add up to 1 (within 0.001)", first, sum};
        }
        return {};
    }
};

}  // namespace detail

/// Cross-entropy of a softmax, from one-hot (or soft) targets t: -sum over c of t(c) log
/// softmax(z)(c), the mean over the pixels (also if `flatten` follows). Its gradient is softmax(z)
/// - t, for targets that add up to 1. Targets are tensors of the output's shape, or, for an output
/// of one pixel, class labels 0, 1, ... Rejected: a network that does not end with `softmax`, or
/// with fewer than 2 classes. Accuracy: how often the largest output is where the largest target
/// is, the first of equals.
/// https://keras.io/api/losses/probabilistic_losses/#categoricalcrossentropy-class
struct categorical_crossentropy {
    template <class Network>
    struct on : detail::softmax_loss<Network> {
        struct label_check {
            static constexpr std::size_t pixels = on::pixels;
            static_assert(
                pixels == 1,
                "ctnn::categorical_crossentropy: labels must be for an output of 1 pixel; "
                "give one-hot targets");
        };

        // Last, so that clang knows all members when one of these fails.
        static constexpr bool ends_with_softmax = detail::ends_with<Network, softmax>;
        static_assert(ends_with_softmax,
                      "ctnn::categorical_crossentropy: the last layer must be softmax; add it, or "
                      "name another loss");
        static constexpr std::size_t classes_found = ends_with_softmax ? on::classes : 2;
        static_assert(2 <= classes_found, "ctnn::categorical_crossentropy: the classes must be at "
                                          "least 2; use binary_crossentropy");
    };
};

/// The same under the name that Keras gives it when targets are class labels: the default.
/// https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class
struct sparse_categorical_crossentropy {
    template <class Network>
    struct on : detail::softmax_loss<Network> {
        struct label_check {
            static constexpr std::size_t pixels = on::pixels;
            static_assert(
                pixels == 1,
                "ctnn::sparse_categorical_crossentropy: labels must be for an output of 1 pixel; "
                "give one-hot targets");
        };

        static constexpr bool ends_with_softmax = detail::ends_with<Network, softmax>;
        static_assert(ends_with_softmax,
                      "ctnn::sparse_categorical_crossentropy (default): the last layer must be "
                      "softmax; or fit<mean_squared_error>");
        static constexpr std::size_t classes_found = ends_with_softmax ? on::classes : 2;
        static_assert(2 <= classes_found, "ctnn::sparse_categorical_crossentropy: the classes must "
                                          "be at least 2; use binary_crossentropy");
    };
};

/// Cross-entropy of a sigmoid, the mean over the outputs:
/// -t log(p) - (1 - t) log(1 - p) with p = sigmoid(z), computed as max(z, 0) - z t + log(1 +
/// e^-|z|). Targets are tensors of the output's shape with values in [0, 1], or, for one output,
/// labels 0 and 1. Rejected: a network that does not end with `sigmoid`. Accuracy: how often p >
/// 0.5 where t > 0.5. https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class
struct binary_crossentropy {
    template <class Network>
    struct on {
        using shape_type = typename Network::output_shape;
        static constexpr bool has_accuracy = true;
        static constexpr std::size_t classes = 2;
        static constexpr std::size_t leaves = Network::table::last_computing;
        static constexpr float share = 1.0f / static_cast<float>(shape_type::size);

        struct label_check {
            static constexpr std::size_t outputs = shape_type::size;
            static_assert(outputs == 1, "ctnn::binary_crossentropy: labels must be for 1 output; "
                                        "give targets of the output's shape");
        };

        template <class T>
        static constexpr T evaluate(tensor_view<shape_type, const T> z,
                                    tensor_view<shape_type, const T> t,
                                    tensor_view<shape_type, T> d_z) noexcept {
            T loss(0.0f);
            for (std::size_t i = 0; i < shape_type::size; ++i) {
                const T tail = simd::log(T(T(1.0f) + simd::exp(-simd::abs(T(z[i])))));
                loss = loss + (simd::max(T(z[i]), T(0.0f)) - z[i] * t[i] + tail);
                d_z[i] = (simd::sigmoid(T(z[i])) - t[i]) * T(share);
            }
            return loss * T(share);
        }
        template <class T>
        static constexpr T accuracy(tensor_view<shape_type, const T> z,
                                    tensor_view<shape_type, const T> t) noexcept {
            const T yes(1.0f), no(0.0f);
            T right(0.0f);
            for (std::size_t i = 0; i < shape_type::size; ++i)  // what is no number says neither
                right = right +
                        simd::select(z[i] > T(0.0f), simd::select(t[i] > T(0.5f), yes, no), no) +
                        simd::select(z[i] <= T(0.0f), simd::select(t[i] <= T(0.5f), yes, no), no);
            return right * T(share);
        }
        static constexpr float target(class_label label, std::size_t) noexcept {
            return static_cast<float>(label);
        }
        /// Targets are probabilities of a yes.
        static constexpr detail::target_fault fault_of(const tensor<shape_type>& t) noexcept {
            for (std::size_t i = 0; i < shape_type::size; ++i)
                if (!(t[i] >= 0.0f && t[i] <= 1.0f))
                    return {"every target must be in [0, 1]", i, static_cast<double>(t[i])};
            return {};
        }

        // Last, so that clang knows all members when one of these fails.
        static_assert(detail::ends_with<Network, sigmoid>,
                      "ctnn::binary_crossentropy: the last layer must be sigmoid; add it, or name "
                      "another loss");
    };
};

/// The mean over the outputs of (y - t)^2. Targets are tensors of the output's shape. Any last
/// layer; no accuracy. https://keras.io/api/losses/regression_losses/#meansquarederror-class
struct mean_squared_error {
    template <class Network>
    struct on {
        using shape_type = typename Network::output_shape;
        static constexpr bool has_accuracy = false;
        static constexpr std::size_t leaves = Network::leaf_count;
        static constexpr float share = 1.0f / static_cast<float>(shape_type::size);
        struct label_check {
            static constexpr bool takes_labels = shape_type::size == 0;
            static_assert(takes_labels,
                          "ctnn::mean_squared_error: the targets must be tensors of the network's "
                          "output_shape, not labels");
        };
        static constexpr std::size_t classes = 0;  // after that error no other one
        static constexpr float target(class_label, std::size_t) noexcept { return 0.0f; }

        template <class T>
        static constexpr T evaluate(tensor_view<shape_type, const T> y,
                                    tensor_view<shape_type, const T> t,
                                    tensor_view<shape_type, T> d_y) noexcept {
            T loss(0.0f);
            for (std::size_t i = 0; i < shape_type::size; ++i) {
                const T difference = y[i] - t[i];
                loss = simd::fma(difference, difference, loss);
                d_y[i] = difference * T(2.0f * share);
            }
            return loss * T(share);
        }
    };
};

}  // namespace ctnn
