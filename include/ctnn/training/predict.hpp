// Keras' predict: the outputs for many images, on any number of threads.
#pragma once

#include <ctnn/network.hpp>
#include <ctnn/training/checks.hpp>
#include <ctnn/training/thread_pool.hpp>

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace ctnn {

namespace detail {

/// Stops the compiler at outputs of another shape than the network's.
template <class Found, class Wanted>
struct outputs_fit {
    static_assert(std::is_same_v<Found, Wanted>,
                  "ctnn::predict: the outputs must be tensors of the network's output_shape");
};

template <class Network>
void predict_on_threads(const parameters<Network>& w,
                        std::span<const typename Network::input> images,
                        std::span<typename Network::output> outputs,
                        const thread_options& options) {
    if (images.size() != outputs.size())
        throw std::invalid_argument(
            "ctnn::predict: the number of outputs must be that of the images, found " +
            std::to_string(outputs.size()) + " for " + std::to_string(images.size()));
    detail::check_option("predict", "threads", options.threads, 0, detail::most_threads);
    constexpr std::size_t at_once = 16 * simd::native_lanes;  // whole packs, which share out evenly
    const std::size_t pieces = images.size() / at_once + 1;   // the last may be empty
    detail::workers workers(options.threads, pieces);
    std::vector<typename Network::batch_workspace> spaces(workers.count());
    workers.run(pieces, [&](std::size_t worker, std::size_t piece) {
        const std::size_t first = piece * at_once;
        const std::size_t count = std::min(at_once, images.size() - first);
        Network::predict(w, images.subspan(first, count), outputs.subspan(first, count),
                         spaces[worker]);
    });
}

}  // namespace detail

/// The outputs for any number of images, the same bits as `Network::predict` of the same spans, on
/// any number of threads; `images` and `outputs` are contiguous ranges. Throws
/// std::invalid_argument unless they are equally long, or on threads out of range,
/// std::system_error where a thread cannot be started; nothing is written then. `predict(w, images,
/// outputs, {.threads = 0})`
template <class Network, class Images, class Outputs>
void predict(const parameters<Network>& w, const Images& all_images, Outputs&& all_outputs,
             const thread_options& options = {}) {
    using image = std::ranges::range_value_t<Images>;
    using output = std::ranges::range_value_t<Outputs>;
    static_assert(sizeof(detail::images_fit<image, typename Network::input>) > 0);
    static_assert(sizeof(detail::outputs_fit<output, typename Network::output>) > 0);
    if constexpr (std::is_same_v<image, typename Network::input> &&
                  std::is_same_v<output, typename Network::output>)
        detail::predict_on_threads<Network>(w, std::span<const image>(all_images),
                                            std::span<output>(all_outputs), options);
}

}  // namespace ctnn
