// LeNet-5 in ctnn beside oneDNN and libtorch: the same weights and images, one process, one thread.
// First all must agree, in probabilities, loss and weights after a step of Adam; then they take
// turns, and medians count. Pin it to one core: taskset -c 1 build/bench/peers
#include "peers.hpp"
#include "conditions.hpp"

#include "../examples/lenet5.hpp"

#include <ctnn/training.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int rounds = 61;

/// What this process took of all cores: other programs do not count, and a second thread would.
double seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

[[noreturn]] void differ(const bench::peer& p, const std::string& what, double found, double most) {
    std::printf("%s and ctnn differ in %s: by %g, at most %g is allowed\n", p.name().c_str(),
                what.c_str(), found, most);
    std::exit(1);
}

/// ctnn's side, with the interface of its peers.
struct ctnn_side {
    explicit ctnn_side(const std::vector<lenet5::input>& all, const std::vector<std::int32_t>& l)
        : images(all), labels(l), outputs(all.size()) {
        ctnn::initialize(*w, ctnn::he_normal{.seed = 1});
        restart();
    }
    void predict(std::size_t count) {
        if (count == 1)
            outputs[0] = lenet5::predict(*w, images[0], *scratch);
        else
            lenet5::predict(*w, images.first(count), std::span(outputs).first(count),
                            *batch_scratch);
    }
    double train_step() {
        return ctnn::train_step(*trained, *optimizer, images.first(bench::training_images), labels,
                                *training)
            .loss;
    }
    void restart() {
        *trained = *w;
        *optimizer = ctnn::adam<lenet5>();
    }

    std::span<const lenet5::input> images;
    std::span<const std::int32_t> labels;
    std::vector<lenet5::output> outputs;
    std::unique_ptr<lenet5::parameters> w = std::make_unique<lenet5::parameters>();
    std::unique_ptr<lenet5::parameters> trained = std::make_unique<lenet5::parameters>();
    std::unique_ptr<lenet5::workspace> scratch = std::make_unique<lenet5::workspace>();
    std::unique_ptr<lenet5::batch_workspace> batch_scratch =
        std::make_unique<lenet5::batch_workspace>();
    std::unique_ptr<ctnn::training_workspace<lenet5>> training =
        std::make_unique<ctnn::training_workspace<lenet5>>();
    std::unique_ptr<ctnn::adam<lenet5>> optimizer = std::make_unique<ctnn::adam<lenet5>>();
};

/// Leaves the program unless both libraries compute the same network. Both start anew.
void compare(ctnn_side& ours, bench::peer& theirs) {
    constexpr double most = 1e-4;
    for (const std::size_t count : bench::prediction_sizes) {
        ours.predict(count);
        const std::span<const float> found = theirs.predict(count);
        for (std::size_t i = 0; i < count * bench::classes; ++i) {
            const double d = std::abs(double{found[i]} -
                                      double{ours.outputs[i / bench::classes][i % bench::classes]});
            if (!(d <= most))
                differ(theirs, "probabilities of image " + std::to_string(i / bench::classes), d,
                       most);
        }
    }
    ours.restart();
    theirs.restart();
    const double loss = ours.train_step(), found = theirs.train_step();
    if (!(std::abs(found - loss) <= most * loss))
        differ(theirs, "the loss", std::abs(found - loss), most * loss);

    const std::vector<float> trained = theirs.trained_weights();
    for (const ctnn::parameter_entry& array : lenet5::parameter_table) {
        double largest = 0.0, d = 0.0;
        for (std::size_t i = array.offset; i < array.offset + array.size; ++i) {
            const double wanted = double{ours.trained->elements[i]};
            largest = std::max(largest, std::abs(wanted));
            d = std::max(d, std::abs(double{trained[i]} - wanted));
        }
        if (!(d <= most * largest))
            differ(theirs,
                   "the weights of " + std::string(array.layer) + "_" +
                       std::to_string(array.number) + "/" + std::string(array.array) +
                       " after a step",
                   d, most * largest);
    }
}

struct contestant {
    std::string name;
    std::function<void(std::size_t)> predict;
    std::function<void()> train_step, restart;
};

struct benchmark_case {
    std::string name;
    std::size_t images;  // a call
    bool trains;
    std::vector<std::vector<double>> microseconds{};  // an image, for each contestant
};

double microseconds_per_image(const benchmark_case& c, const contestant& who) {
    const std::size_t calls = std::max<std::size_t>(1, 256 / c.images);
    // A training step on other weights can cost more or less: every turn trains the same way.
    if (c.trains) who.restart();
    const auto call = [&] { c.trains ? who.train_step() : who.predict(c.images); };
    call();  // the one before left its own data in the caches
    const double start = seconds();
    for (std::size_t i = 0; i < calls; ++i) call();
    return 1e6 * (seconds() - start) / static_cast<double>(calls * c.images);
}

}  // namespace

int main() {
    std::vector<lenet5::input> images(256);
    static_assert(sizeof(lenet5::input) == bench::pixels * sizeof(float));
    std::mt19937 random(1);  // no two images alike, or their gradients cancel to mere rounding
    for (lenet5::input& image : images)
        for (float& pixel : image) pixel = static_cast<float>(random() % 256) / 255.0f;
    std::vector<std::int32_t> labels(bench::training_images);
    for (std::size_t n = 0; n < labels.size(); ++n) labels[n] = static_cast<std::int32_t>(n % 10);

    ctnn_side ours(images, labels);
    const bench::task task{
        {images[0].data(), images.size() * bench::pixels}, labels, ours.w->values()};
    std::vector<std::unique_ptr<bench::peer>> peers;
#ifdef BENCH_ONEDNN
    peers.push_back(bench::make_onednn(task));
#endif
#ifdef BENCH_LIBTORCH
    peers.push_back(bench::make_libtorch(task));
#endif

    std::printf("ctnn with %zu lanes, compiler %s", ctnn::simd::native_lanes, __VERSION__);
    for (const auto& p : peers) std::printf("; %s", p->description().c_str());
    std::printf("\n");
    bench::print_conditions();

    for (const auto& p : peers) compare(ours, *p);

    std::vector<contestant> contestants{{"ctnn", [&](std::size_t n) { ours.predict(n); },
                                         [&] { ours.train_step(); }, [&] { ours.restart(); }}};
    for (const auto& p : peers)
        contestants.push_back({p->name(), [&p = *p](std::size_t n) { p.predict(n); },
                               [&p = *p] { p.train_step(); }, [&p = *p] { p.restart(); }});
    std::vector<benchmark_case> cases{{"predict, one image", 1, false},
                                      {"predict, 32 images", 32, false},
                                      {"predict, 256 images", 256, false},
                                      {"training step, 32 images, Adam", 32, true}};
    const double start = seconds(), wall_start = wall_seconds();
    for (benchmark_case& c : cases) c.microseconds.resize(contestants.size());
    for (int round = 0; round < rounds + 2; ++round)
        for (benchmark_case& c : cases)
            for (std::size_t i = 0; i < contestants.size(); ++i) {
                const double time = microseconds_per_image(c, contestants[i]);
                if (round >= 2) c.microseconds[i].push_back(time);  // two warm up
            }
    std::printf(
        "medians of %d rounds, microseconds an image of this process's time; it had %.2f of "
        "a core\n\n%-32s %10s",
        rounds, (seconds() - start) / (wall_seconds() - wall_start), "", "ctnn");
    for (const auto& p : peers) std::printf(" %10s %10s", p->name().c_str(), "/ ctnn");
    std::printf("\n");
    for (const benchmark_case& c : cases) {
        const double time = bench::median(c.microseconds[0]);
        std::printf("%-32s %10.2f", c.name.c_str(), time);
        for (std::size_t i = 1; i < contestants.size(); ++i)
            std::printf(" %10.2f %10.1f", bench::median(c.microseconds[i]),
                        bench::median(c.microseconds[i]) / time);
        std::printf("\n");
    }
}
