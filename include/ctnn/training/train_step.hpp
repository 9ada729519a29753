// One step of training: forward, loss, backward and the optimizer over one batch of images.
#pragma once

#include <ctnn/training/batch_step.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

namespace ctnn {

namespace detail {

/// Calls f(worker, piece) for every piece in [0, pieces), one after the other.
struct one_worker {
    template <class F>
    static void run(std::size_t pieces, const F& f) noexcept {
        for (std::size_t piece = 0; piece < pieces; ++piece) f(std::size_t{0}, piece);
    }
};

}  // namespace detail

/// The memory that training needs beside the parameters and the optimizer; plain, about as large as
/// the network's activations times the lanes, and twice its parameters. Keep it between steps, and
/// off the stack. A network that looks at the whole batch (batch_normalization) keeps the
/// activations of all its images: at most `Batch`. For any other `Batch` means nothing.
template <class Network, class Loss = sparse_categorical_crossentropy, class T = simd::native,
          std::size_t Batch = 32>
struct training_workspace : detail::one_worker {
    static constexpr std::size_t packs =
        detail::is_segmented<Network, Loss> ? (Batch - 1) / simd::lanes_of<T> + 1 : 1;

    std::array<detail::lane_workspace<Network, Loss, T>, packs> lanes;
    std::array<parameters<Network>, 2> gradients;
    /// For random layers (dropout): another seed, other masks. `step` counts the steps.
    [[no_unique_address]] std::conditional_t<detail::is_random<Network, Loss>, detail::step_seed,
                                             detail::no_seed>
        random{};
};

namespace detail {

/// The same on the heap, for a batch of any size.
template <class Network, class Loss>
struct heap_workspace : one_worker {
    explicit heap_workspace(std::size_t packs) : lanes(packs), gradients(2) {}
    std::vector<lane_workspace<Network, Loss, simd::native>> lanes;
    std::vector<parameters<Network>> gradients;
    step_seed random{};
};

/// Stops the compiler at a workspace of another network or loss.
template <class Workspace, class Network, class Loss>
inline constexpr bool is_workspace_of = false;
template <class Network, class Loss, std::size_t Batch>
inline constexpr bool
    is_workspace_of<training_workspace<Network, Loss, simd::native, Batch>, Network, Loss> = true;
template <class Network, class Loss>
inline constexpr bool is_workspace_of<heap_workspace<Network, Loss>, Network, Loss> = true;
template <class Found, class Network, class Loss>
struct workspace_fits {
    static_assert(is_workspace_of<Found, Network, Loss>,
                  "ctnn::train_step: the workspace must be training_workspace<net, loss> of this "
                  "network and loss");
};

}  // namespace detail

/// Trains on one batch: the mean loss over the batch, its gradient, one step of the optimizer.
/// Returns the batch's loss and accuracy before the step. A loss that is not finite changes
/// nothing: look at it. `images` and `targets` are contiguous ranges of any length from 1; targets
/// are class labels, or tensors of the network's output_shape. Throws std::invalid_argument on an
/// empty batch, another number of targets than images, a label that is no class, a target that the
/// loss refuses, or an option of the optimizer out of its range; nothing has changed then.
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer,
          class Images, class Targets, class Workspace>
evaluation train_step(parameters<Network>& w, Optimizer& optimizer, const Images& images,
                      const Targets& targets, Workspace& workspace) {
    static_assert(sizeof(detail::workspace_fits<Workspace, Network, Loss>) > 0);
    using image = std::ranges::range_value_t<Images>;
    static_assert(sizeof(detail::images_fit<image, typename Network::input>) > 0);
    static_assert(sizeof(detail::optimizer_fits<Optimizer, Network>) > 0);
    if constexpr (std::is_same_v<image, typename Network::input> &&
                  detail::is_workspace_of<Workspace, Network, Loss>) {  // else one error is enough
        const std::span<const image> all_images(images);
        const auto all = detail::contiguous(targets);
        using target = detail::target_in<decltype(all)>;
        detail::check_examples<Network, Loss, target>("train_step", all_images.size(), all);
        detail::check_optimizer("train_step", optimizer);
        const auto in_order = [](std::size_t i) { return i; };
        detail::lane_runner<Network, Loss, simd::native, target, decltype(in_order)> runner(
            w, all_images, all, in_order);
        if constexpr (detail::is_segmented<Network, Loss>)
            detail::check_option("train_step", "number of images of a batch", all.size(), 1,
                                 workspace.lanes.size() * simd::native_lanes);
        detail::step_seed random;
        if constexpr (detail::is_random<Network, Loss>) {
            random = workspace.random;
            ++workspace.random.step;
        }
        const detail::sums total =
            detail::step(w, optimizer, runner, 0, all.size(), workspace, random);
        return total.mean_over(all.size());
    } else {
        return {};
    }
}
/// The same, with a workspace from the heap for this step alone, for a batch of any size. Random
/// layers draw other numbers for other parameters.
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer,
          class Images, class Targets>
evaluation train_step(parameters<Network>& w, Optimizer& optimizer, const Images& images,
                      const Targets& targets) {
    const std::size_t packs = detail::is_segmented<Network, Loss>
                                  ? detail::parts_of(std::ranges::size(images), simd::native_lanes)
                                  : 1;
    detail::heap_workspace<Network, Loss> workspace(std::max<std::size_t>(1, packs));
    for (const float number : w.values())
        workspace.random.step =
            detail::mixed(workspace.random.step ^ std::bit_cast<std::uint32_t>(number));
    return train_step<Loss>(w, optimizer, images, targets, workspace);
}

}  // namespace ctnn
