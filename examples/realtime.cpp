// A control loop: every 100 µs a frame comes and has to be classified. Prints how long that took,
// and counts what was taken from the heap meanwhile. On a machine that does other things too, give
// it a core and a priority: `chrt --fifo 80 taskset --cpu-list 1 build/examples/realtime --sleep`.
#include "allocations.hpp"
#include "lenet5.hpp"
#include "lenet5_fashion.hpp"  // weights and pictures are part of the program: written by
#include "ten_pictures.hpp"    // export_header when this is built

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <thread>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;
using microseconds = std::chrono::duration<double, std::micro>;

struct arguments {
    double seconds = 1.0, period = 100.0;
    bool sleep = false;
};

void print_distribution(const char* what, std::vector<microseconds>& times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](double share) {
        const double place = std::ceil(share * static_cast<double>(times.size()));
        return times[static_cast<std::size_t>(std::max(1.0, place)) - 1].count();
    };
    std::printf("%-28s %9.1f %9.1f %9.1f %9.1f %9.1f\n", what, at(0.0), at(0.5), at(0.99),
                at(0.999), at(1.0));
}

void run(const arguments& a) {
    const microseconds period(a.period);
    const auto frames = static_cast<std::size_t>(std::max(1.0, a.seconds * 1e6 / a.period));
    std::vector<microseconds> after_frame(frames), in_predict(frames);
    lenet5::workspace scratch;
    std::size_t right = 0, late = 0;

    const std::size_t before = allocations;
    const auto start = clock::now();
    for (std::size_t n = 0; n < frames; ++n) {
        const std::size_t picture = n % std::size(ten_pictures);
        const lenet5::input frame = scaled(ten_pictures[picture]);
        const auto due =
            start + std::chrono::duration_cast<clock::duration>(static_cast<double>(n) * period);
        if (a.sleep) std::this_thread::sleep_until(due);
        auto begin = clock::now();
        while (begin < due) begin = clock::now();

        const lenet5::output p = lenet5::predict(lenet5_fashion, frame, scratch);

        const auto end = clock::now();
        right += argmax(p) == ten_pictures_labels[picture];
        late += end > due + period;
        after_frame[n] = end - due;
        in_predict[n] = end - begin;
    }
    const std::size_t taken = allocations - before;

    std::printf("%zu frames, one every %g us: %zu right, %zu answered after the next had come\n",
                frames, a.period, right, late);
    std::printf("%-28s %9s %9s %9s %9s %9s\n", "us", "min", "median", "99 %", "99.9 %", "max");
    print_distribution("from the frame to its answer", after_frame);
    print_distribution("of these in predict", in_predict);
    std::printf("%zu allocations\n", taken);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Classifies a frame every 100 microseconds and prints how long it takes.");
    arguments a;
    app.add_option("--seconds", a.seconds, "how long")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--period", a.period, "microseconds from one frame to the next")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_flag("--sleep", a.sleep,
                 "sleep until the frame comes, instead of looking at the clock");
    CLI11_PARSE(app, argc, argv);
    run(a);
}
