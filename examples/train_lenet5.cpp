// The main job: train LeNet-5 on Fashion-MNIST (or MNIST), report, and save what was learnt.
#include "command_line.hpp"
#include "lenet5.hpp"
#include "pictures.hpp"

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

namespace {

struct arguments {
    std::string data = fashion_mnist(), save, load;
    std::size_t epochs = 5, batch_size = 32, threads = 1;
    std::uint64_t seed = 1;
};

/// The signal that asked the training to end; 0 when none has come.
std::atomic<int> asked_to_stop{0};
static_assert(std::atomic<int>::is_always_lock_free);  // or a signal's handler must not touch it

extern "C" void stop_after_this_step(int signal) {
    std::signal(SIGINT, SIG_DFL);  // a second one ends the program at once
    std::signal(SIGTERM, SIG_DFL);
    asked_to_stop = signal;
}

void stop_on(int signal) {
    if (std::signal(signal, stop_after_this_step) ==
        SIG_IGN)  // as nohup and `&` in scripts want it
        std::signal(signal, SIG_IGN);
}

int run(const arguments& a) {
    if (!a.save.empty()) ctnn::require_writable(a.save);  // not to find out after an hour
    const auto w = std::make_unique<lenet5::parameters>();
    if (a.load.empty())
        ctnn::initialize(*w, ctnn::he_normal{.seed = a.seed});
    else
        ctnn::load(*w, a.load);
    expect_folder(a.data);
    const auto [train, test] = ctnn::read_mnist<lenet5::input>(a.data);
    std::fputs(ctnn::summary<lenet5>().c_str(), stdout);
    std::printf("%zu images to learn from, %zu to test with\n", train.size(), test.size());
    std::fflush(stdout);

    if (!a.save.empty()) std::signal(SIGPIPE, SIG_IGN);  // `| head` must not cost the weights
    stop_on(SIGINT);
    stop_on(SIGTERM);
    const auto optimizer = std::make_unique<ctnn::adam<lenet5>>();
    std::size_t epoch = 0, step = 0;  // the last ones, from 1
    double seconds = 0.0;
    ctnn::fit_options<ctnn::dataset<lenet5::input>> options{.epochs = a.epochs,
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
        return asked_to_stop == 0;
    };
    ctnn::history history;
    if (a.epochs > 0) history = ctnn::fit(*w, *optimizer, train, options);

    if (const int signal = asked_to_stop; signal != 0) {
        const std::size_t steps = (train.size() + a.batch_size - 1) / a.batch_size;
        std::fprintf(stderr, "stopped in epoch %zu of %zu, after step %zu of %zu\n", epoch,
                     a.epochs, step, steps);
        if (!a.save.empty()) ctnn::save(*w, a.save);
        std::fprintf(stderr, "%s%s\n", a.save.empty() ? "not saved: no --save" : "saved to ",
                     a.save.c_str());
        return 128 + signal;
    }
    const ctnn::evaluation e = ctnn::evaluate(*w, test, {.threads = a.threads});
    std::printf("test accuracy %.4f, cost %.4f\n", e.accuracy, e.loss);
    if (!history.epochs.empty())
        std::printf("%.2f s an epoch, %zu lanes\n",
                    seconds / static_cast<double>(history.epochs.size()), ctnn::simd::native_lanes);
    if (!a.save.empty()) {
        ctnn::save(*w, a.save);
        std::printf("saved to %s\n", a.save.c_str());
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Trains LeNet-5 with He-normal weights and Adam.");
    app.footer(
        "Ctrl-C (SIGINT), or SIGTERM, ends the training after the step it is in and saves to "
        "--save;\na second one ends the program at once. Exit code: 0 when all was done, 130 "
        "after Ctrl-C,\n143 after SIGTERM, others when something was wrong.");
    arguments a;
    add_path(app, "--data", a.data, "folder with MNIST's four files, plain or .gz")
        ->capture_default_str();
    add_number(app, "--epochs", a.epochs, 0, 1'000'000, "times over all images");
    add_number(app, "--batch-size", a.batch_size, 1, 1'000'000, "images for one step");
    add_number(app, "--seed", a.seed, 0, UINT64_MAX, "of the first weights and the images' order");
    add_number(app, "--threads", a.threads, 0, 1'000,
               "0: all of the processor's; the result is the same");
    add_path(app, "--save", a.save, "write the weights to this .safetensors file");
    add_path(app, "--load", a.load, "start from the weights in this file");
    return run_program(app, argc, argv, [&] { return run(a); });
}
