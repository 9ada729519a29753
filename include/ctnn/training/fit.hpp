// Keras' form of training: fit over epochs, evaluate over a data set, on any number of threads.
#pragma once

#include <ctnn/training/progress.hpp>
#include <ctnn/training/thread_pool.hpp>
#include <ctnn/training/train_step.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ctnn {

/// One epoch: means over its images, each taken before the step that it was part of. The validation
/// values are not numbers without validation data. `seconds` is the time of training alone.
struct epoch_result {
    double loss, accuracy, validation_loss, validation_accuracy, seconds;
};

struct history {
    std::vector<epoch_result> epochs;
};

/// How to train; `Data` is a dataset<>.
template <class Data>
struct fit_options {
    std::size_t epochs = 1;
    std::size_t batch_size = 32;       // the last batch of an epoch may be smaller
    std::uint64_t seed = 0;            // of the order of the images
    bool shuffle = true;               // a new order for every epoch
    std::size_t threads = 1;           // 0: all of the processor's; at most 8, and one for every
                                       // simd::native_lanes images of a batch, have work
    const Data* validation = nullptr;  // evaluated after every epoch
    bool progress = false;             // lines and a bar on standard error
    /// Called after every epoch with its number, from 0; returning false ends the training.
    std::function<bool(std::size_t, const epoch_result&)> on_epoch = nullptr;
};

namespace detail {

/// The images' order, drawn anew for every epoch: Fisher-Yates with the standard's generator, so
/// the same seed gives the same order everywhere (std::shuffle may differ between libraries).
class shuffled_order {
public:
    shuffled_order(std::size_t count, std::uint64_t seed) : order_(count), bits_(seed) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
    }
    void shuffle() {
        for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[below(i)]);
    }
    [[nodiscard]] std::size_t operator[](std::size_t i) const { return order_[i]; }

private:
    /// A number below `limit`, each equally likely: what the last incomplete round of numbers gives
    /// is thrown away.
    std::size_t below(std::uint64_t limit) {
        const std::uint64_t rest = (UINT64_MAX % limit + 1) % limit;
        std::uint64_t number = bits_();
        while (number > UINT64_MAX - rest) number = bits_();
        return static_cast<std::size_t>(number % limit);
    }

    std::vector<std::size_t> order_;
    std::mt19937_64 bits_;
};

template <class Network, class Data>
std::span<const typename Network::input> inputs_of(const Data& data) noexcept {
    if constexpr (std::is_same_v<typename Data::input, typename Network::input>)
        return data.inputs;
    else
        return {};  // images_fit says so; one error is enough
}

/// The threads of a training or an evaluation, and the memory they work in.
template <class Network, class Loss>
struct crew : workers {
    /// For steps of `pieces` each: one thread needs no more than two gradients.
    crew(std::size_t threads, std::size_t useful, std::size_t pieces)
        : workers(threads, useful), lanes(count()),
          gradients(count() == 1 ? std::min<std::size_t>(pieces, 2) : pieces) {}

    std::vector<lane_workspace<Network, Loss, simd::native>> lanes;  // one for each worker
    std::vector<parameters<Network>> gradients;
};

/// What an evaluation is cut into, in images: whole packs, and enough pieces to share out evenly.
inline constexpr std::size_t evaluated_at_once = 16 * simd::native_lanes;

template <class Network, class Loss, class Data>
evaluation evaluate_with(const parameters<Network>& w, const Data& data,
                         crew<Network, Loss>& threads) {
    using target = typename Data::target;
    const auto in_order = [](std::size_t i) { return i; };
    const lane_runner<Network, Loss, simd::native, target, decltype(in_order)> runner(
        w, inputs_of<Network>(data), data.targets, in_order);
    std::vector<sums> results(parts_of(data.size(), evaluated_at_once));
    threads.run(results.size(), [&](std::size_t worker, std::size_t piece) {
        const std::size_t first = piece * evaluated_at_once;
        results[piece] = runner.run(first, std::min(evaluated_at_once, data.size() - first),
                                    threads.lanes[worker]);
    });
    sums total;
    for (const sums& piece : results) total += piece;
    return total.mean_over(data.size());
}

template <class Network, class Loss, class Data>
void check_dataset(const char* where, const Data& data) {
    check_examples<Network, Loss, typename Data::target>(where, data.inputs.size(), data.targets);
}

}  // namespace detail

/// The mean loss and accuracy over a data set, the same bits on any number of threads. Throws
/// std::invalid_argument on an empty set, another number of targets than inputs, or a label that is
/// no class, std::system_error where a thread cannot be started.
template <class Loss = sparse_categorical_crossentropy, class Network, class Data>
evaluation evaluate(const parameters<Network>& w, const Data& data,
                    const thread_options& options = {}) {
    static_assert(sizeof(detail::images_fit<typename Data::input, typename Network::input>) > 0);
    detail::check_dataset<Network, Loss>("evaluate", data);
    detail::crew<Network, Loss> threads(
        options.threads, detail::parts_of(data.size(), detail::evaluated_at_once), 0);
    return detail::evaluate_with<Network, Loss>(w, data, threads);
}

/// Trains for some epochs, each over all of the data in an order of its own. The same parameters,
/// optimizer, data and options give the same bits on the same machine, on any number of threads.
/// Throws, before anything has changed, std::invalid_argument on what `evaluate` rejects, in the
/// data or the validation data, and on a batch size of 0, std::system_error where a thread cannot
/// be started.
/// https://keras.io/api/models/model_training_apis/#fit-method
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer, class Data>
history fit(parameters<Network>& w, Optimizer& optimizer, const Data& data,
            const fit_options<Data>& options = {}) {
    static_assert(sizeof(detail::images_fit<typename Data::input, typename Network::input>) > 0);
    detail::check_dataset<Network, Loss>("fit", data);
    if (options.validation != nullptr)
        detail::check_dataset<Network, Loss>("fit, validation", *options.validation);
    if (options.batch_size == 0)
        throw std::invalid_argument("ctnn::fit: the batch_size must be at least 1, found 0");

    const std::size_t pieces =
        detail::pieces_of_batch(std::min(options.batch_size, data.size()), simd::native_lanes);
    detail::crew<Network, Loss> threads(options.threads, pieces, pieces);
    detail::shuffled_order order(data.size(), options.seed);
    const auto at = [&](std::size_t i) { return order[i]; };
    const detail::lane_runner<Network, Loss, simd::native, typename Data::target, decltype(at)>
        runner(w, detail::inputs_of<Network>(data), data.targets, at);
    const double none = std::numeric_limits<double>::quiet_NaN();
    const std::size_t steps = detail::parts_of(data.size(), options.batch_size);

    history result;
    for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
        detail::progress_bar bar(options.progress, epoch + 1, options.epochs, steps);
        const auto start = std::chrono::steady_clock::now();
        if (options.shuffle) order.shuffle();
        detail::sums total;
        for (std::size_t step = 0; step < steps; ++step) {
            const std::size_t first = step * options.batch_size;
            const std::size_t count = std::min(options.batch_size, data.size() - first);
            total += detail::step(w, optimizer, runner, first, count, threads);
            const evaluation mean = total.mean_over(first + count);
            bar.update(step + 1, mean.loss, mean.accuracy);
        }
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        const evaluation mean = total.mean_over(data.size());
        evaluation validation{none, none};
        if (options.validation != nullptr)
            validation = detail::evaluate_with<Network, Loss>(w, *options.validation, threads);
        bar.finish(time.count(), detail::metric("loss", mean.loss) +
                                     detail::metric("accuracy", mean.accuracy) +
                                     detail::metric("val_loss", validation.loss) +
                                     detail::metric("val_accuracy", validation.accuracy));
        result.epochs.push_back(
            {mean.loss, mean.accuracy, validation.loss, validation.accuracy, time.count()});
        if (options.on_epoch && !options.on_epoch(epoch, result.epochs.back())) break;
    }
    return result;
}

}  // namespace ctnn
