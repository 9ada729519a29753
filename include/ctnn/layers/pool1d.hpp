// Pooling in one dimension: names and options of its own, the arithmetic of two.
#pragma once

#include <ctnn/layers/average_pool2d.hpp>
#include <ctnn/layers/global_average_pool2d.hpp>
#include <ctnn/layers/global_max_pool2d.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/one_dimension.hpp>

namespace ctnn {

/// The largest value that each window sees, channel by channel: `max_pool2d` along a row.
/// shape<1, T, C> -> shape<1, floor((T + pads - window) / stride) + 1, C>. Options, each of one
/// number: window<> (default 2), stride<> (default: the window), one of valid (default), same,
/// padding<both>, padding<before, after>, and every_maximum. Rejected: an input of several rows;
/// what max_pool2d rejects. https://keras.io/api/layers/pooling_layers/max_pooling1d
template <class... Options>
struct max_pool1d {
    using two = detail::layer_along_row<max_pool2d, window<1, 2>, Options...>;
    template <class Input>
    using row = detail::row<two, Input, Options...>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on : row<Input>::template base<on<Input>> {
        static constexpr std::string_view name = "max_pool1d";
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

/// The mean of what each window sees, without padding, channel by channel: `average_pool2d` along a
/// row. shape<1, T, C> -> shape<1, floor((T + pads - window) / stride) + 1, C>. Options as of
/// `max_pool1d`, without every_maximum. Rejected: an input of several rows; what average_pool2d
/// rejects. https://keras.io/api/layers/pooling_layers/average_pooling1d
template <class... Options>
struct average_pool1d {
    using two = detail::layer_along_row<average_pool2d, window<1, 2>, Options...>;
    template <class Input>
    using row = detail::row<two, Input, Options...>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on : row<Input>::template base<on<Input>> {
        static constexpr std::string_view name = "average_pool1d";
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

/// The largest value of every channel: shape<1, T, C> -> features<C>. Rejected: an input of several
/// rows. https://keras.io/api/layers/pooling_layers/global_max_pooling1d
struct global_max_pool1d {
    using two = global_max_pool2d;
    template <class Input>
    using row = detail::row<two, Input>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on : row<Input>::template base<on<Input>> {
        static constexpr std::string_view name = "global_max_pool1d";
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

/// The mean of every channel: shape<1, T, C> -> features<C>. Rejected: an input of several rows.
/// https://keras.io/api/layers/pooling_layers/global_average_pooling1d
struct global_average_pool1d {
    using two = global_average_pool2d;
    template <class Input>
    using row = detail::row<two, Input>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on : row<Input>::template base<on<Input>> {
        static constexpr std::string_view name = "global_average_pool1d";
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

}  // namespace ctnn
