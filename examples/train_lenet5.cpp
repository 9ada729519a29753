// The main job: train LeNet-5 on Fashion-MNIST (or MNIST), report, and save what was learnt.
#include "lenet5.hpp"
#include "pictures.hpp"

#include <ctnn/io.hpp>
#include <ctnn/training.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

namespace {

struct arguments {
    std::string data = fashion_mnist(), save, load;
    std::size_t epochs = 5, batch_size = 32, threads = 1;
    std::uint64_t seed = 1;
};

void run(const arguments& a) {
    expect_folder(a.data);
    const auto [train, test] = ctnn::read_mnist<lenet5::input>(a.data);
    std::fputs(ctnn::summary<lenet5>().c_str(), stdout);
    std::printf("%zu images to learn from, %zu to test with\n", train.size(), test.size());

    const auto w = std::make_unique<lenet5::parameters>();
    if (a.load.empty())
        ctnn::initialize(*w, ctnn::he_normal{.seed = a.seed});
    else
        ctnn::load(*w, a.load);

    const auto optimizer = std::make_unique<ctnn::adam<lenet5>>();
    double seconds = 0.0;
    ctnn::fit_options<ctnn::dataset<lenet5::input>> options{.epochs = a.epochs,
                                                            .batch_size = a.batch_size,
                                                            .seed = a.seed,
                                                            .threads = a.threads,
                                                            .validation = &test};
    options.on_epoch = [&](std::size_t epoch, const ctnn::epoch_result& e) {
        std::printf(
            "epoch %zu: cost %.4f, accuracy %.4f, validation cost %.4f, validation accuracy %.4f\n",
            epoch + 1, e.loss, e.accuracy, e.validation_loss, e.validation_accuracy);
        std::fflush(stdout);
        seconds += e.seconds;
        return true;
    };
    ctnn::history history;
    if (a.epochs > 0) history = ctnn::fit(*w, *optimizer, train, options);

    const ctnn::evaluation e = ctnn::evaluate(*w, test, {.threads = a.threads});
    std::printf("test accuracy %.4f, cost %.4f\n", e.accuracy, e.loss);
    if (!history.epochs.empty())
        std::printf("%.2f s an epoch, %zu lanes\n",
                    seconds / static_cast<double>(history.epochs.size()), ctnn::simd::native_lanes);
    if (!a.save.empty()) {
        ctnn::save(*w, a.save);
        std::printf("saved to %s\n", a.save.c_str());
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Trains LeNet-5 with He-normal weights and Adam.");
    arguments a;
    app.add_option("--data", a.data, "folder with MNIST's four files, plain or .gz")
        ->capture_default_str();
    app.add_option("--epochs", a.epochs, "times over all images")->capture_default_str();
    app.add_option("--batch-size", a.batch_size, "images for one step")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--seed", a.seed, "of the first weights and the images' order")
        ->capture_default_str();
    app.add_option("--threads", a.threads, "0: all of the processor's; the result is the same")
        ->capture_default_str();
    app.add_option("--save", a.save, "write the weights to this .safetensors file");
    app.add_option("--load", a.load, "start from the weights in this file");
    CLI11_PARSE(app, argc, argv);
    try {
        run(a);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
