// What stops the compiler, in a sentence, where a network is not used as it is.
#pragma once

#include <ctnn/shape.hpp>

#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// Stops the compiler at an image of another shape than the network's input.
template <class Found, class Wanted>
struct same_shape {
    static constexpr std::size_t found = difference<Found, Wanted>::of_found;
    static constexpr std::size_t expected = difference<Found, Wanted>::of_wanted;
    static_assert(found == expected,
                  "ctnn::network::predict: the image's shape must be the network's input_shape");
};

/// Stops the compiler at parameters of another network.
template <class Found, class Expected>
struct parameters_of {
    static_assert(std::is_same_v<Found, Expected>,
                  "ctnn::network::predict: the parameters must be this network's, not another's");
};
template <class Parameters, class Network>
concept of_another = requires {
    typename Parameters::owner;
    requires(!std::is_same_v<typename Parameters::owner, Network>);
};

template <class T>
inline constexpr bool is_shape = false;
template <std::size_t Height, std::size_t Width, std::size_t Channels>
inline constexpr bool is_shape<shape<Height, Width, Channels>> = true;

/// Stops the compiler at the first argument of a network.
template <class Input>
struct network_input {
    static_assert(
        is_shape<Input>,
        "ctnn::network: the first argument must be the shape<> of the input; put it first");
};
template <std::size_t Height, std::size_t Width, std::size_t Channels>
struct network_input<shape<Height, Width, Channels>> {
    static_assert(1 <= Height, "ctnn::network: the height of the input must be at least 1");
    static_assert(1 <= Width, "ctnn::network: the width of the input must be at least 1");
    static_assert(1 <= Channels, "ctnn::network: the channels of the input must be at least 1");
};

}  // namespace ctnn::detail
