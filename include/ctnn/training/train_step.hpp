// One step of training: forward, loss, backward and the optimizer over one batch of images, as many
// at once as the processor has lanes.
#pragma once

#include <ctnn/simd/lanes.hpp>
#include <ctnn/training/backpropagation.hpp>
#include <ctnn/training/checks.hpp>
#include <ctnn/training/losses.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {

/// Means over the images that were looked at. Accuracy is in [0, 1]; not a number where the loss
/// has none.
struct evaluation {
    double loss = 0.0;
    double accuracy = 0.0;
};

namespace detail {

/// Sums of loss and accuracy over images; the order of the additions is fixed.
struct sums {
    double loss = 0.0, accuracy = 0.0;
    constexpr sums& operator+=(const sums& more) noexcept {
        loss += more.loss;
        accuracy += more.accuracy;
        return *this;
    }
    [[nodiscard]] constexpr evaluation mean_over(std::size_t images) const noexcept {
        const double count = static_cast<double>(images);
        return {loss / count, accuracy / count};
    }
};

/// Images and their targets, one per lane, and all that lies between.
template <class Network, class Loss, class T>
struct lane_workspace {
    using loss = typename Loss::template on<Network>;
    using output_shape = typename Network::output_shape;
    using backward_pass = backpropagation<Network, T, loss::leaves>;

    backward_pass pass;
    tensor<output_shape, T> targets;

    // Never inlined: one copy gives whoever calls the same bits.

    /// Runs the images of the first `count` lanes forward; adds their losses to `total`. Unless
    /// `d_w` is null also backward: adds `weight` times their gradients to it.
    [[gnu::noinline]] void run(const parameters<Network>& w, std::size_t count, sums& total,
                               float* d_w, float weight) noexcept {
        if (d_w == nullptr) {
            pass.predict(w);
            measure(count, total);
        } else if constexpr (backward_pass::segments == 1) {
            pass.forward(w);
            measure(count, total);
            weigh(count, weight);
            pass.backward(w, parameter_view<Network, float>(d_w));
        }
    }
    /// Segment by segment, of a batch of `batch` images.
    template <std::size_t S>
    [[gnu::noinline]] void run_forward(const parameters<Network>& w, std::size_t count,
                                       std::size_t batch, sums& total) noexcept {
        pass.template forward_segment<S>(w, count, batch);
        if constexpr (S + 1 == backward_pass::segments) {
            measure(count, total);
            weigh(count, 1.0f / static_cast<float>(batch));
        }
    }
    template <std::size_t S>
    [[gnu::noinline]] void run_backward(const parameters<Network>& w, std::size_t count,
                                        std::size_t batch, float* d_w) noexcept {
        pass.template backward_segment<S>(w, parameter_view<Network, float>(d_w), count, batch);
    }

private:
    void measure(std::size_t count, sums& total) noexcept {
        constexpr std::size_t lanes = simd::lanes_of<T>;
        const tensor_view<output_shape, const T> z(pass.output().data()), t(targets);
        const tensor_view<output_shape, T> d_z(pass.d_output().data());
        float losses[lanes], hits[lanes];
        simd::store(losses, T(loss::evaluate(z, t, d_z)));
        if constexpr (loss::has_accuracy)
            simd::store(hits, T(loss::accuracy(z, t)));
        else
            std::fill_n(hits, lanes, std::numeric_limits<float>::quiet_NaN());
        for (std::size_t n = 0; n < count; ++n)
            total += {static_cast<double>(losses[n]), static_cast<double>(hits[n])};
    }
    /// Lanes without an image keep 0: they have no gradient.
    void weigh(std::size_t count, float weight) noexcept {
        constexpr std::size_t lanes = simd::lanes_of<T>;
        float weights[lanes]{};
        std::fill_n(weights, count, weight);
        const T scale = simd::load<T>(weights);
        for (T& d : pass.d_output()) d = d * scale;
    }
};

/// Where random numbers of a step come from.
struct step_seed {
    std::uint64_t seed = 0, step = 0;
};
struct no_seed {};
/// Whether layers take random numbers in training.
template <class Network, class Loss>
inline constexpr bool is_random =
    lane_workspace<Network, Loss, simd::native>::backward_pass::is_random;

/// Whether training has to look at the whole batch between layers.
template <class Network, class Loss>
inline constexpr bool is_segmented =
    lane_workspace<Network, Loss, simd::native>::backward_pass::segments > 1;

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

/// Runs examples of a list. `index` says which image stands at a position. Several threads may use
/// one runner, each with a workspace of its own.
template <class Network, class Loss, class T, class Target, class Index>
class lane_runner {
    using loss = typename Loss::template on<Network>;
    static_assert(sizeof(targets_fit<loss, Target>) > 0);

public:
    using workspace = lane_workspace<Network, Loss, T>;
    static constexpr std::size_t lanes = simd::lanes_of<T>;

    lane_runner(const parameters<Network>& w, std::span<const typename Network::input> inputs,
                std::span<const Target> targets, Index index) noexcept
        : w_(w), inputs_(inputs), targets_(targets), index_(index) {}

    /// Runs the `count` images from position `first` on, as many at once as there are lanes;
    /// returns the sums of their losses. `d_w` and `weight` as above.
    sums run(std::size_t first, std::size_t count, workspace& space, float* d_w = nullptr,
             float weight = 0.0f, step_seed random = {}) const noexcept {
        sums total;
        for (std::size_t done = 0; done < count; done += lanes) {
            const std::size_t here = std::min(lanes, count - done);
            load(first + done, here, space, random);
            space.run(w_, here, total, d_w, weight);
        }
        return total;
    }

    /// Fills the lanes. Those without an image have a copy of the first, because a slope may be infinite for a blank
    /// one, and 0 times infinity would spoil the sums over the lanes.
    void load(std::size_t first, std::size_t count, workspace& space,
              [[maybe_unused]] step_seed random) const noexcept {
        std::array<const typename Network::input*, lanes> images{};
        std::array<const Target*, lanes> targets{};
        for (std::size_t n = 0; n < lanes; ++n) {
            const std::size_t image = index_(first + (n < count ? n : 0));
            images[n] = &inputs_[image];
            targets[n] = &targets_[image];
            if constexpr (workspace::backward_pass::is_random)
                space.pass.random.keys[n] = key_of(random.seed, random.step, first + n);
        }
        to_lanes<T>(images, tensor_view(space.pass.x));
        for (std::size_t i = 0; i < Network::output_shape::size; ++i) {
            float values[lanes]{};
            for (std::size_t n = 0; n < lanes; ++n) {
                if constexpr (std::integral<Target>)
                    values[n] = loss::target(static_cast<class_label>(*targets[n]), i);
                else if constexpr (is_tensor<Target>)
                    values[n] = (*targets[n])[i];
            }
            space.targets[i] = simd::load<T>(values);
        }
    }

private:
    const parameters<Network>& w_;
    std::span<const typename Network::input> inputs_;
    std::span<const Target> targets_;
    Index index_;
};

/// How many parts of `size` there are in `count`, the last one perhaps smaller.
constexpr std::size_t parts_of(std::size_t count, std::size_t size) noexcept {
    return count / size + (count % size != 0 ? 1 : 0);
}
/// A batch is cut into pieces: packs of images that go through the lanes together, spread over at
/// most this many. More would cost steps on one thread more time.
inline constexpr std::size_t most_pieces = 8;
constexpr std::size_t pieces_of_batch(std::size_t count, std::size_t lanes) noexcept {
    return std::min(most_pieces, parts_of(count, lanes));
}

/// Adds up the gradients of a batch's pieces, of the parameters from `from` to `to`, in
/// space.gradients[0]: f(worker, piece, d_w) adds a piece's to d_w. Every piece has a gradient of
/// its own, and they are added in order: the bits depend neither on how many workers `space` has
/// nor on for how many gradients, 2 or one for each piece.
template <class Space, class F>
void add_gradients(std::size_t pieces, std::size_t from, std::size_t to, Space& space, const F& f) {
    // The first piece goes to gradients[0], where all are added; the others to the rest in turn, as
    // many at a time as there are.
    const std::size_t rest = space.gradients.size() - 1;
    const auto gradient_of = [&](std::size_t piece) {
        return space.gradients[piece == 0 ? 0 : 1 + (piece - 1) % rest].elements;
    };
    for (std::size_t begin = 0; begin < pieces;) {
        const std::size_t end = std::min(pieces, std::max<std::size_t>(begin, 1) + rest);
        space.run(end - begin, [&](std::size_t worker, std::size_t i) {
            float* const d_w = gradient_of(begin + i);
            std::fill(d_w + from, d_w + to, 0.0f);
            f(worker, begin + i, d_w);
        });
        constexpr std::size_t slice = 16384;  // floats; fewer are not worth waking a thread
        space.run(parts_of(to - from, slice), [&](std::size_t, std::size_t n) {
            const std::size_t first = from + n * slice, last = std::min(to, first + slice);
            float* const sum = gradient_of(0);
            for (std::size_t piece = std::max<std::size_t>(begin, 1); piece < end; ++piece) {
                const float* const d_w = gradient_of(piece);
                for (std::size_t i = first; i < last; ++i) sum[i] += d_w[i];
            }
        });
        begin = end;
    }
}

/// One step over the images at positions `first` ... `first + count` of the runner's list. A loss
/// that is not finite leaves the parameters and the optimizer as they are.
template <class Network, class Optimizer, class Runner, class Space>
sums step(parameters<Network>& w, Optimizer& optimizer, const Runner& runner, std::size_t first,
          std::size_t count, Space& space, step_seed random) {
    const std::size_t packs = parts_of(count, Runner::lanes);
    const std::size_t pieces = pieces_of_batch(count, Runner::lanes);
    std::array<sums, most_pieces> results;
    /// The packs of a piece are [first_pack(piece), first_pack(piece + 1)).
    const auto first_pack = [&](std::size_t piece) { return piece * packs / pieces; };
    const auto start_of = [&](std::size_t pack) { return std::min(count, pack * Runner::lanes); };
    using pass = typename Runner::workspace::backward_pass;

    if constexpr (pass::segments == 1) {
        const float weight = 1.0f / static_cast<float>(count);
        add_gradients(pieces, 0, Network::parameter_count, space,
                      [&](std::size_t worker, std::size_t piece, float* d_w) {
                          const std::size_t start = start_of(first_pack(piece));
                          results[piece] =
                              runner.run(first + start, start_of(first_pack(piece + 1)) - start,
                                         space.lanes[worker], d_w, weight, random);
                      });
    } else {
        // All packs go through a segment before any goes through the next; what was found out of
        // them is merged in order.
        const auto size_of = [&](std::size_t pack) { return start_of(pack + 1) - start_of(pack); };
        const auto share = [&] {
            for (std::size_t pack = 1; pack < packs; ++pack)
                space.lanes[pack].pass.take_statistics(space.lanes[0].pass);
        };
        const auto forward = [&]<std::size_t S>(std::integral_constant<std::size_t, S>) {
            space.run(pieces, [&](std::size_t, std::size_t piece) {
                for (std::size_t pack = first_pack(piece); pack < first_pack(piece + 1); ++pack) {
                    if (S == 0)
                        runner.load(first + start_of(pack), size_of(pack), space.lanes[pack],
                                    random);
                    space.lanes[pack].template run_forward<S>(w, size_of(pack), count,
                                                              results[piece]);
                }
            });
            if constexpr (S + 1 < pass::segments) {
                for (std::size_t pack = 1; pack < packs; ++pack)
                    space.lanes[0].pass.template merge_forward<S + 1>(
                        start_of(pack), space.lanes[pack].pass, size_of(pack));
                share();
            }
        };
        const auto backward = [&]<std::size_t S>(std::integral_constant<std::size_t, S>) {
            add_gradients(
                pieces, pass::template first_parameter<S>, pass::template first_parameter<S + 1>,
                space, [&](std::size_t, std::size_t piece, float* d_w) {
                    for (std::size_t pack = first_pack(piece); pack < first_pack(piece + 1); ++pack)
                        space.lanes[pack].template run_backward<S>(w, size_of(pack), count, d_w);
                });
            if constexpr (S > 0) {
                for (std::size_t pack = 1; pack < packs; ++pack)
                    space.lanes[0].pass.template merge_backward<S>(space.lanes[pack].pass);
                share();
            }
        };
        [&]<std::size_t... S>(std::index_sequence<S...>) {
            (forward(std::integral_constant<std::size_t, S>{}), ...);
            (backward(std::integral_constant<std::size_t, pass::segments - 1 - S>{}), ...);
        }
        (std::make_index_sequence<pass::segments>{});
    }
    sums total;
    for (std::size_t piece = 0; piece < pieces; ++piece) total += results[piece];
    if constexpr (optimizer_of<Optimizer, Network>)
        if (std::isfinite(total.loss)) {
            if constexpr (pass::segments > 1) space.lanes[0].pass.keep_statistics(w, count);
            optimizer.update(w, space.gradients[0]);
        }
    return total;
}

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
