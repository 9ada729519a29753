// What the programs that train have in common: options, a training that Ctrl-C ends well, and what
// they say of it.
#pragma once

#include "command_line.hpp"

#include <ctnn/io.hpp>
#include <ctnn/training.hpp>

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

struct training_arguments {
    std::string save, load;
    std::size_t epochs = 5, batch_size = 32, threads = 1;
    std::uint64_t seed = 1;
    double decay = 1.0;
};

inline void add_training_options(command_line& line, training_arguments& a) {
    line.add_footer(
        "Ctrl-C (SIGINT), or SIGTERM, ends the training after the step it is in and saves to "
        "--save;\na second one ends the program at once. Exit code: 0 when all was done, 130 "
        "after Ctrl-C,\n143 after SIGTERM, others when something was wrong.");
    line.add_number("--epochs", a.epochs, 0, 1'000'000, "times over all images");
    line.add_number("--batch-size", a.batch_size, 1, 1'000'000, "images for one step");
    line.add_number("--decay", a.decay, 0.0, 1.0,
                    "what the learning rate is multiplied with after every epoch");
    line.add_number("--seed", a.seed, 0, UINT64_MAX, "of the first weights and the images' order");
    line.add_number("--threads", a.threads, 0, 1'000,
                    "0: all of the processor's; the result is the same");
    line.add_path("--save", a.save, "write the weights to this .safetensors file");
    line.add_path("--load", a.load, "start from the weights in this file");
}

/// The weights to start from: those of --load, or random ones. Asks first whether --save will work.
template <class Network>
std::unique_ptr<typename Network::parameters> first_weights(const training_arguments& a) {
    if (!a.save.empty()) ctnn::require_writable(a.save);  // not to find out after an hour
    auto w = std::make_unique<typename Network::parameters>();
    if (a.load.empty())
        ctnn::initialize(*w, ctnn::he_normal{.seed = a.seed});
    else
        ctnn::load(*w, a.load);
    return w;
}

/// The signal that asked the training to end; 0 when none has come.
inline std::atomic<int> asked_to_stop{0};
static_assert(std::atomic<int>::is_always_lock_free);  // or a signal's handler must not touch it

extern "C" inline void stop_after_this_step(int signal) {
    std::signal(SIGINT, SIG_DFL);  // a second one ends the program at once
    std::signal(SIGTERM, SIG_DFL);
    asked_to_stop = signal;
}

inline void stop_on(int signal) {
    if (std::signal(signal, stop_after_this_step) ==
        SIG_IGN)  // as nohup and `&` in scripts want it
        std::signal(signal, SIG_IGN);
}

/// Trains with Adam, evaluates on `test`, and saves. Returns the exit code: not 0 when a signal has
/// ended it.
template <class Network, class Data>
int train_and_save(const training_arguments& a, ctnn::parameters<Network>& w, const Data& train,
                   const Data& test) {
    std::fputs(ctnn::summary<Network>().c_str(), stdout);
    std::printf("%zu images to learn from, %zu to test with\n", train.size(), test.size());
    std::fflush(stdout);

    if (!a.save.empty()) std::signal(SIGPIPE, SIG_IGN);  // `| head` must not cost the weights
    stop_on(SIGINT);
    stop_on(SIGTERM);
    const auto optimizer = std::make_unique<ctnn::adam<Network>>();
    std::size_t epoch = 0, step = 0;  // the last ones, from 1
    double seconds = 0.0;
    ctnn::fit_options<Data> options{.epochs = a.epochs,
                                    .batch_size = a.batch_size,
                                    .seed = a.seed,
                                    .threads = a.threads,
                                    .validation = &test,
                                    .progress = isatty(STDERR_FILENO) != 0};
    const bool is_shown = options.progress && isatty(STDOUT_FILENO) != 0;
    options.on_step = [&](std::size_t this_epoch, std::size_t this_step) {
        epoch = this_epoch + 1;
        step = this_step + 1;
        return asked_to_stop == 0;
    };
    options.on_epoch = [&](std::size_t, const ctnn::epoch_result& e) {
        if (!is_shown)  // the bar has left a line with the same numbers
            std::printf("epoch %zu: cost %.4f, accuracy %.4f, validation cost %.4f, validation "
                        "accuracy %.4f\n",
                        epoch, e.loss, e.accuracy, e.validation_loss, e.validation_accuracy);
        std::fflush(stdout);
        seconds += e.seconds;
        optimizer->options.learning_rate *= a.decay;
        return asked_to_stop == 0;
    };
    ctnn::history history;
    if (a.epochs > 0) history = ctnn::fit(w, *optimizer, train, options);

    if (const int signal = asked_to_stop; signal != 0) {
        const std::size_t steps = (train.size() + a.batch_size - 1) / a.batch_size;
        std::fprintf(stderr, "stopped in epoch %zu of %zu, after step %zu of %zu\n", epoch,
                     a.epochs, step, steps);
        if (!a.save.empty()) ctnn::save(w, a.save);
        std::fprintf(stderr, "%s%s\n", a.save.empty() ? "not saved: no --save" : "saved to ",
                     a.save.c_str());
        return 128 + signal;
    }
    const ctnn::evaluation e = ctnn::evaluate(w, test, {.threads = a.threads});
    std::printf("test accuracy %.4f, cost %.4f\n", e.accuracy, e.loss);
    if (!history.epochs.empty())
        std::printf("%.2f s an epoch, %zu lanes\n",
                    seconds / static_cast<double>(history.epochs.size()), ctnn::simd::native_lanes);
    if (!a.save.empty()) {
        ctnn::save(w, a.save);
        std::printf("saved to %s\n", a.save.c_str());
    }
    return 0;
}
