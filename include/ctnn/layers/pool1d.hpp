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
struct max_pool1d
    : detail::named_row<"max_pool1d", detail::layer_along_row<max_pool2d, window<1, 2>, Options...>,
                        Options...> {};

/// The mean of what each window sees, without padding, channel by channel: `average_pool2d` along a
/// row. shape<1, T, C> -> shape<1, floor((T + pads - window) / stride) + 1, C>. Options as of
/// `max_pool1d`, without every_maximum. Rejected: an input of several rows; what average_pool2d
/// rejects. https://keras.io/api/layers/pooling_layers/average_pooling1d
template <class... Options>
struct average_pool1d
    : detail::named_row<"average_pool1d",
                        detail::layer_along_row<average_pool2d, window<1, 2>, Options...>,
                        Options...> {};

/// The largest value of every channel: shape<1, T, C> -> features<C>. Rejected: an input of several
/// rows. https://keras.io/api/layers/pooling_layers/global_max_pooling1d
struct global_max_pool1d : detail::named_row<"global_max_pool1d", global_max_pool2d> {};

/// The mean of every channel: shape<1, T, C> -> features<C>. Rejected: an input of several rows.
/// https://keras.io/api/layers/pooling_layers/global_average_pooling1d
struct global_average_pool1d : detail::named_row<"global_average_pool1d", global_average_pool2d> {};

}  // namespace ctnn
