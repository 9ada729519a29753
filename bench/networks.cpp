// MLPerf Tiny's networks on one core, beside oneDNN and libtorch where they are: one image and
// batches of 32 by the folded networks, training steps of 32 by ResNet-8 with its batch
// normalization. All must agree first; then they take turns, each beside the peak of that moment,
// and medians count. `networks ResNet` only those with that word.
#include "networks.hpp"
#include "conditions.hpp"
#include "peak.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

namespace {

constexpr int rounds = 41;

struct contestant {
    std::string name;
    std::unique_ptr<bench::peer> peer;
};
struct measurement {
    std::function<void()> run;
    std::vector<double> microseconds{}, shares{};
};

double best_peak() {
    double best = 0.0;
    for (int n = 0; n < 5; ++n) best = std::max(best, bench::measure_peak());
    return best;
}

void expect_near(double found, double wanted, const std::string& what) {
    if (std::abs(found - wanted) <= 1e-4 * std::max(1.0, std::abs(wanted))) return;
    std::printf("%s: %g, ctnn says %g\n", what.c_str(), found, wanted);
    std::exit(1);
}

/// Measures in turns, and prints a line. The first is ctnn.
void race(const std::string& name, std::size_t images, std::size_t multiply_adds,
          std::vector<measurement> all) {
    for (int round = 0; round < rounds + 2; ++round)
        for (measurement& m : all) {
            m.run();  // the one before left its own data in the caches
            // The best of some moments before and behind: one that is disturbed would flatter.
            double peak = best_peak();
            const auto calls =
                static_cast<std::size_t>(1.0 + 4e7 / static_cast<double>(multiply_adds));
            const double start = bench::seconds();
            for (std::size_t n = 0; n < calls; ++n) m.run();
            const double time = (bench::seconds() - start) / static_cast<double>(calls);
            peak = std::max(peak, best_peak());
            if (round < 2) continue;  // warms up
            m.microseconds.push_back(1e6 * time / static_cast<double>(images));
            m.shares.push_back(static_cast<double>(multiply_adds) / time / peak);
        }
    std::printf("%-34s", name.c_str());
    for (const measurement& m : all) {
        // Both of the same round, so that a slow moment is slow for both.
        std::vector<double> ratios;
        for (std::size_t n = 0; n < m.microseconds.size(); ++n)
            ratios.push_back(m.microseconds[n] / all[0].microseconds[n]);
        std::printf(" %9.2f %6.2f", bench::median(m.microseconds), bench::median(m.shares));
        if (&m != &all[0]) std::printf(" %6.2f", bench::median(ratios));
    }
    std::printf("\n");
    std::fflush(stdout);
}

void measure(bench::network& ours) {
    std::vector<contestant> peers;
#ifdef BENCH_ONEDNN
    peers.push_back({"oneDNN", bench::onednn_predicts(ours.folded)});
#endif
#ifdef BENCH_LIBTORCH
    peers.push_back({"libtorch", bench::libtorch_predicts(ours.folded)});
#endif
    std::printf("%-34s %9s %6s", "", "ctnn, us", "peak");
    for (const contestant& p : peers) std::printf(" %9s %6s %6s", p.name.c_str(), "peak", "/ ctnn");
    std::printf("\n");
    for (const std::size_t count : {std::size_t{1}, bench::batch}) {
        const std::span<const float> wanted = ours.predict(count);
        std::vector<measurement> all{{[&, count] { ours.predict(count); }}};
        for (const contestant& p : peers) {
            const std::span<const float> found = p.peer->predict(count);
            for (std::size_t i = 0; i < wanted.size(); ++i)
                expect_near(found[i], wanted[i], p.name + "'s output " + std::to_string(i));
            all.push_back({[&, count] { p.peer->predict(count); }});
        }
        race(ours.name + (count == 1 ? ", one image" : ", 32 images"), count,
             count * ours.multiply_adds, std::move(all));
    }
    if (!ours.trains) return;
    std::vector<measurement> all{{[&] { ours.train_step(); }}};
#ifdef BENCH_LIBTORCH
    const auto torch = bench::libtorch_trains(ours.as_trained);
    for (int step = 0; step < 3; ++step)
        expect_near(torch->train_step(), ours.train_step(), "libtorch's loss");
    all.push_back({[&] { torch->train_step(); }});
    std::printf("%-34s %9s %6s %9s %6s %6s\n", "", "ctnn, us", "peak", "libtorch", "peak",
                "/ ctnn");
#endif
    race(ours.name + ", training step of 32", bench::batch, ours.step_multiply_adds,
         std::move(all));
}

}  // namespace

int main(int argc, char** argv) {
    std::printf("%zu lanes, compiler %s\n", ctnn::simd::native_lanes, __VERSION__);
    bench::print_conditions();
    for (const auto make : {bench::make_resnet8, bench::make_ds_cnn, bench::make_mobilenet}) {
        const auto network = make();
        if (argc < 2 || network->name.find(argv[1]) != std::string::npos) measure(*network);
    }
}
